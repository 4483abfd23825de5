"""Groups of apt whose versions are written down: scripts, what they leave, readers."""

from dataclasses import replace

import pytest

from dynbuild.inside.codec import dumps, loads
from dynbuild.inside.model import Reading
from dynbuild.inside.readers import reader_of, reading
from dynbuild.link.reads import TELLING
from dynbuild.steps.managers.apt_pinned import (
    CAME,
    PINNING,
    install,
    is_older,
    versions_of,
)
from dynbuild.steps.managers.came import Came
from dynbuild.steps.model import Group, Install, Remove, Upgrade
from dynbuild.steps.pinned import Pinned
from dynbuild.steps.pins import is_resolvable, on, pinned_groups, unresolved
from dynbuild.steps.recipe import run_of

SUM, OTHER = "1" * 64, "2" * 64
HEAD = "# What came, as dynbuild lock --resolve writes it down.\n"
STATUS = """\
Package: dpkg
Status: install ok installed
Architecture: amd64
Version: 1

Package: jq
Status: install ok installed
Architecture: amd64
Version: 1.6

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""


def group(**specs: str) -> Group:
    actions = {
        name: Remove() if spec == "-" else Upgrade() if spec == "^" else Install(spec)
        for name, spec in specs.items()
    }
    declared = {name: spec for name, spec in specs.items() if spec != "-"}
    return Group("apt", actions, declared)


def pinned(of: Group, versions: dict[str, str], **sums: str) -> Group:
    known = {what.replace("_", " "): frozenset({one}) for what, one in sums.items()}
    return replace(of, pinned=Pinned(versions, known))


def script(of: Group) -> str:
    run = run_of(of, {}, None)
    assert run is not None
    return run.script


def test_scripts() -> None:
    plain = group(jq="jq")
    assert CAME not in script(plain)
    noting = script(pinned(plain, {}))
    assert CAME in noting
    assert "--allow-downgrades jq" in noting
    upgrades = replace(plain, upgrades=True)
    assert "apt-get upgrade" in script(pinned(upgrades, {}))
    assert "apt-get upgrade" not in script(pinned(upgrades, {"jq": "1", "*": "-"}))
    text = script(pinned(plain, {"jq": "1.6", "libjq1": "1.6", "mta": "=exim4"}))
    assert "set -- jq=1.6 libjq1=1.6\n" in text
    assert "--allow-downgrades" not in text
    assert "printf '%s\\n' exim4 jq | cat - /tmp/manual" in text
    older = pinned(group(jq="jq=1.*"), {"jq": "1.6"})
    assert older.pinned is not None
    assert "--allow-downgrades" in install(older, older.pinned)


def test_the_digest_holds_the_versions_and_not_the_specs() -> None:
    one = pinned(group(jq="jq"), {"jq": "1.6"}, jq_1_6=SUM)
    assert script(one) == script(pinned(group(jq="jq"), {"jq": "1.6"}))
    assert script(one) != script(pinned(group(jq="jq"), {"jq": "1.7"}))
    assert one.pinned == Pinned({"jq": "1.6"})


def test_what_came_is_read() -> None:
    text = f"{HEAD}jq 1.6 {SUM} manual\nlibjq1 1.6 - auto\n"
    found = PINNING.came(text)
    assert found == (
        Came("jq", "1.6", SUM, chosen=True),
        Came("libjq1", "1.6", "", chosen=False),
    )
    odd = (f"{HEAD}jq 1_6 - auto\n", f"{HEAD}$(jq) 1.6 - auto\n")
    for bad in ("", text.removeprefix(HEAD), f"{HEAD}jq\n", *odd):
        with pytest.raises(ValueError, match=r"^.*$"):
            PINNING.came(bad)
    assert TELLING.match(CAME)
    reader = reader_of(CAME)
    assert reader is not None
    noted = reading(reader, text.encode())
    assert noted == Reading(noted=tuple(text.splitlines()))
    assert loads(dumps({CAME: noted})) == {CAME: noted}


def test_what_is_written_down() -> None:
    brought = (
        Came("app", "2", SUM, chosen=True),
        Came("exim4", "4", SUM, chosen=True),
        Came("lib", "1", SUM, chosen=False),
    )
    wanted = group(app="app", mta="mta", there="^")
    assert versions_of(wanted, brought, {"there": "7", "app": "2"}) == {
        "app": "2",
        "exim4": "4",
        "lib": "1",
        "mta": "=exim4",
        "there": "7",
    }
    alone = replace(group(mta="mta"), upgrades=True)
    assert versions_of(alone, (), {}) == {"mta": "-", "*": "-"}


def differences(of: Group, text: str) -> tuple[str, ...]:
    return PINNING.differs(of, lambda path: text if path == CAME else STATUS)


def test_what_came_is_compared() -> None:
    plain = group(jq="jq")
    assert differences(plain, "") == ()
    assert differences(pinned(plain, {}), "") == ()
    one = pinned(plain, {"jq": "1.6", "libc6:i386": "2"}, **{"jq_1.6": SUM})
    assert differences(one, "") == ("it does not say what came",)
    assert differences(one, f"{HEAD}jq 1.6 {SUM} manual\n") == ()
    (message,) = differences(one, f"{HEAD}jq 1.6 {OTHER} manual\n")
    assert message == f"jq 1.6: its digest is {OTHER}, and not {SUM}"
    (message,) = differences(one, f"{HEAD}jq 1.6 - manual\n")
    assert message == f"jq 1.6: its digest is none that the index has, and not {SUM}"
    other = pinned(plain, {"jq": "1.5", "gone": "1"})
    assert differences(other, f"{HEAD}jq 1.6 {SUM} manual\nlib 1 {SUM} auto\n") == (
        "gone: the lock has 1, and it is not there",
        "jq: the lock has 1.5, and it is 1.6",
        "lib: 1 came, and the lock has none",
        "jq 1.6: dynbuild.sum has no digest of it",
        "lib 1: dynbuild.sum has no digest of it",
    )


def test_which_versions_count() -> None:
    first, second, third = group(jq="jq"), group(git="git"), group(jq="^")
    gone = group(git="-")
    every = [(1, first), (2, second), (3, third), (4, gone)]
    events = {1: {"jq": "1.6", "lib": "2"}, 2: {"lib": "2"}, 3: {"jq": "1.5"}}
    found = dict(pinned_groups(every, {"linux/amd64": events}, {}))
    assert on(found[1], "linux/amd64").pinned == Pinned({"jq": "1.6", "lib": "2"})
    assert on(found[1], "linux/arm64").pinned is None
    assert not found[2].pins
    assert not found[3].pins
    assert not found[4].pins
    assert on(found[4], "linux/amd64") is found[4]
    assert [
        (one.seq, one.undoes) for one in unresolved("apt", every, events, "linux/amd64")
    ] == [(2, ()), (3, (("jq", "1.5", "1.6"),))]
    asked = [(1, first), (3, group(jq="jq=1.5*"))]
    found = dict(pinned_groups(asked, {"": {1: {"jq": "1.6"}, 3: {"jq": "1.5"}}}, {}))
    assert found[3].pins
    sums = {"apt linux/amd64 jq 1.6": frozenset({SUM})}
    found = dict(pinned_groups(every, {"linux/amd64": events}, sums))
    assert found[1].pins["linux/amd64"].sums == {"jq 1.6": frozenset({SUM})}
    # Versions that are to be noted.
    found = dict(pinned_groups(every, {"": {1: {}}}, {}))
    assert found[1].pins[""].noting


def test_what_can_be_written_down() -> None:
    assert is_resolvable(group(jq="jq"))
    assert not is_resolvable(group(jq="-"))
    assert is_resolvable(replace(group(jq="-"), upgrades=True))
    assert not is_resolvable(replace(group(jq="jq"), manager="yum"))
    whole = replace(group(), upgrades=True)
    assert [one.seq for one in unresolved("apt", [(1, whole)], {1: {"jq": "1"}}, "")]
    assert not [*unresolved("apt", [(1, whole)], {1: {"*": "-"}}, "")]


def test_older() -> None:
    assert is_older("1.9", "1.10")
    assert is_older("1.0~rc1", "1.0")
    assert not is_older("1:0.1", "9")
    assert is_older("no version", "1")
    assert not is_older("no version", "no version")
