"""What is outdated, as a function of what is known."""

from functools import partial

from dynbuild.digest import Digest
from dynbuild.explain.archives import Fix, Offered
from dynbuild.explain.outdated import (
    Finding,
    images,
    installed_by_pip,
    newest_version,
    of_system,
    packages,
)
from dynbuild.inside.model import Package
from dynbuild.link.model import Written
from dynbuild.lockfile.model import Lock
from dynbuild.steps.log import Event
from dynbuild.steps.model import Install, Pin

OLD, NEW = Digest("sha256:old"), Digest("sha256:new")
LOCK = Lock(
    Pin("debian:12", OLD),
    packages={
        "npm": {"curl": (Event(1, Install("curl")),)},
        "pip": {
            "flask": (Event(1, Install("flask")),),
            "rich": (Event(1, Install("rich")),),
        },
    },
    images={"golang:1": Pin("golang:1", OLD), "me": Pin("me", None)},
)


def test_images() -> None:
    now = {"golang:1": Pin("golang:1", OLD), "debian:12": Pin("debian:12", NEW)}
    assert [*images(LOCK, now, {})] == [
        Finding("base", "debian:12", "outdated", OLD, NEW),
        Finding("image", "golang:1", "current", OLD, OLD),
        Finding("image", "me", "unknown", note="it is not pinned"),
    ]
    (base, *_) = images(LOCK, now, {"debian:12": "no answer"})
    assert base == Finding("base", "debian:12", "unknown", OLD, note="no answer")


def test_packages() -> None:
    installed = {"pip": {"flask": "3.0.1", "rich": "13.10"}}
    newest = {"pip": {"flask": "3.1", "rich": "13.9.4"}}
    assert [*packages(LOCK, installed, newest, {"npm": "inside"})] == [
        Finding("npm", "curl", "unknown", note="inside"),
        Finding("pip", "flask", "outdated", "3.0.1", "3.1"),
        Finding("pip", "rich", "current", "13.10", "13.9.4"),
    ]
    told = {"pip flask": "refused", "pip": "not held"}
    _, flask, rich = packages(LOCK, {}, newest, told)
    assert (flask.note, rich.note) == ("refused", "not held")
    assert (flask.state, flask.newest) == ("unknown", "3.1")


def test_versions_that_are_none() -> None:
    strange = {"pip": {"flask": "git", "rich": "1"}}
    newest = {"pip": {"flask": "git", "rich": "git"}}
    _, flask, rich = packages(LOCK, strange, newest, {})
    assert (flask.state, rich.state) == ("current", "outdated")
    assert newest_version(["1.9", "1.10", "2.0rc1", "x"]) == "1.10"
    assert newest_version(["2.0rc1"]) is None


def test_what_pip_installed() -> None:
    file = Written("file")
    first = {
        "usr/lib/python3/dist-packages/Flask-2.0.dist-info/METADATA": file,
        "opt/site-packages/zope.interface-5.4.dist-info/METADATA": file,
        "opt/site-packages/zope.interface-5.4.dist-info/RECORD": file,
    }
    gone = "usr/lib/python3/dist-packages/Flask-2.0.dist-info/METADATA"
    later = {
        gone: Written("whiteout"),
        "usr/lib/python3/dist-packages/flask-3.1.dist-info/METADATA": file,
    }
    assert installed_by_pip([first, later]) == {
        "flask": "3.1",
        "zope-interface": "5.4",
    }


APT = Lock(
    Pin("debian:12", OLD),
    packages={
        "apt": {
            key: (Event(1, Install(key)),)
            for key in ("curl", "git:amd64", "jq", "local", "lost")
        }
    },
)
HAVE = (
    Package("deb", "curl", "7.88.1-10", "amd64"),
    Package("deb", "git", "1:2.39.5-0", "amd64"),
    Package("deb", "jq", "1.6-2.1", "amd64"),
    Package("deb", "libcurl4", "7.88.1-10", "amd64"),
    Package("deb", "libc6", "2.36-9", "amd64"),
    Package("deb", "local", "1", "all"),
    Package("deb", "odd", "not a version", "amd64"),
    Package("pypi", "jq", "1.0"),
)
STABLE = Offered(
    {
        "curl": "7.88.1-10",
        "git": "1:2.39.5-0",
        "jq": "1.6-2.1",
        "libcurl4": "7.88.1-10",
        "libc6": "2.36-10",
        "odd": "1",
    },
    security=False,
)
SECURITY = Offered(
    {"curl": "7.88.1-10+deb12u1", "libcurl4": "7.88.1-10+deb12u1", "git": "1:2.39.2-1"},
    security=True,
)


