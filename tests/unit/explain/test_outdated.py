"""What is outdated, as a function of what is known."""

from dynbuild.digest import Digest
from dynbuild.explain.outdated import (
    Finding,
    images,
    installed_by_pip,
    newest_version,
    packages,
)
from dynbuild.link.model import Written
from dynbuild.lockfile.model import Lock
from dynbuild.steps.log import Event
from dynbuild.steps.model import Install, Pin

OLD, NEW = Digest("sha256:old"), Digest("sha256:new")
LOCK = Lock(
    Pin("debian:12", OLD),
    packages={
        "apt": {"curl": (Event(1, Install("curl")),)},
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
    assert [*packages(LOCK, installed, newest, {"apt": "inside"})] == [
        Finding("apt", "curl", "unknown", note="inside"),
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
