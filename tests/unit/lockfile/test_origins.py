"""Where packages come from, in the lock: indexes, sources of stages, secrets."""

from dataclasses import replace

import pytest

from dynbuild.errors import LockError
from dynbuild.explain.next_change import changed
from dynbuild.lockfile.changes import Change, compare
from dynbuild.lockfile.codec import dumps, loads, read
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.requests import asked_since, is_repacked
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.log import EVERYTHING
from dynbuild.steps.model import AptSource, Group, Index, Stage
from dynbuild.steps.title import title
from tests.pins import pinned

BASE, OTHER = pinned("docker.io/library/debian:12"), pinned("docker.io/library/node:22")
OPEN = AptSource("https://open/debian", ("stable",), ("main",))
CLOSED = AptSource("https://closed/debian", ("stable",), ("main",), secret="apt")
PYPI = Index("https://pypi.example.com/simple", secret="pypi")
SCOPE = Index("https://npm.example.com", "@team")


def target(
    *stages: Stage,
    apt: str = "",
    pip: str = "",
    sources: tuple[AptSource, ...] = (),
    of_pip: tuple[Index, ...] = (),
    of_npm: tuple[Index, ...] = (),
) -> Target:
    lists = {"apt": apt.split(), "pip": pip.split()}
    packages = {name: {spec: spec for spec in of} for name, of in lists.items() if of}
    indexes = {name: of for name, of in (("pip", of_pip), ("npm", of_npm)) if of}
    return Target(
        BASE,
        packages,
        sources=sources,
        stages=stages,
        indexes=indexes,
        images={OTHER.image: OTHER} if stages else {},
    )


def apart(specs: str, *sources: AptSource, **more: tuple[Index, ...]) -> Stage:
    packages = {
        f"{manager} {spec}": spec
        for one in specs.split()
        for manager, _, spec in [one.partition(":")]
    }
    return Stage(
        "apart",
        commands=("make",),
        build_only=True,
        base=OTHER.image,
        packages=packages,
        apt_sources=tuple(sorted(sources, key=repr)),
        **more,
    )


def digests(lock: Lock) -> dict[str, str]:
    (platform, *_) = BASE.platforms
    return dict(resolve(lock, platform, {}, {}).digests)


def groups(lock: Lock) -> dict[str, Group]:
    return {
        placed.id: placed.step
        for placed in install_order(lock)
        if isinstance(placed.step, Group)
    }


def test_a_group_has_the_logins_of_the_sources_that_it_stands_on() -> None:
    before = update(None, target(apt="curl", sources=(OPEN,)))
    after = update(before, target(apt="curl jq", sources=(OPEN, CLOSED)))
    login = Index(CLOSED.uri, secret="apt")
    found = groups(after)
    assert {id_: group.indexes for id_, group in found.items()} == {
        "apt.2": (),
        "apt.4": (login,),
    }
    kept = digests(before)
    assert {id_: digests(after)[id_] for id_ in kept} == kept


def test_an_index_is_of_all_groups_of_its_manager() -> None:
    here, there = (PYPI,), (replace(PYPI, url="https://elsewhere/simple"),)
    before = update(None, target(apt="curl", pip="flask"))
    asked = update(before, target(apt="curl", pip="flask", of_pip=here))
    assert groups(asked)["pip.2"].indexes == here
    assert digests(asked)["apt.1"] == digests(before)["apt.1"]
    assert digests(asked)["pip.2"] != digests(before)["pip.2"]
    more = update(asked, target(apt="curl", pip="flask jinja2", of_pip=here))
    assert [*groups(more)] == ["apt.1", "pip.2", "pip.3"]
    less = update(more, target(apt="curl", pip="jinja2", of_pip=here))
    assert len(groups(less)) == 4
    moved = update(less, target(apt="curl", pip="jinja2", of_pip=there))
    assert moved.packages["pip"].keys() == {"jinja2"}
    assert len(groups(moved)) == 2
    assert compare(less, moved)[:2] == (
        Change("removed", "index", "pip https://pypi.example.com/simple"),
        Change("added", "index", "pip https://elsewhere/simple"),
    )


