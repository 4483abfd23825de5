"""What repositories of apt say: releases, indexes, versions."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.explain.archives import (
    folder_of,
    indexes_of,
    is_newer,
    is_valid,
    offered,
    release_of,
)
from dynbuild.inside.model import Archive, Kind

STABLE = Archive("http://a/debian/", "bookworm", ("main", "contrib"))
FLAT = Archive("http://a/apt", "./")
DIGEST = "0123456789abcdef" * 4
RELEASE = f"""\
Origin: Debian
Label: Debian
Suite: stable
Codename: bookworm
SHA256:
 {DIGEST} 10 main/binary-amd64/Packages.xz
 {DIGEST} 20 main/binary-amd64/Packages
"""
SIGNED = f"""\
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

{RELEASE}-----BEGIN PGP SIGNATURE-----

iQ==
-----END PGP SIGNATURE-----
"""


def test_addresses() -> None:
    assert folder_of(STABLE) == "http://a/debian/dists/bookworm"
    assert indexes_of(STABLE, "arm64") == [
        "main/binary-arm64/Packages",
        "contrib/binary-arm64/Packages",
    ]
    assert folder_of(FLAT) == "http://a/apt/."
    assert folder_of(Archive("http://a/apt", "/")) == "http://a/apt"
    assert indexes_of(FLAT, "arm64") == ["Packages"]


@pytest.mark.parametrize("text", [RELEASE, SIGNED], ids=["plain", "signed"])
def test_a_release(text: str) -> None:
    found = release_of(text, STABLE)
    assert found.files == {
        "main/binary-amd64/Packages.xz": f"sha256:{DIGEST}",
        "main/binary-amd64/Packages": f"sha256:{DIGEST}",
    }
    assert not found.security


@pytest.mark.parametrize(
    ("text", "suite"),
    [
        ("Label: Debian-Security\n", "stable"),
        ("Suite: jammy-security\n", "jammy"),
        ("Codename: bookworm-security\n", "x"),
        ("", "bookworm-security"),
        ("", "buster/updates"),
    ],
)
def test_suites_of_security(text: str, suite: str) -> None:
    found = release_of(f"{text}SHA256:\n", Archive("http://a", suite))
    assert (found.security, found.files) == (True, {})


def test_an_index_has_the_newest_of_each() -> None:
    text = """\
Package: a
Version: 1.10

Package: a
Version: 1.9

Package: a
Version: 1:0.1

Package: none

Package: b
Version: what?
"""
    assert offered(text) == {"a": "1:0.1"}


WORDS = st.text("0123456789ab.+~", max_size=6)
VERSIONS = st.builds(
    lambda epoch, upstream, revision: f"{epoch}1{upstream}{revision}",
    st.sampled_from(["", "0:", "1:"]),
    WORDS,
    st.just("") | WORDS.map(lambda word: f"-1{word}"),
)


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="asks dpkg")
@given(VERSIONS, VERSIONS)
def test_versions_are_compared_as_dpkg_does(one: str, other: str) -> None:
    asked = subprocess.run(
        ["dpkg", "--compare-versions", one, "gt", other], check=False, timeout=10
    )
    assert is_newer(one, other) == (asked.returncode == 0)


OF_ANYONE = st.text("019azZ.~+^_-: r\u0663\u00b2", max_size=9)


@given(st.sampled_from(["apk", "deb", "rpm"]), OF_ANYONE, OF_ANYONE)
def test_versions_of_anyone_can_be_compared(kind: Kind, one: str, other: str) -> None:
    if is_valid(one, kind) and is_valid(other, kind):
        assert not (is_newer(one, other, kind) and is_newer(other, one, kind))
        assert not is_newer(one, one, kind)


@pytest.mark.parametrize("version", ["1 6", "\u0663z", "9-r1\u0663", "1-r", "1\n"])
def test_what_is_no_version_of_apk(version: str) -> None:
    """The library takes these for versions, and fails to compare them."""
    assert not is_valid(version, "apk")
