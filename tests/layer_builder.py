"""A layer builder in memory: what a script does stands in a table.

It has a cache as BuildKit has: the same script on the same layers does not run again,
unless that is asked for. The real one is tested with the same recipes on an engine.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dynbuild.building import BuildFailed, Report, StepResult
from dynbuild.digest import Digest, sha256
from dynbuild.link.choice import Held
from dynbuild.ports import LostError, Realized, StepRequest
from dynbuild.tiers.memory import MemoryTier

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from dynbuild.link.model import Layer, Record
    from tests.properties.small_worlds import Outcome
    from tests.turns import Turns

Key = tuple[str, tuple[Digest, ...], tuple[Digest, ...]]
"""A step, the layers that it stands on, and those that it copies from."""


class MemoryTiers(MemoryTier):
    """A nearest tier alone, as ``ports.Tiers``."""

    def held(
        self, steps: Collection[Digest], *, anew: bool = False
    ) -> tuple[Held, ...]:
        del anew
        return tuple(Held(record) for record in self.find(steps))

    def expect(self, records: Collection[Record]) -> None:
        del records

    def share(self, records: Collection[Record]) -> int:
        del records
        return 0


@dataclass
class TableBuilder:
    """Implements ``ports.LayerBuilder.steps`` for one process.

    ``script`` is given a step and those that it stands on. ``sources`` has the build
    stages that a step copies from, ``parents`` those that steps are built from;
    ``mounts`` has the cache mounts that one step at a time may use. A step of
    ``broken`` fails; ``loses`` says what the cache loses before a build.
    """

    script: Callable[[str, tuple[str, ...]], Outcome]
    turns: Turns
    tier: MemoryTiers
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    asked: Counter[Key] = field(default_factory=Counter)
    """How often a step was asked for on some layers, but for those of failed chains."""
    left: set[str] = field(default_factory=set)
    """The steps whose layers it was asked to leave in it, beside those of another."""
    ran: list[tuple[str, Layer]] = field(default_factory=list)
    """The steps whose scripts ended well, and the layer that each left."""
    copied: dict[Digest, set[tuple[Digest, ...]]] = field(default_factory=dict)
    """The top layers of what each layer was copied from when it was made."""
    loses: Callable[[Key], bool] = lambda _: False
    _cache: dict[Key, Outcome] = field(default_factory=dict)
    _steps: dict[Digest, str] = field(default_factory=dict)
    _busy: list[str] = field(default_factory=list)

    def of_another_process(self) -> TableBuilder:
        """Return this builder as another process sees it: it may wait for mounts."""
        return replace(self, _busy=[])

    def steps(self, request: StepRequest, report: Report) -> tuple[Realized, ...]:
        del report
        self.turns.pause()
        given = [request.on, *request.stacks.values()]
        for layer in {layer for stack in given for layer in stack}:
            if layer.digest in self._steps and not self.tier.has(layer.digest):
                raise LostError
        self.forget()
        on = tuple(layer.diff_id for layer in request.on)
        stacks = {
            name: tuple(layer.diff_id for layer in stack)
            for name, stack in request.stacks.items()
        }
        realized: list[Realized] = []
        results: list[StepResult] = []
        keys: list[Key] = []
        for name in request.inline:
            below = stacks[self.parents[name]]
            outcome, runs, _ = self._made(name, below, stacks, request, results)
            stacks[name] = (*below, outcome.layer.diff_id)
            realized.append(Realized((), {}, (), 1.0, 0, runs, lambda _: ""))
        self.left.update(request.inline)
        for part in request.parts:
            outcome, runs, key = self._made(part.name, on, stacks, request, results)
            keys.append(key)
            realized.append(self._realized(outcome, ran=runs))
            on = (*on, outcome.layer.diff_id)
        self.asked.update(keys)
        return tuple(realized)

    def forget(self) -> None:
        """Lose what the cache has, as a builder may at any time."""
        for key in sorted(self._cache, key=repr):
            if self.loses(key):
                del self._cache[key]

    def _made(
        self,
        name: str,
        on: tuple[Digest, ...],
        stacks: Mapping[str, tuple[Digest, ...]],
        request: StepRequest,
        results: list[StepResult],
    ) -> tuple[Outcome, bool, Key]:
        """Make a step or take it from the cache."""
        copied = [stacks[source] for source in self.sources[name]]
        key = (name, on, tuple(layer for stack in copied for layer in stack))
        fresh = name in request.build.no_cache_steps
        runs = fresh or key not in self._cache
        if runs:
            outcome = self._run(name, on, results)
            self._cache[key] = outcome
            own = [stack[-1] for stack in copied if stack]
            self.copied.setdefault(outcome.layer.digest, set()).add((*own,))
        results.append(StepResult(name, 1.0, runs))
        return self._cache[key], runs, key

    def _run(
        self, step: str, on: tuple[Digest, ...], results: list[StepResult]
    ) -> Outcome:
        used = {mount for other in self._busy for mount in self.mounts[other]}
        assert not self.mounts[step] & used, f"{step} has to wait for a mount"
        self._busy.append(step)
        self.turns.pause()
        self._busy.remove(step)
        if step in self.broken:
            message, done = f"{step} failed", tuple(results)
            raise BuildFailed(step, None, message, (), 1, done)
        below = tuple(self._steps[layer] for layer in on if layer in self._steps)
        outcome = self.script(step, below)
        self._steps[outcome.layer.digest] = step
        self.ran.append((step, outcome.layer))
        return outcome

    def _realized(self, outcome: Outcome, *, ran: bool) -> Realized:
        blob = outcome.layer.digest
        assert blob == sha256(outcome.data)
        self.tier.blobs[blob] = outcome.data
        return Realized(
            (outcome.layer,),
            outcome.writes,
            outcome.reads,
            1.0,
            outcome.made,
            ran,
            lambda _: "",
        )
