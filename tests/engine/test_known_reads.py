"""Steps are put on what they are known to read: the image is that of a plain build.

No stage here depends on another, and none has to: what package groups, ldconfig and
the user step read is known.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.engine.software import Software, declared, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.space import Space


@pytest.fixture
def software(
    built: Space, engine: dict[str, str], debian_base: str
) -> Iterator[Software]:
    made = Software(built, engine, debian_base)
    yield made
    made.forget()


@pytest.fixture
def small(
    built: Space, engine: dict[str, str], busybox_base: str
) -> Iterator[Software]:
    made = Software(built, engine, busybox_base)
    yield made
    made.forget()


def linked(software: Software, text: str) -> set[str]:
    """Realize without a warning, as in a plain build; the steps that ran now."""
    software.declare(text)
    software.space.ok("lock")
    words = ("realize", "--strict", "--compare-linear", "-t", software.tag)
    done = software.space.run(*words, "--metadata-file", "built.json")
    assert done.status == 0, done.out + done.err
    return ran(software)


def warned(software: Software, text: str) -> str:
    """Realize as in a plain build; what is said of it."""
    software.declare(text)
    software.space.ok("lock")
    words = ("realize", "--compare-linear", "-t", software.tag)
    return software.space.ok(*words, "--metadata-file", "built.json").err


def ran(software: Software) -> set[str]:
    """The steps of the last build that ran."""
    steps = json.loads(software.space.read("built.json"))["dynbuild.steps"]
    return {step["step"] for step in steps if step["ran"]}


LIBRARY = "mkdir -p /opt/own && cp /lib/*/libm.so.6 /opt/own/libmine.so.6"
CONF = "echo /opt/own > /etc/ld.so.conf.d/own.conf"


def test_libraries_where_the_linker_is_told_to_look(software: Software) -> None:
    """Wherever they are: the stage that runs ldconfig is put on them."""
    text = declared(
        stage("conf", CONF),
        stage("library", LIBRARY),
        stage("notes", "mkdir -p /opt/own && echo 1 > /opt/own/notes"),
        stage("linker", "ldconfig"),
    )
    linked(software, text)
    assert "/opt/own/libm.so.6" in software.run("ldconfig -p")
    # Whatever else lies there is no library, and none of the linker's business.
    text = text.replace("echo 1", "echo 2")
    assert linked(software, text) == {"notes"}


def test_what_a_new_home_begins_with(software: Software) -> None:
    """The user is added when a stage has filled /etc/skel already."""
    skel = stage("skel", "mkdir -p /etc/skel && echo own > /etc/skel/.own")
    linked(software, skel)
    linked(software, f'user = "app"\n{skel}')
    assert software.run("cat /home/app/.own") == "own\n"


def test_how_a_package_manager_is_configured(software: Software) -> None:
    """A group that comes later is installed as an earlier stage has it."""
    exclude = "path-exclude=/usr/share/doc/*\\npath-include=/usr/share/doc/*/copyright"
    nodoc = stage("nodoc", f"printf '{exclude}\\n' > /etc/dpkg/dpkg.cfg.d/own")
    linked(software, nodoc)
    linked(software, declared(nodoc, apt_packages="bc"))
    found = software.run("find /usr/share/doc/bc -type f")
    assert found == "/usr/share/doc/bc/copyright\n"


SCHEMA = (
    '<schemalist><schema id="org.mine.app" path="/org/mine/app/">'
    '<key name="k" type="b"><default>true</default></key></schema></schemalist>'
)
MIME = (
    '<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">'
    '<mime-type type="application/x-mine"><glob pattern="*.mine"/></mime-type>'
    "</mime-info>"
)
ENTRY = (
    "[Desktop Entry]\\nType=Application\\nName=Mine\\nExec=mine\\n"
    "MimeType=application/x-mine;\\n"
)
BROUGHT = {
    "schema": ("glib-2.0/schemas", "org.mine.app.gschema.xml", SCHEMA),
    "mime": ("mime/packages", "mine.xml", MIME),
    "entry": ("applications", "mine.desktop", ENTRY),
    "page": ("man/man1", "mine.1", ".TH MINE 1\\n.SH NAME\\nmine - what is mine\\n"),
}
ASKED = {
    "schema": ("libglib2.0-bin", "gsettings list-schemas", "org.mine.app"),
    "mime": ("shared-mime-info", "cat /usr/share/mime/globs", "application/x-mine"),
    "entry": (
        "desktop-file-utils",
        "cat /usr/share/applications/mimeinfo.cache",
        "mine.desktop",
    ),
    "page": ("man-db", "apropos mine", "what is mine"),
}


def brings(kind: str) -> str:
    folder, name, text = BROUGHT[kind]
    where = f"/usr/share/{folder}"
    return stage(kind, f"mkdir -p {where}", f"printf '{text}' > {where}/{name}")


@pytest.mark.slow
@pytest.mark.parametrize("kind", BROUGHT)
def test_triggers(kind: str, software: Software) -> None:
    """A package whose trigger reads what a stage brought before is put on the stage."""
    package, script, told = ASKED[kind]
    other = stage("other", "echo other > /other")
    linked(software, declared(brings(kind), other))
    # What man-db keeps holds the times of the pages.
    software.differs = ["/var/cache/man/index.db"]
    software.becomes(declared(brings(kind), other, apt_packages=package), "apt.3")
    assert told in software.run(script)
    # Only where there is something to read: another package has nothing to do with it.
    more = declared(brings(kind), other, apt_packages=f"{package} bc")
    software.becomes(more, "apt.4")


def test_a_copied_directory_has_what_its_stage_stands_on(small: Software) -> None:
    """And not what other stages wrote there before, in a plain build neither."""
    text = declared(
        stage("lib", "mkdir -p /usr/local/lib && echo lib > /usr/local/lib/x"),
        stage("web", "mkdir -p /usr/local/web && echo web > /usr/local/web/x"),
        stage(
            "compile",
            "mkdir -p /usr/local/bin && cp /usr/local/web/x /usr/local/bin/tool",
            on="web",
            more="build_only = true",
        ),
        stage(
            "tests",
            "ls /usr/local > /saw",
            on="compile",
            more="build_only = true\n"
            'copy = [{ stage = "compile", from = "/usr/local", to = "/got" }]',
        ),
        '[[stages]]\nname = "got"\ncopy = ['
        '{ stage = "compile", from = "/usr/local", to = "/opt/compile" },'
        '{ stage = "web", from = "/usr/local", to = "/opt/web" },'
        '{ stage = "tests", from = "/got", to = "/opt/got" },'
        '{ stage = "tests", from = "/saw", to = "/opt/" }]\n',
    )
    linked(small, text)
    found = small.run("cd /opt && find * -type f | sort").split()
    assert found == [
        *("compile/bin/tool", "compile/web/x", "got/bin/tool", "got/web/x"),
        *("saw", "web/web/x"),
    ]
    assert small.run("cat /opt/saw").split() == ["bin", "web"]


def test_names_that_look_like_mount_points(small: Software) -> None:
    """Lines that two stages append to a file are both there, whatever it is called."""
    for name in (".sys", ".proc", "sys.d"):
        one, two = (
            stage(who, f"mkdir -p /{name}", f"echo {who} >> /{name}/file")
            for who in ("one", "two")
        )
        told = warned(small, declared(one, two))
        assert f"'one' and 'two' both write /{name}/file" in told
        assert small.run(f"cat /{name}/file") == "one\ntwo\n"


def test_what_is_copied_below_a_mount_point(small: Software) -> None:
    """It is in the layers of the image, though no container shows it."""
    small.space.write("file", "x\n")
    copy = 'copy = [{ from = "file", to = "/proc/own/file" }]'
    linked(small, f'[[stages]]\nname = "a"\n{copy}\n')


def test_what_a_source_was_put_on_is_not_copied(small: Software) -> None:
    """A copy has what its source declares to stand on, whatever the image holds."""
    copy = 'copy = [{ stage = "%s", from = "/etc/users", to = "/got/%s" }]'
    text = declared(
        stage("one", "echo one >> /etc/users"),
        stage("two", "echo two >> /etc/users"),
        stage("only", "echo only >> /etc/users", on="two", more="build_only = true"),
        stage("linked", more=copy % ("two", "linked")),
        stage("branch", more=copy % ("only", "branch")),
    )
    assert "'one' and 'two' both write /etc/users" in warned(small, text)
    show = "for file in /etc/users /got/linked /got/branch; do paste -sd, $file; done"
    assert small.run(show).split() == ["one,two", "two", "two,only"]
    # The one beside is changed and moves: what is copied is as it was, and none of it
    # runs again.
    assert "both write" in warned(small, text.replace("echo one", "echo 1"))
    assert {"linked", "branch", "only"}.isdisjoint(ran(small))
    assert small.run(show).split() == ["two,1", "two", "two,only"]
