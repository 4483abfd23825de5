"""Which layers would be right on another base."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dynbuild.digest import sha256
from dynbuild.link.model import Layer, Record, WriteSet, Written
from dynbuild.link.onto import Layered, Moved, judged
from dynbuild.link.programs import Program, script
from dynbuild.link.writes import stacked

DIRECTORY = Written("directory", 0o755)
FILE = Written("file", 0o644, content="file")
NEW = Written("file", 0o644, content="new", new=True)
OTHER = Written("file", 0o644, content="other")
GONE = Written("whiteout")
OWNED = Written("directory", 0o755, 7)


def link(target: str) -> Written:
    return Written("symlink", content=target)


BASE: WriteSet = {
    "etc": DIRECTORY,
    "etc/passwd": FILE,
    "usr": DIRECTORY,
    "usr/bin": DIRECTORY,
    "usr/bin/env": FILE,
    "usr/bin/python3": Written("symlink", content="python3.11"),
    "usr/bin/python3.11": FILE,
    "usr/lib": DIRECTORY,
    "usr/lib/libc.so.6": FILE,
    "usr/lib/link.so": Written("symlink", content="libc.so.6"),
}


def of(writes: WriteSet) -> Record:
    number = sha256(repr(sorted(writes.items())).encode())
    layer = Layer(number, number, 1)
    return Record("place", "step", "linux/amd64", (layer,), writes)


def why(
    writes: WriteSet,
    changes: WriteSet,
    *programs: Program,
    defined: dict[str, tuple[str, ...]] | None = None,
    gone: tuple[str, ...] = (),
    base: WriteSet = BASE,
    **more: object,
) -> str | None:
    """Say why a stage is built on a base with changes."""
    after = {path: one for path, one in {**base, **changes}.items() if path not in gone}
    stage = Layered("it", of(writes), programs=programs, **more)  # type: ignore[arg-type]
    return judged([stage], Moved(base, after, defined or {}))["it"]


OPT: WriteSet = {"opt": DIRECTORY, "opt/file": NEW}
RUN = Program("opt/run", sha256(b""), "/usr/bin/env", "python3")


def test_it_stays_beside_what_changed() -> None:
    assert why(OPT, {"usr/bin/more": FILE, "usr/bin/env": OTHER}, RUN) is None


@pytest.mark.parametrize(
    ("writes", "changes", "told"),
    [
        (OPT, {"opt/file": FILE}, "/opt/file"),
        (OPT, {"opt": FILE}, "/opt"),
        ({"opt/x/y": NEW}, {"opt": FILE}, "/opt"),
        ({"etc": DIRECTORY, **OPT}, {"etc": OWNED}, "/etc"),
        ({"usr/lib": GONE}, {"usr/lib/more": FILE}, "/usr/lib/more"),
        ({"etc/ld.so.cache": FILE}, {}, "database ld.so.cache"),
        ({"opt/file": Written("file", uid=7)}, {"etc/passwd": OTHER}, "accounts"),
        ({"opt/file": Written("file", gid=7)}, {"etc/passwd": OTHER}, "accounts"),
        ({"opt/x": link("/usr/bin/python3")}, {"usr/bin/python3": link("env")}, "link"),
        ({"opt/a": link("b"), "opt/b": link("a")}, {}, "no end"),
    ],
)  # fmt: skip
def test_it_is_built(writes: WriteSet, changes: WriteSet, told: str) -> None:
    assert told in str(why(writes, changes))


ACL = Written("file", xattrs=(("system.posix_acl_access", "user:7"),))
MADE = Written("file", content="made", new=True)


@pytest.mark.parametrize(
    ("writes", "changes", "told"),
    [
        # Others than root may be named beside the owner.
        ({"opt/file": ACL}, {"etc/passwd": OTHER}, "accounts"),
        ({"usr/lib/locale/x/LC_ALL": MADE}, {}, "made of files"),
        ({"usr/share/mime/mime.cache": MADE}, {}, "made of files"),
        # What it did to one file it may have done to all that were there.
        ({"usr/lib/libc.so.6": GONE}, {"usr/lib/new": FILE}, "beside what is new"),
        ({"usr/lib/libc.so.6": OTHER}, {"usr/lib/new": FILE}, "/usr/lib/new"),
        ({"usr/lib": OWNED}, {"usr/lib/new": FILE}, "/usr/lib/new"),
        (
            {"usr/bin/env": GONE, "usr/lib/libc.so.6": GONE},
            {"usr/share": DIRECTORY, "usr/share/new": FILE},
            "around what is new: /usr/share",
        ),
        ({"etc": OWNED, "usr/bin/env": GONE}, {"new": FILE}, "around"),
        # It has what the base had, and has no more.
        ({"opt/own": FILE}, {"usr/bin/env": OTHER}, "/opt/own is what /usr/bin/env"),
    ],
)
def test_what_else_speaks_against_it(
    writes: WriteSet, changes: WriteSet, told: str
) -> None:
    assert told in str(why(writes, changes))
    assert why({"opt/mine": MADE}, changes) is None


TEMPLATE: WriteSet = {
    "srv": DIRECTORY,
    "srv/one": Written("file", content="one"),
    "srv/two": Written("file", content="two"),
}
COPY: WriteSet = {
    "opt/one": Written("file", content="one", new=True),
    "opt/two": Written("file", content="changed", new=True),
}


def test_a_directory_that_was_copied_lacks_what_is_new() -> None:
    base = {**BASE, **TEMPLATE}
    more = {"srv/three": FILE}
    assert "/opt what lies beside what is new" in str(why(COPY, more, base=base))
    assert "/srv/more" in str(why(COPY, {"srv/more": DIRECTORY}, base=base))
    assert why(COPY, {"usr/bin/more": FILE}, base=base) is None
    # A file that was named is one, be it of the same name; and names alone say nothing.
    assert why({"opt/one": COPY["opt/one"]}, more, base=base) is None
    assert why(dict.fromkeys(COPY, MADE), more, base=base) is None


@pytest.mark.parametrize(
    ("writes", "now"),
    [
        ({"opt/v1/own": NEW}, {"opt/current": link("v2")}),
        ({"opt/v1/deep/own": NEW}, {"opt/current": DIRECTORY}),
        ({"opt/v1/file": OTHER}, {"opt/name": link("v2/file")}),
    ],
)
def test_what_was_written_through_a_link_would_be_where_it_leads_now(
    writes: WriteSet, now: WriteSet
) -> None:
    folders = {"opt": DIRECTORY, "opt/v1": DIRECTORY, "opt/v2": DIRECTORY}
    links = {"opt/current": link("/opt/v1"), "opt/name": link("v1/file")}
    base = {**BASE, **folders, **links, "opt/v1/file": FILE, "opt/x": link("x")}
    assert "which is another" in str(why(writes, now, base=base))
    gone = ("opt/current", "opt/name")
    assert "which is another" in str(why(writes, {}, base=base, gone=gone))
    assert why(writes, {"usr/bin/env": OTHER}, base=base) is None
    assert why({"opt/v2/own": NEW}, now, base=base) is None
    assert why({"opt/v2/own": NEW}, {"opt/y": link("y")}, base=base) is None
    assert "no end" in str(why(writes, {"opt/x": link("v1")}, base=base))


def test_what_is_as_it_was_beside_it_hinders_nothing() -> None:
    assert why({"usr/lib": DIRECTORY, "usr/lib/x": NEW}, {"usr/lib/new": OTHER}) is None
    assert why({"usr/lib/libc.so.6": GONE}, {"usr/bin/new": OTHER}) is None
    nothing = Written("file", content=sha256(b""))
    base = {**BASE, "usr/empty": nothing}
    assert why({"opt/empty": nothing}, {"usr/empty": OTHER}, base=base) is None


PYTHON = "usr/lib/python3.11/dist-packages"
PERL = {"usr/bin/perl5.36.0": FILE, "usr/bin/ruby3.1": FILE, "usr/bin/lua5.4": FILE}


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("opt/lib/python3.11/site-packages/x.py", "usr/bin/python3.11"),
        ("opt/x.cpython-311-x86_64-linux-gnu.so", "usr/bin/python3.11"),
        ("opt/x.pyc", "usr/bin/python3"),
        ("opt/x-1.dist-info/METADATA", "usr/bin/python3"),
        ("opt/venv/pyvenv.cfg", "usr/bin/python3"),
        ("usr/local/share/perl/5.36.0/X.pm", "usr/bin/perl5.36.0"),
        ("usr/lib/x86_64-linux-gnu/perl5/5.36/X.pm", "usr/bin/perl5.36.0"),
        ("var/lib/gems/3.1.0/gems/x.rb", "usr/bin/ruby3.1"),
        ("usr/share/lua/5.4/x.lua", "usr/bin/lua5.4"),
    ],
)
def test_the_version_of_a_language_has_to_be_there(path: str, gone: str) -> None:
    base = {**BASE, **PERL}
    writes: WriteSet = {path: Written("file", content="its own")}
    assert f"is for /{gone}" in str(why(writes, {}, gone=(gone,), base=base))
    assert why(writes, {"usr/bin/env": OTHER}, base=base) is None
    # Another of the name may be found first.
    more = gone.replace("usr/", "usr/local/")
    assert "is for" in str(why(writes, {more: OTHER}, base=base))
    # Where there was none, its own or somebody's, nothing is known to be missed.
    without = {at: one for at, one in base.items() if at != gone}
    if gone != "usr/bin/python3":
        assert why(writes, {"usr/bin/env": OTHER}, base=without) is None


@pytest.mark.parametrize(
    ("path", "program"),
    [
        ("srv/vendor/ruby/3.1.0/gems/x.rb", "usr/local/bin/ruby"),
        ("srv/share/perl/5.36.0/X.pm", "usr/bin/perl"),
        ("srv/lib/python3.11/site-packages/x.py", "usr/bin/python3"),
    ],
)
def test_a_program_whose_name_has_no_version_has_to_be_the_same(
    path: str, program: str
) -> None:
    base = {**BASE, "usr/local": DIRECTORY, program: FILE}
    base = {at: one for at, one in base.items() if at != "usr/bin/python3.11"}
    writes: WriteSet = {path: MADE}
    assert f"is for /{program}" in str(why(writes, {program: OTHER}, base=base))
    assert f"is for /{program}" in str(why(writes, {}, base=base, gone=(program,)))
    assert why(writes, {"usr/bin/env": OTHER}, base=base) is None


def test_who_loads_a_file_has_to_be_known() -> None:
    known = "opt/lib/python3.11/site-packages/x.so"
    for path, told in ((known, None), ("opt/x.so", "a program that is not known")):
        loaded = Program(path, sha256(b""), hosted=True)
        found = why({path: MADE}, {"usr/bin/env": OTHER}, loaded)
        assert (found is None) == (told is None)
        assert (told or "") in (found or "")
    gone = why({known: MADE}, {}, gone=("usr/bin/python3.11",))
    assert "/usr/bin/python3.11" in str(gone)


def test_a_library_that_is_named_by_its_path() -> None:
    loads = Program("opt/run", sha256(b""), libraries=(("/usr/lib/libc.so.6", ()),))
    assert "libc" in str(why(OPT, {}, loads, gone=("usr/lib/libc.so.6",)))
    assert why(OPT, {"usr/bin/env": OTHER}, loads) is None
    never = Program("opt/run", sha256(b""), libraries=(("/usr/lib/never.so", ()),))
    assert why(OPT, {"usr/bin/env": OTHER}, never) is None


def test_what_may_be_found_first_has_to_serve() -> None:
    also = {"usr/local/bin/python3": FILE}
    assert "/usr/local/bin/python3" in str(why(OPT, also, RUN))
    loads = Program("opt/run", sha256(b""), libraries=(("libc.so.6", ("V2",)),))
    also = {"usr/local/lib/libc.so.6": OTHER}
    assert "libc.so.6" in str(why(OPT, also, loads))
    assert why(OPT, also, loads, defined={"other": ("V2",)}) is None


def test_the_content_of_a_link_s_end_may_change() -> None:
    writes = {"opt/link": Written("symlink", content="/usr/bin/env")}
    assert why(writes, {"usr/bin/env": OTHER}) is None
    assert "its link" in str(why(writes, {}, gone=("usr/bin/env",)))
    nowhere = {"opt/link": Written("symlink", content="/nowhere")}
    assert why(nowhere, {"usr/bin/env": OTHER}) is None


def test_directories_that_changed_hinder_nothing_below_them() -> None:
    base = {**BASE, "srv": DIRECTORY}
    changes = {"srv": Written("directory", 0o755, 7)}
    assert why({"srv/file": NEW}, changes, base=base) is None
    opaque = {"srv": Written("opaque", 0o755)}
    assert why({"opt/file": NEW}, opaque, base=base) is None


def test_what_is_known_to_be_read_has_to_be_the_same() -> None:
    read = ("usr/bin",)
    assert "read" in str(why(OPT, {"usr/bin/env": OTHER}, reads=read))
    assert "read" in str(why(OPT, {}, gone=("usr/bin/env",), reads=read))
    assert why(OPT, {"usr/lib/x": OTHER}, reads=read) is None


def test_who_runs_a_script_has_to_be_the_same() -> None:
    assert "python3" in str(why(OPT, {}, RUN, gone=("usr/bin/python3",)))
    moved = {"usr/bin/python3": Written("symlink", content="python3.12")}
    assert "python3" in str(why(OPT, {**moved, "usr/bin/python3.12": FILE}, RUN))
    assert "env" in str(why(OPT, {}, RUN, gone=("usr/bin/env",)))
    path = Program("opt/run", sha256(b""), "/usr/bin/env", "/usr/bin/python3.11")
    assert "3.11" in str(why(OPT, {}, path, gone=("usr/bin/python3.11",)))
    # What was nowhere before is not gone.
    assert why(OPT, {"x": FILE}, Program("opt/run", sha256(b""), "/never")) is None
    # Whatever else has the name is not looked for by `env`.
    base = {**BASE, "usr/lib/python3": FILE, "python3": FILE}
    assert why(OPT, {}, RUN, base=base, gone=("usr/lib/python3", "python3")) is None


@pytest.mark.parametrize("name", ["libc.so.6", "link.so"])
def test_libraries_have_to_be_there(name: str) -> None:
    loads = Program("opt/run", sha256(b""), libraries=((name, ()),))
    versioned = Program("opt/run", sha256(b""), libraries=((name, ("V2",)),))
    changed = {"usr/lib/libc.so.6": OTHER}
    assert name in str(why(OPT, {}, loads, gone=("usr/lib/libc.so.6",)))
    assert why(OPT, {"x": FILE}, versioned) is None
    # Of a library without versions all has to be there that was.
    assert name in str(why(OPT, changed, loads))
    assert name in str(why(OPT, changed, loads, defined={"other": ("a", "b")}))
    has = {"file": ("a", "b"), "other": ("a",)}
    assert name in str(why(OPT, changed, loads, defined=has))
    assert why(OPT, changed, loads, defined={**has, "other": ("b", "a", "c")}) is None
    assert name in str(why(OPT, changed, versioned))
    assert name in str(why(OPT, changed, versioned, defined={"other": ("V1",)}))
    assert why(OPT, changed, versioned, defined={"other": ("V1", "V2")}) is None
    assert "linker" in str(why(OPT, {"etc/ld.so.conf.d/x.conf": FILE}, loads))
    # A link that leads nowhere serves nobody.
    base = {**BASE, "opt/lib": link("/nowhere"), f"srv/{name}": link("/nowhere")}
    assert why(OPT, {"x": FILE}, loads, base=base) is None
    absent = Program("opt/run", sha256(b""), libraries=(("libnever.so", ()),))
    assert why(OPT, {"x": FILE}, absent) is None


def test_what_is_unknown_is_built() -> None:
    moved = Moved(BASE, BASE, {})
    stages = [
        Layered("lost"),
        Layered("unread", of(OPT)),
        Layered("hindered", of(OPT), programs=(), hindrance="because"),
        Layered("touching", of(OPT), programs=(), touches=("dpkg",)),
        Layered("on-it", of(OPT), needs=("other", "lost"), programs=()),
        Layered("stays", of(OPT), needs=("other",), programs=()),
    ]
    assert judged(stages, moved) == {
        "lost": "no tier has it as it was on the other base",
        "unread": "its programs cannot be read",
        "hindered": "because",
        "touching": "it changes the database dpkg",
        "on-it": "it needs lost, which is built",
        "stays": None,
    }


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"#!/bin/sh -e", ("/bin/sh", "")),
        (b"#! /usr/bin/env -S A=1 python3 -u", ("/usr/bin/env", "python3")),
        (b"#!/usr/bin/env", ("/usr/bin/env", "")),
        (b"#!", ("", "")),
    ],
)
def test_first_lines_of_scripts(line: bytes, found: tuple[str, str]) -> None:
    assert script(line) == found
    assert why(OPT, {}, Program("opt/x", sha256(b""), *script(b"#!"))) is None


PATHS = ["a", "a/b", "a/b/c", "a/d", "e", "e/f"]
ITEMS = some.sampled_from(
    [DIRECTORY, Written("directory", 0o755, 7), FILE, OTHER, GONE, Written("opaque")]
)


@some.composite
def layers(draw: some.DrawFn, below: WriteSet) -> WriteSet:
    """A layer over a tree, with every parent, as layers have them."""
    wanted = draw(some.dictionaries(some.sampled_from(PATHS), ITEMS, max_size=4))
    found: dict[str, Written] = {}
    for path in sorted(wanted):
        parents = [path[:at] for at, letter in enumerate(path) if letter == "/"]
        if any(
            one in found and found[one].kind not in {"directory", "opaque"}
            for one in parents
        ):
            continue  # fmt: skip
        for one in parents:
            lower = below.get(one)
            carried = lower if lower and lower.kind == "directory" else DIRECTORY
            found.setdefault(one, carried)
        found[path] = wanted[path]
    return found


@given(some.data())
def test_a_layer_that_stays_covers_nothing_and_is_covered_by_nothing(
    data: some.DataObject,
) -> None:
    before = stacked([data.draw(layers({}))])
    after = stacked([before, data.draw(layers(before))])
    writes = data.draw(layers(before))
    found = judged([Layered("it", of(writes), programs=())], Moved(before, after, {}))
    if found["it"] is not None:
        return

    def at(path: str, tree: WriteSet) -> tuple[object, ...] | None:
        one = tree.get(path)
        if one is None or one.kind == "whiteout":
            return None
        kind = "directory" if one.kind == "opaque" else one.kind
        return kind, one.mode, one.uid, one.content

    was, now = stacked([before, writes]), stacked([after, writes])
    for path in PATHS:
        if path in writes:
            assert at(path, before) == at(path, after)
            assert at(path, now) == at(path, was)
        elif at(path, before) != at(path, after):
            assert at(path, now) == at(path, after)
        else:
            assert at(path, now) == at(path, was)
