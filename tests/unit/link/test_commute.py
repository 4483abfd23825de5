from dataclasses import replace

import pytest

from dynbuild.link.commute import (
    DATABASES,
    conflicts,
    database_of,
    databases_of,
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
            ("a", "b", "tmp/x"),
        ),
    ],
)
def test_conflicts(one: WriteSet, other: WriteSet, paths: tuple[str, ...]) -> None:
    assert conflicts(one, other) == paths
    assert conflicts(other, one) == paths


def test_what_is_in_some_files_does_not_count() -> None:
    log = "var/log/dpkg.log"
    other = replace(FILE, content="y", new=False)
    assert conflicts({log: FILE}, {log: other}) == ()
    gone = Written("whiteout")
    assert conflicts({log: gone}, {log: gone}) == ()


@pytest.mark.parametrize(
    "changed",
    [
        replace(FILE, mode=0o600),
        replace(FILE, uid=1),
        replace(FILE, gid=1),
        replace(FILE, xattrs=(("user.a", "b"),)),
        Written("symlink", content="/dev/null", new=True),
        Written("whiteout"),
        DIRECTORY,
    ],
)
def test_all_else_of_such_a_file_counts(changed: Written) -> None:
    log = "var/log/dpkg.log"
    assert conflicts({log: FILE}, {log: changed}) == (log,)


@pytest.mark.parametrize(
    "path",
    [
        "tmp",
        "var/log",
        "var/log/app",
        "root/.cache",
        "root/.cache/pip",
        "usr/lib/python3/__pycache__",
        "var/cache/apt",
    ],
)
def test_directories_count_everywhere(path: str) -> None:
    assert conflicts({path: DIRECTORY}, {path: DIRECTORY}) == ()
    for changed in ({"mode": 0o711}, {"uid": 1}, {"gid": 1}):
        theirs = {path: replace(DIRECTORY, **changed)}
        assert conflicts({path: DIRECTORY}, theirs) == (path,)


@pytest.mark.parametrize(
    "path", ["tmp/x", "var/log/app/app.log", "root/.cache/ms/one", "var/tmp/x"]
)
def test_files_that_no_manager_writes_count(path: str) -> None:
    assert conflicts({path: FILE}, {path: replace(FILE, content="y")}) == (path,)


def test_byte_code_counts_by_its_source() -> None:
    byte_code = "usr/lib/x/__pycache__/a.cpython-311.pyc"
    source, told = "usr/lib/x/a.py", "usr/lib/x/__pycache__/a.*"
    other = replace(FILE, content="y")
    assert conflicts({byte_code: FILE}, {byte_code: other}) == ()
    one, same = {byte_code: FILE, source: FILE}, {byte_code: other, source: FILE}
    assert conflicts(one, same) == ()
    assert conflicts(one, {**same, source: other}) == (told, source)
    assert conflicts(one, {byte_code: other}) == (told,)
    assert conflicts({byte_code: FILE}, {byte_code: Written("whiteout")}) == (
        byte_code,
    )


@pytest.mark.parametrize(
    ("path", "database"),
    [
        ("var/lib/dpkg/status", "dpkg"),
        ("var/lib/apt/extended_states", "dpkg"),
        ("var/lib/ucf/registry", "dpkg"),
        ("var/lib/pam/auth", "dpkg"),
        ("var/cache/debconf/config.dat", "dpkg"),
        ("var/cache/apt/pkgcache.bin", "dpkg"),
        ("var/log/apt/history.log", "dpkg"),
        ("var/log/dpkg.log", "dpkg"),
        ("var/log/dnf.librepo.log", "rpm"),
        ("var/log/apk.log", "apk"),
        ("var/log/lastlog", "passwd"),
        ("var/cache/ldconfig/aux-cache", "ld.so.cache"),
        ("var/log/alternatives.log", "alternatives"),
        ("var/log/app.log", None),
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
