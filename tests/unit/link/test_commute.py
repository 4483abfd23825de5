from dataclasses import replace

import pytest

from dynbuild.link.commute import (
    DATABASES,
    conflicts,
    counted,
    database_of,
    databases_of,
    seen,
)
from dynbuild.link.model import WriteSet, Written
from dynbuild.steps.model import AptSource, Group, Script, Stage, Step, User

FILE = Written("file", 0o644, content="x", new=True)
DIRECTORY = Written("directory", 0o755)


@pytest.mark.parametrize(
    ("one", "other", "paths"),
    [
        ({"a": FILE}, {"b": FILE}, ()),
        ({"a": FILE}, {"a": FILE}, ()),
        ({"a": replace(FILE, new=False)}, {"a": replace(FILE, new=False)}, ("a",)),
        ({"a": FILE}, {"a": replace(FILE, new=False)}, ("a",)),
        ({"a": FILE}, {"a": replace(FILE, content="y")}, ("a",)),
        ({"a": FILE}, {"a": replace(FILE, mode=0o755)}, ("a",)),
        ({"a": FILE}, {"a": replace(FILE, uid=1)}, ("a",)),
        ({"a": FILE}, {"a": replace(FILE, gid=1)}, ("a",)),
        ({"a": FILE}, {"a": replace(FILE, xattrs=(("user.a", "b"),))}, ("a",)),
        ({"a": FILE}, {"a": replace(FILE, kind="symlink")}, ("a",)),
        ({"a": DIRECTORY}, {"a": DIRECTORY, "a/b": FILE}, ()),
        ({"a": DIRECTORY}, {"a": replace(DIRECTORY, mode=0o700)}, ("a",)),
        ({"a": DIRECTORY}, {"a": replace(DIRECTORY, kind="opaque")}, ("a",)),
        ({"a": DIRECTORY, "a/x": FILE}, {"a": Written("whiteout")}, ("a",)),
        ({"a": Written("whiteout")}, {"a": Written("whiteout")}, ("a",)),
        (
            {"b": FILE, "a": FILE, "tmp/x": FILE},
            {"a": DIRECTORY, "b": DIRECTORY, "tmp/x": DIRECTORY, "c": FILE},
            ("a", "b"),
        ),
    ],
)
def test_conflicts(one: WriteSet, other: WriteSet, paths: tuple[str, ...]) -> None:
    assert conflicts(one, other) == paths
    assert conflicts(other, one) == paths


@pytest.mark.parametrize(
    "path",
    [
        "tmp/a\nb",
        "var/log/apt/term.log",
        "var/cache/apt/pkgcache.bin",
        "var/cache/ldconfig/aux-cache",
        "root/.cache/pip",
        "usr/lib/python3/__pycache__/re.pyc",
        "a/__pycache__/b/__pycache__",
    ],
)
def test_not_counted(path: str) -> None:
    assert seen(path, FILE) is None
    assert not counted(path)


@pytest.mark.parametrize(
    "path", ["tmp", "var/log", "root/.cache", "__pycache__", "a/__pycache__"]
)
def test_the_place_of_what_is_not_counted(path: str) -> None:
    assert seen(path, FILE) == FILE
    for kind in ("directory", "opaque", "whiteout"):
        there = Written(kind, 0o700)
        assert seen(path, there) == Written("directory")
        assert conflicts({path: there}, {path: DIRECTORY}) == ()
        assert conflicts({path: there}, {path: FILE}) == (path,)


@pytest.mark.parametrize(
    "path", ["tmpfiles", "var/tmp", "var/logs", "usr/tmp/x", "a/__pycache__s", "root"]
)
def test_counted(path: str) -> None:
    assert seen(path, FILE) == FILE
    assert counted(path)


@pytest.mark.parametrize(
    ("path", "database"),
    [
        ("var/lib/dpkg/status", "dpkg"),
        ("var/lib/apt/extended_states", "dpkg"),
        ("var/lib/ucf/registry", "dpkg"),
        ("var/lib/pam/auth", "dpkg"),
        ("var/cache/debconf/config.dat", "dpkg"),
        ("var/lib/rpm/rpmdb.sqlite", "rpm"),
        ("usr/lib/sysimage/rpm/rpmdb.sqlite", "rpm"),
        ("var/lib/dnf/history.sqlite", "rpm"),
        ("lib/apk/db/installed", "apk"),
        ("etc/apk/world", "apk"),
        ("etc/passwd", "passwd"),
        ("etc/shadow-", "passwd"),
        ("etc/subuid", "passwd"),
        ("etc/.pwd.lock", "passwd"),
        ("etc/ld.so.cache", "ld.so.cache"),
        ("etc/alternatives/editor", "alternatives"),
        ("etc/ssl/certs/ca-certificates.crt", "ca-certificates"),
        ("etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "ca-certificates"),
        ("etc/passwd.d", None),
        ("etc/hosts", None),
        ("opt/etc/passwd", None),
        ("etc/apk/world.new", None),
    ],
)
def test_known_databases(path: str, database: str | None) -> None:
    assert database_of(path) == database
    assert database is None or database in DATABASES


@pytest.mark.parametrize(
    ("step", "touched"),
    [
        (Stage("a", touches=("dpkg", "passwd")), ("dpkg", "passwd")),
        (Group("apt", {}, {}), ("dpkg",)),
        (Group("yum", {}, {}), ("rpm",)),
        (Group("apk", {}, {}), ("apk",)),
        (Group("pip", {}, {}), ()),
        (User("app", 1000, "/bin/sh"), ("passwd",)),
        (Script("true"), ()),
        (AptSource("https://x", ("a",)), ()),
    ],
)
def test_what_steps_are_known_to_touch(step: Step, touched: tuple[str, ...]) -> None:
    assert databases_of(step) == touched
