"""What is declared and not there, as the managers' databases tell."""

from dataclasses import replace

import pytest

from dynbuild.link.reads import TELLING
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.left_out import DIRECTORY, mark_of
from dynbuild.steps.model import Group, Install, Remove

STATUS = """\
Package: dpkg
Status: install ok installed
Architecture: amd64
Version: 1.21.22

Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same

Package: libc6
Status: install ok installed
Architecture: i386
Provides: libc6-i686 (= 2.36)

Package: wine32
Status: hold ok installed
Architecture: i386

Package: postfix
Status: install ok installed
Architecture: amd64
Description: an agent
 Provides: nothing
Provides: default-mta, mail-transport-agent (= 3)

Package: tree
Status: install ok installed
Architecture: all

Package: exim4
Status: deinstall ok config-files
Architecture: amd64
Provides: other-mta

Package: half
Status: install ok half-configured
Architecture: amd64
"""


def group(manager: str, *specs: str, installs: str = "") -> Group:
    key = MANAGERS[manager].key
    actions = {key(spec): Install(spec) for spec in installs.split()}
    return Group(manager, actions, {key(spec): spec for spec in specs})


def missing(group: Group, **texts: str) -> tuple[str, ...]:
    find = MANAGERS[group.manager].missing
    assert find is not None
    by_path = {
        "var/lib/dpkg/status": texts.get("status", STATUS),
        "etc/apk/world": texts.get("world", ""),
        f"{DIRECTORY}/{texts.get('mark')}": "a mark\n",
    }
    assert all(map(TELLING.match, by_path))
    return find(group, lambda path: by_path.get(path, ""))


@pytest.mark.parametrize(
    "spec",
    [
        *("libc6", "libc6:amd64", "libc6:i386=2.36-9", "libc6-i686", "wine32"),
        *("wine32:i386", "default-mta", "mail-transport-agent", "tree/sid"),
        *("tree:amd64", "tree:all", "tree:any", "tree:native"),
    ],
)
def test_names_of_installed_packages(spec: str) -> None:
    assert missing(group("apt", spec)) == ()


@pytest.mark.parametrize(
    "spec",
    [
        *("exim4", "other-mta", "half", "nothing", "tree:i386", "wine32:amd64"),
        *("wine32:native", "default-mta:i386", "libc", "(=", "3)"),
    ],
)
def test_other_names(spec: str) -> None:
    assert missing(group("apt", spec)) == (MANAGERS["apt"].key(spec),)


def test_what_a_manager_just_installed_is_not_looked_up() -> None:
    """It fails for what it cannot install; others may have had to make way."""
    assert missing(group("apt", "virtual", "b=1", installs="virtual b=1")) == ()
    assert missing(group("apt", "exim4", "new", installs="new")) == ("exim4",)
    # But an old apt may have installed others for a name that can be an expression.
    assert missing(group("apt", "node.js", installs="node.js")) == ("node.js",)
    removing = group("apt", "new", installs="new")
    removing = replace(removing, actions={**removing.actions, "old": Remove()})
    assert missing(removing) == ("new",)
    kept = replace(removing, kept=frozenset({"old"}))
    assert missing(kept) == ()
    assert missing(Group("apt", {"old": Remove()}, {})) == ()


def test_what_was_left_out_may_be_absent() -> None:
    group_ = replace(group("apt", "half", "exim4=4"), gone=frozenset({"exim4"}))
    assert missing(group_) == ("exim4", "half")
    assert missing(group_, mark=mark_of("apt", "exim4=4")) == ("half",)
    declared = replace(group_, gone=frozenset())
    assert missing(declared, mark=mark_of("apt", "exim4=4")) == ("exim4", "half")


def test_a_database_that_is_not_there_has_nothing() -> None:
    assert missing(group("apt", "dpkg"), status="") == ("dpkg",)


def test_apk_lists_what_was_requested() -> None:
    world = "g++\nnginx~1.26\nown=1\nmail-agent\nrepo@edge\n"
    there = group("apk", "g++", "nginx", "own", "mail-agent", "repo@edge")
    assert missing(there, world=world) == ()
    assert missing(group("apk", "g", "jq", "new", installs="new"), world=world) == (
        *("g", "jq"),
    )


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_script_looks_itself_where_nobody_else_can(manager: str) -> None:
    script = MANAGERS[manager].run(group(manager, "a", "b", installs="b")).script
    looks = "not there after its installation" in script
    assert looks == (MANAGERS[manager].missing is None)
