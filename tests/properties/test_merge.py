"""Two histories from one lock, merged as git merges text."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, given
from hypothesis import strategies as st

from dynbuild.errors import LockError
from dynbuild.lockfile.changes import compare
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Lock, Target, declared_packages
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.requests import asked_since, is_repacked
from dynbuild.lockfile.resolved import environments_of
from dynbuild.lockfile.update import is_rebuilt, update
from dynbuild.steps.log import EVERYTHING, Event, declared, groups
from dynbuild.steps.model import Group, Install, Remove, Stage, Upgrade
from tests.properties.edits import edited, histories, requests

NAMED = {
    "DB0401": "conflict markers",
    "DB0402": "needs stage",
    "DB0403": "cycle",
    "DB0404": "build-only",
    "DB0405": "TOML",
    "DB0409": "copies from the image",
    "DB0415": "differ only in case",
    "DB0416": "to two values",
}


def merged(ours: str, ancestor: str, theirs: str, *flags: str) -> str:
    with TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("ours", "ancestor", "theirs")]
        for path, text in zip(paths, (ours, ancestor, theirs), strict=True):
            path.write_text(text, newline="")
        return subprocess.run(
            ["git", "merge-file", "-p", *flags, *map(str, paths)],
            check=False,
            capture_output=True,
            text=True,
        ).stdout


@given(st.data(), histories(), st.sampled_from([(), ("--union",)]))
def test_a_merge_is_an_order_or_refused_by_name(
    data: st.DataObject, history: list[Target], flags: tuple[str, ...]
) -> None:
    ancestor = None
    for target in history:
        ancestor = update(ancestor, target)
    assert ancestor is not None
    sides: list[tuple[Target, Lock]] = []
    for _ in range(2):
        target, lock = history[-1], ancestor
        for _ in range(data.draw(st.integers(1, 2))):
            target = data.draw(edited(target))
            lock = update(lock, target, data.draw(requests(target, lock)))
        sides.append((target, lock))
    (_, ours), (theirs_target, theirs) = sides
    assume(ours != theirs)
    text = merged(dumps(ours), dumps(ancestor), dumps(theirs), *flags)
    try:
        lock = loads(text)
        order = install_order(lock)
        environments_of(lock)
    except LockError as error:
        for problem in error.diagnostics:
            assert NAMED.get(problem.code, "damaged at") in problem.message
        if any(
            problem.code in {"DB0401", "DB0405", "DB0407"}
            for problem in error.diagnostics
        ):
            return
        lock = loads(text)
    else:
        position = {step.id: place for place, step in enumerate(order)}
        assert len(position) == len(order)
        for step in order:
            below = step.step.needs if isinstance(step.step, Stage) else ()
            assert all(position[one] < position[step.id] for one in (*below, *step.on))
        _replays(lock)
    # Whatever came out of it, the next `dynbuild lock` goes on.
    mended = update(lock, theirs_target)
    install_order(mended)
    assert declared_packages(mended) == theirs_target.packages
    again = update(ours, theirs_target, asked_since(ours, lock))
    assert update(ours, theirs_target, asked_since(ours, again)) == again
    is_repacked(ours, lock)
    compare(lock, mended)


def _replays(lock: Lock) -> None:
    for manager, log in lock.packages.items():
        seen = [group for _, group in groups(manager, log)]
        assert (seen[-1].declared if seen else {}) == _named(declared(log))


def _named(specs: Mapping[str, str]) -> dict[str, str]:
    """Return what is declared by name: all but that all there is be upgraded."""
    return {key: spec for key, spec in specs.items() if key != EVERYTHING}


EVENTS = st.lists(
    st.builds(
        Event,
        st.integers(1, 3),
        st.sampled_from([Install("git"), Install("git=1"), Remove(), Upgrade()]),
    ),
    min_size=1,
    max_size=5,
).map(lambda events: tuple(sorted(events, key=lambda event: event.seq)))


@given(st.dictionaries(st.sampled_from(["git", "jq"]), EVENTS))
def test_a_group_never_lies(log: dict[str, tuple[Event, ...]]) -> None:
    """Any events at all, as merges by hand have them."""
    there: dict[str, str] = {}
    last = 0
    for seq, group in groups("apt", log):
        assert seq > last
        assert group.actions
        last = seq
        for key, action in group.actions.items():
            match action:
                case Install(spec):
                    assert group.declared[key] == spec
                case Remove():
                    assert key in there
                    assert key not in group.declared
                case Upgrade():
                    assert group.declared[key] == there[key]
        rest = there.keys() - group.actions.keys()
        assert all(group.declared[key] == there[key] for key in rest)
        assert group.declared.keys() <= there.keys() | group.actions.keys()
        there = dict(group.declared)
    assert there == declared(log)


@given(histories())
def test_each_group_declares_what_was_declared_then(history: list[Target]) -> None:
    """As far as the log goes back: what is built again anyway is numbered anew."""
    lock = None
    wanted: dict[tuple[str, int], dict[str, str]] = {}
    anew: set[str] = set()
    for target in history:
        before = lock
        lock = update(lock, target)
        for manager in before.packages if before else ():
            is_repacked = before and is_rebuilt(before, target)
            if is_repacked or events_of(before, manager) - events_of(lock, manager):
                wanted = {key: v for key, v in wanted.items() if key[0] != manager}
                anew.add(manager)
        for manager in lock.packages:
            last = max(event.seq for _, event in events_of(lock, manager))
            then = _named(target.packages.get(manager, {}))
            wanted.setdefault((manager, last), then)
    assert lock is not None
    for manager, log in lock.packages.items():
        for seq, group in groups(manager, log):
            known = wanted.get((manager, seq))
            assert group.declared == known or (known is None and manager in anew)


def events_of(lock: Lock | None, manager: str) -> set[tuple[str, Event]]:
    """The events of a log, with their packages."""
    log = lock.packages.get(manager, {}) if lock else {}
    return {(key, event) for key, events in log.items() for event in events}


GONE = frozenset({"git"})


def test_both_sides_removed_it() -> None:
    log = {"git": (Event(1, Install("git")), Event(4, Remove()), Event(5, Remove()))}
    assert [*groups("apt", log)] == [
        (1, Group("apt", {"git": Install("git")}, {"git": "git"}, gone=GONE)),
        (4, Group("apt", {"git": Remove()}, {})),
    ]


def test_one_side_upgraded_what_the_other_removed() -> None:
    for events in [(Remove(), Upgrade()), (Upgrade(), Remove())]:
        log = {"git": (Event(1, Install("git")), *(Event(4, one) for one in events))}
        assert [*groups("apt", log)][1:] == [(4, Group("apt", {"git": Remove()}, {}))]
        assert declared(log) == {}
