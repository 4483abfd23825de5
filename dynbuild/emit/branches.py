"""The build stages of a Dockerfile: a line of linked steps, and its branches.

The line is the image: a linked step stands on the one before it, which holds all that
it needs and more. What is build-only, and what is copied from, is there on its closure
alone: whoever copies a directory of it must not see what else the image happens to
hold. So the steps of its closure stand in a branch once more, where no build stage
holds exactly these.

What a step copies whose script compares times must not come from a builder's own cache,
and can be kept from it by the build stage alone. Whatever else stands there would be
kept from it too, and a script loses the content of its cache mounts then. So such
copies stand in a build stage of their own.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Literal, TypeAlias

from dynbuild.lockfile.order import Placed
from dynbuild.quote import StageName
from dynbuild.steps.model import OwnBase
from dynbuild.steps.recipe import compares_times, inputs_of
from dynbuild.steps.run import BASE_STEP
from dynbuild.values import dataclass

Purpose: TypeAlias = Literal["step", "needs", "files"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a build stage, in a build stage of its own.

    It holds the copies of a step, or all of some steps but the copies that stand before
    it: those of the first one, if that was ``begun``.
    """

    name: StageName
    steps: tuple[str, ...]
    copies: bool = False
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """The build stages for one step: its name, its parent, the steps that it holds.

    It is the step itself, the closure that the step stands on, or the step as others
    copy from it. It is written as ``parts``, each a build stage on the one before; the
    last has its name.
    """

    name: StageName
    parent: StageName
    steps: tuple[str, ...]
    purpose: Purpose
    of: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Branches:
    """All branches in their order, and where copies from a step find it.

    ``bases`` has the build stages that all others start from: that of the image, and
    those of steps with another base. ``last`` is the build stage of the last linked
    step; ``copies`` has the parts in which steps copy what they compare the times of.
    """

    bases: Mapping[OwnBase | None, StageName]
    branches: tuple[Branch, ...]
    sources: Mapping[str, StageName]
    last: StageName

    @property
    def copies(self) -> tuple[StageName, ...]:
        return tuple(
            part.name for stage in self.branches for part in stage.parts if part.copies
        )

    @property
    def copies_of(self) -> Mapping[StageName, StageName]:
        """The parts with the copies of steps, by the build stage of the step."""
        return {
            stage.name: part.name
            for stage in self.branches
            for part in stage.parts
            if part.copies and stage.purpose == "step"
        }

    @property
    def parts(self) -> Mapping[StageName, StageName]:
        """The build stages of steps, by the names of their parts."""
        return {part: name for name, part in self.copies_of.items()}


def branches(order: tuple[Placed, ...], names: Mapping[str, StageName]) -> Branches:
    """Lay out the build stages; ``names`` maps steps to the names of their stages."""
    bases = _bases(order)
    tree = _BranchTree(bases, {*bases.values(), *names.values()})
    copied = {one.stage for placed in order for one in inputs_of(placed.step)}
    branching = [placed for placed in order if not placed.linked or placed.id in copied]
    closures = _closures(order, {placed.id for placed in branching})
    stages: list[Branch] = []
    sources: dict[str, StageName] = {}
    line, last = tree.roots[None], BASE_STEP
    for placed in order:
        id_, name, own = placed.id, names[placed.id], placed.own_base
        if placed.linked:
            stages.append(Branch(name, last, (id_,), "step", id_))
            line, last = line.then(id_), name
            line.name = line.name or name
            if id_ in copied:
                parent, rest = tree.nearest(own, (*closures[id_], id_))
                sources[id_] = parent
                if rest:
                    sources[id_] = files = tree.free(f"{name}.files")
                    stages.append(Branch(files, parent, rest, "files", id_))
                    tree.add(own, (*closures[id_], id_), files)
            continue
        parent, rest = tree.nearest(own, closures[id_])
        if rest:
            needs = tree.free(f"{name}.needs")
            stages.append(Branch(needs, parent, rest, "needs", id_))
            tree.add(own, closures[id_], needs)
            parent = needs
        stages.append(Branch(name, parent, (id_,), "step", id_))
        tree.add(own, (*closures[id_], id_), name)
        if id_ in copied:
            sources[id_] = name
    comparing = {placed.id for placed in order if compares_times(placed.step)}
    parted = tuple(
        replace(stage, parts=tuple(_parts(stage, comparing, tree)))
        for stage in [*_apart(stages, sources, tree)]
    )
    return Branches(bases, parted, sources, last)


