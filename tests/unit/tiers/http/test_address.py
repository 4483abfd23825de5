"""Addresses that may be given to a server, and those that nobody can listen to."""

from __future__ import annotations

import pytest

from dynbuild.tiers.http.address import (
    is_authority,
    is_loopback,
    is_private,
    origin_of,
)


@pytest.mark.parametrize(
    ("authority", "loopback"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.9.8.7", True),
        ("[::1]:5000", True),
        ("localhost.evil.test", False),
        ("127.0.0.1.evil.test:80", False),
        ("10.0.0.1", False),
        ("ghcr.io", False),
        ("", False),
    ],
)
def test_loopback(authority: str, *, loopback: bool) -> None:
    assert is_loopback(authority) == loopback


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://x.test/a", True),
        ("http://127.0.0.1:1/a", True),
        ("http://x.test/a", False),
        ("http://127.0.0.1@x.test/a", False),
        ("ftp://127.0.0.1/a", False),
        ("", False),
        ("https://x[", False),
        ("https://[x]/", False),
        (r"http://x.test\@127.0.0.1/", False),
        (r"https://x.test\@other.test/", False),
    ],
)
def test_where_nobody_can_listen(url: str, *, private: bool) -> None:
    assert is_private(url) == private


def test_the_origin_of_no_address_is_no_other_s() -> None:
    assert origin_of("https://x.test:5000/a?b") == "https://x.test:5000"
    assert origin_of("https://x[") == ""


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("x.test", True),
        ("x.test:9000", True),
        ("[::1]:9000", True),
        ("", False),
        (" ", False),
        ("a b", False),
        ("x[", False),
        ("x:99999", False),
        ("x:y", False),
        ("a@x.test", False),
        ("x.test/a", False),
        ("x.test?a", False),
        ("\N{ACCOUNT OF}x", False),
    ],
)
def test_host_and_port(text: str, *, valid: bool) -> None:
    assert is_authority(text) == valid
