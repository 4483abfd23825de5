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
    offered,
    release_of,
)
from dynbuild.inside.model import Archive

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
    assert release_of(text, Archive("http://a", suite)).security
    assert not release_of("", STABLE).files


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