def test_packages_of_apt() -> None:
    offers = {"amd64": [STABLE, SECURITY]}
    fix = "7.88.1-10+deb12u1"
    assert [*packages(APT, {}, {}, {})] == []
    found = [*of_system(APT, "apt", HAVE, offers, {}, "not there")]
    safe = partial(Finding, "apt", state="outdated", newest=fix, security=True)
    told = {"have": "7.88.1-10", "note": "a security fix"}
    assert found == [
        Finding("apt", "lost", "unknown", note="not there"),
        safe(name="curl", **told),
        Finding("apt", "git", "current", "1:2.39.5-0", "1:2.39.5-0"),
        Finding("apt", "jq", "current", "1.6-2.1", "1.6-2.1"),
        Finding("apt", "libc6", "outdated", "2.36-9", "2.36-10"),
        safe(name="libcurl4", **told),
        Finding("apt", "local", "unknown", "1", note="no source of apt offers it"),
    ]


def test_nothing_is_current_while_a_source_is_silent() -> None:
    failed = {"http://a/debian bookworm-security": "a does not answer"}
    found = {
        one.name: (one.state, one.note)
        for one in of_system(APT, "apt", HAVE, {"amd64": [STABLE]}, failed, "not there")
    }
    assert found["http://a/debian bookworm-security"] == (
        "unknown",
        "a does not answer",
    )
    assert found["jq"] == ("unknown", "a does not answer")
    assert found["libc6"] == ("outdated", "")
    assert "libcurl4" not in found


def test_what_is_for_all_architectures_may_become_for_one() -> None:
    offers = {"amd64": [Offered({"local": "2"}, security=False)], "i386": []}
    found = [
        one
        for one in of_system(APT, "apt", HAVE, offers, {}, "")
        if one.name == "local"
    ]
    assert found == [Finding("apt", "local", "outdated", "1", "2")]


def test_packages_of_apk() -> None:
    log = {name: (Event(1, Install(name)),) for name in ("jq", "odd")}
    lock = Lock(Pin("alpine:3", OLD), packages={"apk": log})
    have = [
        Package("apk", "jq", "1.7.1-r0", "x86_64"),
        Package("apk", "odd", "1_git20", "x86_64"),
        Package("apk", "musl", "1.2.5-r1", "x86_64"),
        Package("apk", "zlib", "1.3-r0", "noarch"),
        Package("deb", "jq", "1", "amd64"),
    ]
    main = {"jq": "1.7.1-r12", "odd": "1", "musl": "1.2.5_rc1"}
    offers = {
        "x86_64": [Offered(one, security=False) for one in (main, {"zlib": "1.10-r0"})]
    }
    assert [*of_system(lock, "apk", have, offers, {}, "not there")] == [
        Finding("apk", "jq", "outdated", "1.7.1-r0", "1.7.1-r12"),
        Finding("apk", "odd", "unknown", "1_git20", note="no source of apk offers it"),
        Finding("apk", "zlib", "outdated", "1.3-r0", "1.10-r0"),
    ]


RPM = (
    Package("rpm", "app", "1.0-1", "x86_64"),
    Package("rpm", "git-core", "2:2.43-1", "x86_64"),
    Package("rpm", "glibc", "2.39-1", "x86_64"),
    Package("rpm", "nodejs", "10.1-1.module_el8+1", "x86_64"),
    Package("rpm", "odd", "1", "x86_64"),
    Package("rpm", "tzdata", "2026a-1", "noarch"),
)


def test_packages_of_yum() -> None:
    """A spec may go on with a version; advisories say what fixes."""
    keys = ("@tools", "app-1.0-1", "git-core.x86_64", "nodejs", "odd", "agent")
    log = {key: (Event(1, Install(key)),) for key in keys}
    lock = Lock(Pin("fedora:40", OLD), packages={"yum": log})
    base = {"app": "1.0-1", "git-core": "2:2.43-1", "nodejs": "20.1-1", "odd": "2-1"}
    updates = {"glibc": "2.39-4", "tzdata": "2026b-1"}
    fixes = {
        "glibc": (
            Fix("2.39-1", ("OLD-1",)),
            Fix("2.39-2", ("FEDORA-1", "CVE-1")),
            Fix("2.39-4", ("FEDORA-2", "CVE-1")),
            Fix("2.39-9", ("OF-ANOTHER-RELEASE",)),
        )
    }
    offers = {
        "noarch": [],
        "x86_64": [
            Offered(base, security=False),
            Offered(updates, security=False, fixes=fixes),
        ],
    }
    assert [*of_system(lock, "yum", RPM, offers, {}, "not there")] == [
        Finding("yum", "agent", "unknown", note="not there"),
        Finding("yum", "app", "current", "1.0-1", "1.0-1"),
        Finding("yum", "git-core", "current", "2:2.43-1", "2:2.43-1"),
        Finding(
            "yum",
            "glibc",
            "outdated",
            "2.39-1",
            "2.39-4",
            "a security fix",
            security=True,
            advisories=("CVE-1", "FEDORA-1", "FEDORA-2"),
        ),
        Finding(
            "yum",
            "nodejs",
            "unknown",
            "10.1-1.module_el8+1",
            note="it is of a module, whose stream only dnf knows",
        ),
        Finding("yum", "odd", "unknown", "1", note="no source of yum offers it"),
        Finding("yum", "tzdata", "outdated", "2026a-1", "2026b-1"),
    ]
