"""What registries ask for, as they write it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.tiers.oci.address import Repository, repository
from dynbuild.tiers.oci.challenge import Challenge, challenges
from dynbuild.tiers.oci.errors import refusal


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ()),
        ("Basic", (Challenge("basic", {}),)),
        ('Basic realm="x y"', (Challenge("basic", {"realm": "x y"}),)),
        (
            'Bearer realm="https://ghcr.io/token",service=ghcr.io, scope="a:pull,push"',
            (
                Challenge(
                    "bearer",
                    {
                        "realm": "https://ghcr.io/token",
                        "service": "ghcr.io",
                        "scope": "a:pull,push",
                    },
                ),
            ),
        ),
        (
            'Negotiate, bearer REALM = x , Basic realm="a\\"b"',
            (
                Challenge("negotiate", {}),
                Challenge("bearer", {"realm": "x"}),
                Challenge("basic", {"realm": 'a"b'}),
            ),
        ),
        ('Bearer realm="x', (Challenge("bearer", {}),)),
    ],
)
def test_challenges(header: str, expected: tuple[Challenge, ...]) -> None:
    assert challenges(header) == expected


@given(st.text(alphabet=' ,="\\abBearer'))
def test_any_header_is_read(header: str) -> None:
    assert all(one.scheme for one in challenges(header))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("ghcr.io/org/x", "https://ghcr.io/v2/org/x/y"),
        ("debian", "https://registry-1.docker.io/v2/library/debian/y"),
        ("localhost:5000/x:tag", "http://localhost:5000/v2/x/y"),
    ],
)
def test_where_a_repository_is(text: str, url: str) -> None:
    assert repository(text).url("y") == url


def test_a_repository_by_its_name() -> None:
    assert str(Repository("ghcr.io", "a/b")) == "ghcr.io/a/b"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "x: status 500"),
        (b"<html>", "x: status 500"),
        (b"[1]", "x: status 500"),
        (b"[" * 100_000, "x: status 500"),
        (b'{"errors": [1, {}, {"code": "A"}, {"code": "A"}]}', "x: status 500 A"),
        (b'{"errors": [{"code": "A", "message": "b"}]}', "x: b (500 A)"),
        (b'{"errors": [{"message": "b\\nc\\u001b[31m"}]}', "x: b c [31m (500)"),
        (b'{"details": "incorrect username"}', "x: incorrect username (500)"),
        (b'{"error": {"a": 1}}', "x: status 500"),
        (
            b'{"errors": [{"message": "see https://u:p@h/x?X-Sig=1"}]}',
            "x: see https://h/x (500)",
        ),
    ],
)
def test_the_words_of_a_refusal(body: bytes, words: str) -> None:
    assert str(refusal("x", 500, body)) == words


def test_long_words_are_cut() -> None:
    body = json.dumps({"errors": [{"message": "x" * 5000}]}).encode()
    assert len(str(refusal("x", 400, body))) < 400
