"""What steps are known to read: from what lies in the tree, and only where they do."""

from __future__ import annotations

import pytest

from dynbuild.link.model import WriteSet, Written
from dynbuild.link.reads import Texts, found_reads, is_read, reads_of, root_of
from dynbuild.steps.model import Group, Script, Step, User

FILE = Written("file", 0o644, content="x", new=True)
DIRECTORY = Written("directory", 0o755)
STATUS = "var/lib/dpkg/status"
INTERESTS = """\
/usr/share/glib-2.0/schemas libglib2.0-0:amd64
/usr/share/man man-db/noawait
/lib/udev/rules.d udev/noawait
"""


def texts(**known: str) -> Texts:
    """The files of a tree, _ for / and __ for a dot."""
    named = {
        name.replace("__", ".").replace("_", "/"): text for name, text in known.items()
    }
    return lambda path: named.get(path, "")


NONE = texts()
DPKG = texts(var_lib_dpkg_triggers_File=INTERESTS)


def reads(
    writes: WriteSet, tree: WriteSet, after: Texts, before: Texts = NONE
) -> tuple[str, ...]:
    return found_reads(writes, {**tree, **writes}, before, after)


def test_who_configures_the_interested_package_reads() -> None:
    info = "var/lib/dpkg/info/libglib2.0-0:amd64.list"
    assert reads({STATUS: FILE, info: FILE}, {}, DPKG) == (
        "usr/share/glib-2.0/schemas",
    )
    gone = Written("whiteout")
    assert reads({STATUS: FILE, info: gone}, {}, DPKG) == ()


def test_who_unpacks_below_the_path_reads() -> None:
    page = "usr/share/man/man1/own.1.gz"
    assert reads({STATUS: FILE, page: FILE}, {}, DPKG) == ("usr/share/man",)
    assert reads({STATUS: FILE, page: DIRECTORY}, {}, DPKG) == ()
    assert reads({STATUS: FILE}, {page: FILE}, DPKG) == ()


def test_who_is_removed_was_triggered_until_then() -> None:
    """A file comes or goes, and with it the package that made something of it."""
    page = "usr/share/man/man1/own.1.gz"
    for written in (FILE, Written("whiteout")):
        writes = {STATUS: FILE, page: written}
        assert reads(writes, {}, NONE, before=DPKG) == ("usr/share/man",)
    assert reads({STATUS: FILE}, {}, NONE, before=DPKG) == ()
    apk = texts(lib_apk_db_triggers="Q1old= /usr/share/mime/packages")
    writes = {"lib/apk/db/installed": FILE, "usr/share/mime/packages/own.xml": FILE}
    assert reads(writes, {}, NONE, before=apk) == ("usr/share/mime/packages",)


def test_without_dpkg_no_trigger_runs() -> None:
    assert reads({"usr/share/man/man1/own.1.gz": FILE}, {}, DPKG) == ()


def test_paths_are_those_that_the_kernel_finds() -> None:
    merged = {"lib": Written("symlink", content="usr/lib")}
    rule = "usr/lib/udev/rules.d/own.rules"
    assert reads({STATUS: FILE, rule: FILE}, merged, DPKG) == ("usr/lib/udev/rules.d",)
    endless = {"lib": Written("symlink", content="lib")}
    assert reads({STATUS: FILE, rule: FILE}, endless, DPKG) == ()


def test_odd_lines_are_no_interest() -> None:
    odd = texts(var_lib_dpkg_triggers_File="\n/ root\nrelative x\nusr/share/man\n")
    writes = {STATUS: FILE, "usr/share/man/x": FILE, "x": FILE}
    assert reads(writes, {}, odd) == ()


@pytest.mark.parametrize("database", ["lib", "usr/lib"])
def test_apk(database: str) -> None:
    old, new = "Q1old= /usr/share/mime/packages /x*", "Q1new= /usr/share/schemas rel"
    path = f"{database}/apk/db/triggers"

    def before(at: str) -> str:
        return old if at == path else ""

    def after(at: str) -> str:
        return f"{old}\n{new}\n" if at == path else ""

    writes = {f"{database}/apk/db/installed": FILE}
    assert reads(writes, {}, after, before) == ("usr/share/schemas",)
    writes["usr/share/mime/packages/own.xml"] = FILE
    assert reads(writes, {}, after, before) == (
        "usr/share/mime/packages",
        "usr/share/schemas",
    )


def test_the_directories_of_the_linker() -> None:
    conf = texts(
        etc_ld__so__conf="include /etc/ld.so.conf.d/*.conf\ninclude more/*.conf\n"
        "include\nhwcap 1 nosegneg\n# /not\n/opt/lib=libc6 # here\nrelative\n",
        etc_ld__so__conf__d_own__conf="/lnk/lib\n",
    )
    files = ("own.conf", "own.txt", "sub/x.conf")
    tree: WriteSet = {
        **{f"etc/ld.so.conf.d/{name}": FILE for name in files},
        "etc/more/a.conf": FILE,
        "lnk": Written("symlink", content="/srv"),
    }
    found = reads({"etc/ld.so.cache": FILE}, tree, conf)
    assert found == ("opt/lib/*.so*", "srv/lib/*.so*")
    assert reads({"etc/hosts": FILE}, tree, conf) == ()


@pytest.mark.parametrize(
    ("read", "path", "kind", "so"),
    [
        ("a/b", "a/b", "file", True),
        ("a/b", "a/b/c/d", "symlink", True),
        ("a/b", "a/b", "directory", False),
        ("a/b", "a/b", "opaque", True),
        ("a/b", "a/bc", "file", False),
        ("a/b", "a", "whiteout", True),
        ("a/b", "a/c", "whiteout", False),
        ("a/*.so*", "a/libx.so.1", "file", True),
        ("a/*.so*", "a/libx.txt", "file", False),
        ("a/*.so*", "a/b/libx.so", "file", False),
        ("a/*.so*", "a", "whiteout", True),
        ("a/*.so*", "a", "symlink", True),
        ("a/b/*.so*", "a", "opaque", True),
    ],
)
def test_what_is_read(read: str, path: str, kind: str, *, so: bool) -> None:
    assert is_read(read, path, Written(kind)) == so  # type: ignore[arg-type]


def test_the_root_of_a_read() -> None:
    assert root_of("a/b") == "a/b"
    assert root_of("a/b/*.so*") == "a/b"


@pytest.mark.parametrize(
    ("step", "read"),
    [
        (Group("apt", {}, {}), "etc/apt"),
        (Group("apt", {}, {}), "usr/share/keyrings"),
        (Group("apt", {}, {}), "usr/sbin/policy-rc.d"),
        (Group("apt", {}, {}), "var/lib/dpkg/arch"),
        (Group("apt", {}, {}), "var/lib/dpkg/diversions"),
        (Group("apt", {}, {}), "var/lib/dpkg/statoverride"),
        (Group("yum", {}, {}), "etc/pki/rpm-gpg"),
        (Group("yum", {}, {}), "usr/lib/rpm/macros.d"),
        (Group("pip", {}, {}), "etc/pip.conf"),
        (Group("pip", {}, {}), "usr/local/pip.conf"),
        (Group("pip", {}, {}), "root/.netrc"),
        (User("app", 1000, "/bin/sh"), "etc/skel"),
    ],
)
def test_what_is_known_of_a_step_that_was_never_built(step: Step, read: str) -> None:
    assert read in reads_of(step)


def test_scripts_of_the_user_are_not_known() -> None:
    assert reads_of(Script("true")) == ()
