"""Traces of real image definitions: their versions, what they cost, and the bound.

One gzipped JSON line for each version, oldest first: ``base`` and ``stages`` by build
segment; each stage has a ``name`` that is stable over time, ``content`` (a digest of
what it does), ``cost`` (about seconds), ``needs`` (names) and ``touches`` (shared state
that it writes). A name of the form ``segment|manager:package`` is a package.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dynbuild.digest import digest_of


@dataclass(frozen=True)
class Item:
    """A stage or a package of one version."""

    name: str
    content: str
    cost: float
    needs: tuple[str, ...]
    touches: tuple[str, ...]
    package: bool


@dataclass(frozen=True)
class Version:
    """One segment at one commit, in the order in which it is written."""

    base: str
    items: tuple[Item, ...]

    @property
    def keys(self) -> Mapping[str, str]:
        """What each item depends on: the base, what it does, what it needs."""
        keys: dict[str, str] = {}
        for item in self.items:
            needs = sorted(keys[need] for need in item.needs)
            keys[item.name] = digest_of(
                {"base": self.base, "content": item.content, "needs": [*needs]}
            )
        return keys


History = Sequence[Version]
"""The versions of one segment, oldest first, each different from the one before."""


@dataclass(frozen=True)
class Trace:
    """A history of an image definition: one history for each build segment."""

    name: str
    by_package: bool
    segments: Sequence[History]


def traces_in(folder: Path) -> Iterator[Trace]:
    for path in sorted(folder.glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        yield Trace(name, name.endswith(".pkg"), _segments(path, name.endswith(".pkg")))


def _segments(path: Path, by_package: bool) -> list[History]:  # noqa: FBT001
    segments: dict[str, list[Version]] = {}
    with gzip.open(path, "rt") as lines:
        for line in lines:
            told = json.loads(line)
            items: dict[str, list[Item]] = {name: [] for name in told["base"]}
            for one in told["stages"]:
                items.setdefault(one["segment"], []).append(_item(one, by_package))
            for segment, those in items.items():
                version = Version(told["base"].get(segment, ""), _sound(those))
                history = segments.setdefault(segment, [])
                if those and (not history or history[-1] != version):
                    history.append(version)
    return [history for history in segments.values() if history]


def _item(told: Mapping[str, object], by_package: bool) -> Item:  # noqa: FBT001
    name = str(told["name"]).partition("|")[2]
    needs, touches = told["needs"], told["touches"]
    assert isinstance(needs, list)
    assert isinstance(touches, list)
    unit = name.startswith("u") and name[1:].isdigit()
    return Item(
        name=name,
        content=str(told["content"]),
        cost=float(str(told["cost"])),
        needs=tuple(need.partition("|")[2] for need in needs),
        touches=tuple(touches),
        package=by_package and not unit,
    )


def _sound(items: Sequence[Item]) -> tuple[Item, ...]:
    """Leave out what a package needs of stages: here packages come first.

    The bound leaves it out as well.
    """
    packages = {item.name for item in items if item.package}
    names = {item.name for item in items}
    return tuple(
        Item(
            item.name,
            item.content,
            item.cost,
            tuple(
                need
                for need in item.needs
                if need in (packages if item.package else names)
            ),
            item.touches,
            item.package,
        )
        for item in items
    )


def bound(history: History) -> float:
    """The cost of what has to run: keys never seen before; the first version is free.

    Whole histories are compared, the first build left out.
    """
    seen: set[str] = set()
    total = 0.0
    for number, version in enumerate(history):
        for item in version.items:
            key = version.keys[item.name]
            if key not in seen:
                seen.add(key)
                total += item.cost if number else 0.0
    return total