def test_changes_of_indexes_are_told() -> None:
    def told(before: tuple[Index, ...], after: tuple[Index, ...]) -> list[Change]:
        one, other = (
            update(None, target(apt="curl", of_npm=of)) for of in (before, after)
        )
        return [*compare(one, other)]

    plain = Index("https://npm.example.com")
    name = "npm https://npm.example.com"
    assert told((), (SCOPE,)) == [Change("added", "index", f"{name} for @team")]
    assert told((SCOPE,), ()) == [Change("removed", "index", f"{name} for @team")]
    assert told((plain,), (replace(plain, secret="npm"),)) == [
        Change("changed", "index", name, details=("secret",))
    ]
    assert told((plain, SCOPE), (SCOPE, plain)) == [
        Change("changed", "index", "npm", details=("order",))
    ]


def test_sources_of_a_stage_stand_before_its_packages() -> None:
    lock = update(None, target(apart("apt:gcc", OPEN)))
    more = update(lock, target(apart("apt:gcc apt:make", OPEN, CLOSED)))
    steps = [placed.id for placed in install_order(more)]
    assert steps == [
        *("apart.source.1.1", "apart.apt.1", "apart.source.2.2", "apart.apt.2"),
        "apart",
    ]
    assert loads(dumps(more)) == more
    assert dumps(more).startswith(dumps(lock)[:100])
    assert "version = 5\n" in dumps(lock)
    kept = digests(lock)
    del kept["apart"]
    assert {id_: digests(more)[id_] for id_ in kept} == kept
    assert [change.verb for change in compare(lock, more)] == ["changed"]
    assert not is_repacked(lock, more)
    again = update(more, target(apart("apt:gcc apt:make", OPEN, CLOSED)))
    assert again == more


def test_without_a_source_or_from_another_index_a_log_begins_anew() -> None:
    lock = update(None, target(apart("apt:gcc pip:flask", OPEN)))
    lock = update(lock, target(apart("apt:gcc apt:make pip:flask", OPEN)))
    assert len(groups(lock)) == 3
    for stage in (
        apart("apt:gcc apt:make pip:flask"),
        apart("apt:gcc apt:make pip:flask", OPEN, pip_index=(PYPI,)),
    ):
        anew = update(lock, target(stage))
        assert len(groups(anew)) == 2
        assert not is_repacked(lock, anew)
        assert asked_since(lock, anew) == replace(asked_since(lock, lock), earlier=anew)


def test_sources_alone_are_of_a_base_of_its_own() -> None:
    lock = update(None, target(apart("", OPEN)))
    stage = replace(lock.stages["apart"].stage, base=None, build_only=True)
    entry = replace(lock.stages["apart"], stage=stage)
    with pytest.raises(LockError, match="has packages and has no base of its own"):
        install_order(replace(lock, stages={"apart": entry}))


def test_everything_is_upgraded_first_and_again_when_asked() -> None:
    wanted = target(apt=f"curl {EVERYTHING}")
    lock = update(None, wanted)
    assert title(groups(lock)["apt.1"]) == "newest of all, curl"
    assert update(lock, wanted) == lock
    asked = Requests(upgrade=frozenset({("apt", EVERYTHING)}))
    more = update(lock, wanted, asked)
    assert title(groups(more)["apt.2"]) == "newest of all"
    assert asked_since(lock, more).upgrade == asked.upgrade
    assert compare(lock, more) == (
        Change("upgraded", "apt", "all that is there", None, 2),
    )
    assert "version = 5\n" in dumps(more)
    assert loads(dumps(more)) == more
    without = update(more, target(apt="curl"))
    assert digests(without) == digests(lock)
    told, counted = compare(more, without)
    assert (told.verb, told.name) == ("removed", "all that is there")
    assert counted == Change("added", "upgrades", "apt")


def test_the_next_change_of_a_group_with_a_login() -> None:
    lock = update(None, target(apt="curl", sources=(CLOSED,)))
    assert changed(lock, groups(lock)["apt.2"]).id == "apt.3"
    own = update(None, target(apart("apt:gcc", CLOSED)))
    assert changed(own, groups(own)["apart.apt.1"]).id == "apart.apt.2"


EMPTY = 'version = 5\n[base]\nimage = "docker.io/library/a:1"\n[indexes]\npip = []\n'
INHERITED = """\
version = 5
[pins."docker.io/library/a:1"]
[images.a]
base = "docker.io/library/a:1"
[images.b]
extends = "a"
[images.b.indexes]
pip = [{ url = "https://a" }]
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (EMPTY, "no index is named"),
        (EMPTY.replace("pip = []", 'apt = "x"'), "indexes"),
        (INHERITED, "has no base of its own"),
    ],
)
def test_a_lock_that_nobody_wrote_is_refused(text: str, said: str) -> None:
    with pytest.raises(LockError, match=said):
        read(text)
