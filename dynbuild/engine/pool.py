"""Several builders: each build goes to one of them, and on to others if that one dies.

A builder that has a step's sources in its own cache is asked first, then one that runs
the step's platform without emulation, then the one with the least to do, and of these
the one that was given or has built the most of what the step needs. Layers go from one
to the other through the tiers, as they do between two runs. The nodes of one builder
are builders each.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field, replace
from typing import TypeVar

from dynbuild.building import (
    BuildEvent,
    BuildFailed,
    BuildRequest,
    Built,
    Load,
    Nowhere,
    PlatformImage,
    Report,
    StepFinished,
    StepStarted,
    UnsuitedError,
)
from dynbuild.digest import BlobDigest
from dynbuild.engine.buildx import Buildx
from dynbuild.engine.suited import lacking
from dynbuild.errors import (
    CommandFailed,
    Diagnostic,
    DynbuildError,
    UnreachableError,
)
from dynbuild.link.model import Layer, WriteSet
from dynbuild.ports import (
    Base,
    Config,
    ImageLoader,
    LayerBuilder,
    Realized,
    Stack,
    StepRequest,
)
from dynbuild.quote import StageName
from dynbuild.values import dataclass

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class BuilderPool:
    """The builders of a run: what each has to do, what it has built, which are gone."""

    buildx: Buildx
    tell: Callable[[Diagnostic], None]
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _asking: threading.Lock = field(default_factory=threading.Lock)
    _busy: Counter[str] = field(default_factory=Counter)
    _held: set[tuple[str, BlobDigest]] = field(default_factory=set)
    _homes: dict[tuple[str, StageName], str] = field(default_factory=dict)
    _platforms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _gone: dict[str, DynbuildError] = field(default_factory=dict)
    _trying: threading.Lock = field(default_factory=threading.Lock)
    _lacking: dict[str | None, str | None] = field(default_factory=dict)

    def somewhere(
        self,
        request: BuildRequest,
        attempt: Callable[[BuildRequest], _T],
        names: Collection[StageName] = (),
        needed: Collection[Layer] = (),
    ) -> _T:
        """Build with one of a request's builders; with another one where it dies.

        ``names`` are the stages that the build makes, ``needed`` the layers that it is
        given. Raises what the attempt raises; UnreachableError when no builder is left.
        """
        builders = self.buildx.nodes(request.builders)
        if not builders:
            try:
                return attempt(request)
            except BuildFailed as error:
                if (why := self._unsuited(None, error)) is not None:
                    raise UnsuitedError(why) from None
                raise
        request = replace(request, builders=builders)
        for builder in builders if len(builders) > 1 else ():
            self._learn(builder, builders)
        while True:
            with self._taken(request, names, needed) as builder:
                try:
                    return attempt(replace(request, builders=(builder,)))
                except (BuildFailed, CommandFailed, UnreachableError) as error:
                    if not (
                        self._is_gone(builder, builders)
                        or self._is_unsuited(builder, builders, error)
                    ):
                        raise

    @contextmanager
    def _taken(
        self,
        request: BuildRequest,
        names: Collection[StageName],
        needed: Collection[Layer],
    ) -> Iterator[str]:
        """Take a builder for a while. Raises UnreachableError when none is left."""
        with self._turn:
            left = self._left(request.builders)
            if not left:
                lost = [self._gone[builder] for builder in request.builders]
                if all(isinstance(one, UnsuitedError) for one in lost):
                    raise lost[0]
                raise UnreachableError(*(one.diagnostics[0] for one in lost))
            parts = [(",".join(request.platforms), name) for name in names]
            homes = {self._homes[part] for part in parts if part in self._homes}
            work = {one: (self._busy[one], self._lacks(one, needed)) for one in left}
            builder = chosen(left, request.platforms, self._platforms, work, homes)
            self._busy[builder] += 1
            self._homes.update(dict.fromkeys(parts, builder))
        try:
            yield builder
        finally:
            with self._turn:
                self._busy[builder] -= 1

    def holds(self, builder: str, layers: Collection[Layer]) -> None:
        """Note layers that a builder was given or has built."""
        with self._turn:
            self._held.update((builder, layer.digest) for layer in layers)

    def _lacks(self, builder: str, needed: Collection[Layer]) -> int:
        """Return the bytes of layers that a builder is not known to have."""
        held = self._held
        lacking = (one for one in needed if (builder, one.digest) not in held)
        return sum(layer.size for layer in lacking)

    def _left(self, builders: Collection[str]) -> list[str]:
        return [builder for builder in builders if builder not in self._gone]

    def _learn(self, builder: str, builders: Collection[str]) -> None:
        """Ask a builder once which platforms it runs."""
        with self._asking:
            if builder not in self._platforms and builder not in self._gone:
                self._is_gone(builder, builders)

    def _is_gone(self, builder: str, builders: Collection[str]) -> bool:
        """Whether a builder does not answer; told once, if others are left."""
        try:
            self._platforms[builder] = self.buildx.platforms(builder)
        except UnreachableError as error:
            self._leave(builder, builders, error)
            return True
        return False

    def _leave(
        self, builder: str, builders: Collection[str], error: DynbuildError
    ) -> None:
        """Use a builder no more; that is told once, if others are left."""
        with self._turn:
            known = builder in self._gone
            self._gone[builder] = error
            left = ", ".join(self._left(builders))
        if left and not known:
            why = error.diagnostics[0]
            hint = f"what it had to build goes to: {left}"
            self.tell(replace(why, hint=hint, severity="warning"))

    def _is_unsuited(
        self, builder: str, builders: Collection[str], error: Exception
    ) -> bool:
        """Whether a build failed since its builder takes or gives no layouts."""
        if (why := self._unsuited(builder, error)) is None:
            return False
        self._leave(builder, builders, UnsuitedError(why, builder))
        return True

    def _unsuited(self, builder: str | None, error: Exception) -> str | None:
        """Return what a builder lacks, if that may be why a build failed in no step."""
        if not isinstance(error, BuildFailed) or error.step is not None:
            return None
        with self._trying:
            if builder not in self._lacking:
                self._lacking[builder] = lacking(self.buildx, builder)
        return self._lacking[builder]


def chosen(
    left: Collection[str],
    wanted: Collection[str],
    platforms: Mapping[str, Sequence[str]],
    work: Mapping[str, tuple[int, int]],
    homes: Collection[str],
) -> str:
    """Return which of the builders that are left makes a build.

    One of its ``homes``, which have parts of it in their caches; else one whose own
    platform it is for, before those that emulate that; of these the one with the least
    ``work``: the builds that it makes, then the bytes that it has to be given.
    """

    def rank(builder: str) -> tuple[bool, int, tuple[int, int]]:
        known = platforms.get(builder, ())
        far = 0 if {*wanted} <= {*known[:1]} else 1 if {*wanted} <= {*known} else 2
        return builder not in homes, far, work.get(builder, (0, 0))

    return min(left, key=rank)


@dataclass(frozen=True, slots=True)
class PooledLayerBuilder:
    """Implements ``ports.LayerBuilder``: each build with one of several builders."""

    pool: BuilderPool
    each: LayerBuilder

    def base(self, image: str, request: BuildRequest) -> Base:
        return self.pool.somewhere(request, lambda one: self.each.base(image, one))

    def steps(self, request: StepRequest, report: Report) -> tuple[Realized, ...]:
        several = len(self.pool.buildx.nodes(request.build.builders)) > 1
        needed = {layer for stack in request.stacks.values() for layer in stack}

        def attempt(build: BuildRequest) -> tuple[Realized, ...]:
            one = replace(request, build=build)
            if not several:
                return self.each.steps(one, report)
            try:
                made = self.each.steps(one, _saying(build.builder, report))
            except BuildFailed as error:
                error.steps = tuple(
                    replace(x, builder=build.builder) for x in error.steps
                )
                error.builder = build.builder
                raise
            own = (layer for x in made for layer in x.layers)
            self.pool.holds(build.builder or "", {*needed, *own})
            return tuple(replace(x, builder=build.builder) for x in made)

        names = [*request.inline, *(part.name for part in request.parts)]
        return self.pool.somewhere(request.build, attempt, names, needed)

    def tree(self, request: BuildRequest, report: Report) -> tuple[WriteSet, Config]:
        return self.pool.somewhere(request, lambda one: self.each.tree(one, report))


def _saying(builder: str | None, report: Report) -> Report:
    """Let events of steps tell the builder."""

    def told(event: BuildEvent) -> None:
        if isinstance(event, StepStarted | StepFinished):
            event = replace(event, builder=builder)
        report(event)

    return told


@dataclass(frozen=True, slots=True)
class PooledImageLoader:
    """Implements ``ports.ImageLoader``: each image with one of several builders.

    What only Docker is to load goes to Docker's own builder, where that can take it:
    through another one all of it would travel twice.
    """

    pool: BuilderPool
    each: ImageLoader

    def image(
        self, images: Mapping[str, PlatformImage], request: BuildRequest, report: Report
    ) -> Built:
        outputs = {*request.outputs} - {Nowhere()}
        if request.builders and outputs == {Load()}:
            with suppress(BuildFailed, CommandFailed, UnreachableError):
                return self.each.image(images, replace(request, builders=()), report)
        return self.pool.somewhere(
            request, lambda one: self.each.image(images, one, report)
        )

    def enter(
        self, stack: Stack, config: Config, request: BuildRequest, command: list[str]
    ) -> int:
        return self.pool.somewhere(
            request, lambda one: self.each.enter(stack, config, one, command)
        )
