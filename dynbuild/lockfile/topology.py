"""Topological orders of stages by their needs, and the diagnostics if none exists."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache

from dynbuild.errors import Diagnostic, LockError
from dynbuild.steps.model import Stage
from dynbuild.steps.sequence import topological


def dependencies_first(stages: Mapping[str, Stage]) -> list[str]:
    """Return all stage names, each after all that it needs; otherwise by name.

    Raises LockError for a missing stage, a cycle, a linked stage that stands on a
    build-only one, one that stands on a stage with another base, or names that Docker
    does not distinguish: what a textual merge of two locks can cause.
    """
    ordered = in_place(stages)
    problems = [
        *_missing(stages),
        *_not_linked(stages),
        *_without_base(stages),
        *_two_lists(stages, ordered),
        *_alike(stages),
    ]
    if problems:
        raise LockError(*problems)
    if len(ordered) < len(stages):
        cycle = " -> ".join(_cycle(stages, stages.keys() - set(ordered)))
        raise LockError(
            Diagnostic(
                "DB0403",
                f"the lock holds a cycle: {cycle}",
                hint="two merged changes made it: take one of these dependencies out "
                "of the declaration and run `dynbuild lock`",
            )
        )
    return ordered


def in_place(stages: Mapping[str, Stage]) -> list[str]:
    """Return the stages that have a place: after all that they need, otherwise by name.

    Left out is a stage in a cycle, and one that needs a stage without a place.
    """
    return list(_in_place(tuple((name, one.needs) for name, one in stages.items())))


@lru_cache(maxsize=4)
def _in_place(pairs: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[str, ...]:
    """Asked of the stages of a lock, those of its target, and of the next lock."""
    needs = dict(pairs)
    has_place: set[str] = set()
    ordered = []
    for name in topological(needs, {name: (name,) for name in needs}):
        if has_place.issuperset(needs[name]):
            has_place.add(name)
            ordered.append(name)
    return tuple(ordered)


def _cycle(stages: Mapping[str, Stage], left: Collection[str]) -> list[str]:
    """Return a cycle, from its first stage by name back to itself.

    Each stage ``left`` without a place needs another one of them.
    """
    place: dict[str, int] = {}
    name = min(left)
    while name not in place:
        place[name] = len(place)
        name = min(need for need in stages[name].needs if need in left)
    found = list(place)[place[name] :]
    first = found.index(min(found))
    return [*found[first:], *found[:first], found[first]]


def _missing(stages: Mapping[str, Stage]) -> Iterator[Diagnostic]:
    for name, stage in sorted(stages.items()):
        for need in stage.needs:
            if need not in stages:
                yield Diagnostic(
                    "DB0402",
                    f"stage {name!r} needs stage {need!r}, which the lock does not "
                    "hold",
                    hint="two merged changes, one of which removed it: bring it back "
                    "or drop the dependency in the declaration, then run `dynbuild "
                    "lock`",
                )


def _not_linked(stages: Mapping[str, Stage]) -> Iterator[Diagnostic]:
    build_only = {name for name, stage in stages.items() if stage.build_only}
    for name, stage in sorted(stages.items()):
        if name in build_only:
            continue
        for need in stage.dependencies:
            if need in build_only:
                yield Diagnostic(
                    "DB0404",
                    f"stage {name!r} is linked and stands on {need!r}, which is "
                    "build-only",
                    hint=f"copy from {need!r} instead, or make {name!r} build-only too",
                )


def _without_base(stages: Mapping[str, Stage]) -> Iterator[Diagnostic]:
    """Report stages whose base is not that of all they stand on, or of no use."""
    for name, stage in sorted(stages.items()):
        if stage.base is not None and not stage.build_only:
            yield Diagnostic(
                "DB0434",
                f"stage {name!r} has a base of its own and would be part of the image",
                hint="run `dynbuild lock`: it makes such a stage build-only",
            )
        if stage.base is None and (stage.platform is not None or stage.installs):
            what = "is for a platform" if stage.platform else "has packages"
            yield Diagnostic(
                "DB0434",
                f"stage {name!r} {what} and has no base of its own",
                hint="run `dynbuild lock`",
            )
        for need in stage.dependencies:
            if need in stages and stages[need].own_base != stage.own_base:
                yield Diagnostic(
                    "DB0434",
                    f"stage {name!r} stands on {need!r}, which starts from another "
                    "base",
                    hint="two merged changes: give both the same base and platform, "
                    f"or copy from {need!r} instead, then run `dynbuild lock`",
                )


def _two_lists(
    stages: Mapping[str, Stage], ordered: Iterable[str]
) -> Iterator[Diagnostic]:
    """Report stages that stand on the packages of two: one's may remove another's."""
    below: dict[str, frozenset[str]] = {}
    for name in ordered:
        found = {one for need in stages[name].dependencies for one in below[need]}
        below[name] = frozenset(found | ({name} if stages[name].installs else set()))
        if len(below[name]) > 1:
            told = " and ".join(repr(one) for one in sorted(below[name]))
            yield Diagnostic(
                "DB0434",
                f"stage {name!r} stands on the packages of {told}",
                hint="two merged changes: let one stage list the packages, then run "
                "`dynbuild lock`",
            )


def _alike(stages: Mapping[str, Stage]) -> Iterator[Diagnostic]:
    first: dict[str, str] = {}
    for name in sorted(stages):
        other = first.setdefault(name.casefold(), name)
        if other != name:
            yield Diagnostic(
                "DB0415",
                f"the stages {other!r} and {name!r} of the lock differ only in case",
                hint="two merged changes added one each, and Docker does not tell them "
                "apart: rename one in the declaration, then run `dynbuild lock`",
            )
