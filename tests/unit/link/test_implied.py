from dataclasses import replace

import pytest

from dynbuild.link.commute import conflicts, database_of
from dynbuild.link.implied import implied_paths
from dynbuild.link.model import WriteSet, Written

FILE = Written("file", 0o644, content="x", new=True)
SITE = "usr/local/lib/python3.11/dist-packages"
CACHE = "etc/ld.so.cache"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
JAVA = "etc/ssl/certs/java/cacerts"


def installed(name: str, version: str, *more: str) -> WriteSet:
    """A distribution without files in common with another version of it."""
    info = f"{SITE}/{name}-{version}.dist-info"
    files = (f"{info}/RECORD", f"{info}/METADATA", *more)
    return {info: Written("directory", 0o755)} | dict.fromkeys(files, FILE)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (installed("idna", "3.4"), installed("idna", "3.4"), True),
        (installed("idna", "3.4"), installed("idna", "3.6"), False),
        (installed("idna", "3.4"), installed("idna", "3.4.post1"), False),
        (installed("Odd.Name", "1.0"), installed("odd_name", "2.0"), False),
        (installed("a-b", "1.0"), installed("a", "1.0"), True),
        (
            installed("idna", "3.4"),
            {f"{SITE}/idna-3.6-py3.11.egg-info": FILE},
            False,
        ),
        (
            installed("idna", "3.4"),
            {"opt/venv/lib/python3.11/site-packages/idna-3.6.dist-info/RECORD": FILE},
            True,
        ),
        (
            installed("idna", "3.4"),
            {f"{SITE}/idna-3.6.dist-info": Written("whiteout")},
            True,
        ),
    ],
)
def test_one_version_of_a_distribution(
    one: WriteSet, other: WriteSet, *, same: bool
) -> None:
    found = conflicts(one, other)
    assert found == conflicts(other, one)
    assert (found == ()) == same, found


def test_what_is_told_of_versions() -> None:
    found = conflicts(installed("idna", "3.4"), installed("idna", "3.6"))
    assert found == (f"{SITE}/idna-*.dist-info",)


def test_two_versions_at_once_commute_with_none() -> None:
    both = {**installed("idna", "3.4"), **installed("idna", "3.6")}
    assert conflicts(both, dict(both)) == (f"{SITE}/idna-*.dist-info",)


@pytest.mark.parametrize(
    ("source", "generated"),
    [
        ("usr/local/lib/libown.so.1", CACHE),
        ("usr/lib/libown.so", CACHE),
        ("usr/lib/x86_64-linux-gnu/libown.so.1", CACHE),
        ("lib/libown.so.1", CACHE),
        ("lib64/ld-linux-x86-64.so.2", CACHE),
        ("etc/ld.so.conf.d/own.conf", CACHE),
        ("etc/ld.so.conf", CACHE),
        ("usr/local/share/ca-certificates/own/own.crt", BUNDLE),
        ("usr/share/ca-certificates/mozilla/x.crt", BUNDLE),
        ("etc/ca-certificates.conf", BUNDLE),
        ("usr/local/share/ca-certificates/own.crt", JAVA),
        ("etc/ca-certificates.conf", JAVA),
        (
            "etc/pki/ca-trust/source/anchors/own.pem",
            "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        ),
    ],
)
def test_what_is_generated_from_others(source: str, generated: str) -> None:
    """A source and what is generated do not commute; two sources do."""
    brings: WriteSet = {source: FILE}
    for made in (FILE, replace(FILE, new=False)):
        makes: WriteSet = {generated: made}
        assert conflicts(brings, makes) == (generated,)
        assert conflicts(makes, brings) == (generated,)
        assert conflicts({**brings, **makes}, makes) == (
            () if made.new else (generated,)
        )
    assert conflicts(brings, {f"{source}.other": FILE}) == ()
    assert conflicts({source: Written("whiteout")}, {generated: FILE}) == (generated,)
    assert database_of(generated) is not None


@pytest.mark.parametrize(
    "path",
    [
        "usr/lib/python3.11/lib-dynload/_ssl.so",
        "usr/lib/git-core/libx.so",
        "opt/lib/libx.so",
        "usr/share/libx.so",
        "usr/local/lib/own.txt",
        "etc/ld.so.preload",
        "etc/ca-bundle",
        f"{SITE}/idna/core.so",
        f"{SITE}/idna.dist-info/x",
        f"opt/{SITE}s/idna-1.0.dist-info/x",
    ],
)
def test_what_is_no_claim(path: str) -> None:
    assert implied_paths({path: FILE}) == {}


def test_directories_claim_nothing() -> None:
    assert (
        implied_paths({"usr/local/lib/libown.so.d": Written("directory", 0o755)}) == {}
    )


def test_a_source_and_byte_code_of_another_one() -> None:
    """Byte-code that one step makes is outdated by a step that only has the source."""
    source = {f"{SITE}/m.py": Written("file", content="sha256:1", new=True)}
    gone = {f"{SITE}/m.py": Written("whiteout")}
    code = {f"{SITE}/__pycache__/m.cpython-311.pyc": Written("file", new=True)}
    assert conflicts(source, code) == (f"{SITE}/__pycache__/m.*",)
    assert conflicts(gone, code) == (f"{SITE}/__pycache__/m.*",)
    assert conflicts(source, source | code) == ()
    assert conflicts({f"{SITE}/n.py": FILE}, code) == ()
    assert conflicts({"m.py": FILE}, {"__pycache__/m.pyc": FILE}) == ()
    assert implied_paths({"m.py": Written("directory")}) == {}