def _bases(order: tuple[Placed, ...]) -> dict[OwnBase | None, StageName]:
    """Name the build stages of the images that steps start from; no step is called so.

    In the order of the images: another base leaves those before it alone.
    """
    found = {placed.own_base for placed in order if placed.own_base is not None}
    owns = sorted(found, key=lambda own: (own.image, own.platform or ""))
    bases: dict[OwnBase | None, StageName] = {None: BASE_STEP}
    for number, own in enumerate(owns, 1):
        bases[own] = StageName(f"base.{number}")
    return bases


def _parts(
    stage: Branch,
    comparing: Collection[str],
    tree: "_BranchTree",
) -> Iterator[Part]:
    """Split a branch into its parts; there is no part without steps."""
    steps: tuple[str, ...] = ()
    begun = False
    for id_ in stage.steps:
        if id_ in comparing:
            if steps:
                yield Part(tree.free(f"{stage.name}.on"), steps, begun=begun)
            yield Part(tree.free(f"{stage.name}.copies"), (id_,), copies=True)
            steps, begun = (), True
        steps = (*steps, id_)
    yield Part(stage.name, steps, begun=begun)


def _apart(
    stages: list[Branch], sources: dict[str, StageName], tree: "_BranchTree"
) -> Iterator[Branch]:
    """Give each copy source that is also a parent a build stage of its own.

    A builder is given a build stage by its name: what one stands on and what another
    copies from may be different layers.
    """
    parents = {stage.parent for stage in stages}
    for stage in stages:
        yield stage
        if sources.get(stage.of) == stage.name and stage.name in parents:
            files = tree.free(f"{stage.name}.files")
            sources[stage.of] = files
            yield Branch(files, stage.name, (), "files", stage.of)


def _closures(
    order: tuple[Placed, ...], wanted: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Return the closures of some steps, in lock order."""
    indices = {placed.id: index for index, placed in enumerate(order)}
    below: list[int] = []
    closures: dict[str, tuple[str, ...]] = {}
    for placed in order:
        reached = 0
        for other in placed.on:
            reached |= 1 << indices[other] | below[indices[other]]
        below.append(reached)
        if placed.id in wanted:
            closures[placed.id] = tuple(
                step.id
                for index, step in enumerate(order[: reached.bit_length()])
                if reached >> index & 1
            )
    return closures


@dataclass(slots=True)
class _Node:
    """A node of the trie of build stages by the steps that they hold."""

    name: StageName | None = None
    next: dict[str, "_Node"] = field(default_factory=dict)

    def then(self, step: str) -> "_Node":
        return self.next.setdefault(step, _Node())


class _BranchTree:
    """The build stages by the steps that they hold, in lock order."""

    def __init__(
        self, bases: Mapping[OwnBase | None, StageName], names: Collection[StageName]
    ) -> None:
        self._names = set(names)
        self._bases = bases
        self.roots = {own: _Node(name) for own, name in bases.items()}

    def free(self, wanted: str) -> StageName:
        """Reserve a name that no build stage has."""
        while wanted in self._names:
            wanted += "s"
        name = StageName(wanted)
        self._names.add(name)
        return name

    def add(self, own: OwnBase | None, steps: Iterable[str], name: StageName) -> None:
        node = self.roots[own]
        for step in steps:
            node = node.then(step)
        node.name = node.name or name

    def nearest(
        self, own: OwnBase | None, steps: tuple[str, ...]
    ) -> tuple[StageName, tuple[str, ...]]:
        """Return the stage with the longest prefix of the steps, and the others."""
        node, name, covered = self.roots[own], self._bases[own], 0
        for depth, step in enumerate(steps, 1):
            if step not in node.next:
                break
            node = node.next[step]
            if node.name is not None:
                name, covered = node.name, depth
        return name, steps[covered:]
