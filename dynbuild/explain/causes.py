"""Why steps run, or differ from before: the differences, and their root causes.

See docs/design/causes.md. Both the digest and the comparison here read the output of
``steps/describe``, so an explanation covers exactly the fields that decide.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from dynbuild.digest import Description, Digest, Field, PlacedDigest, StepDigest
from dynbuild.explain.fields import FieldChange, differing
from dynbuild.explain.past import PreviousSteps
from dynbuild.explain.predict import Prediction
from dynbuild.lockfile.order import Placed
from dynbuild.plan import Build
from dynbuild.steps.model import Stage
from dynbuild.steps.recipe import described_inputs, inputs_of
from dynbuild.values import dataclass

ReasonCode: TypeAlias = Literal[
    "new",
    "base",
    "changed",
    "gone",
    "moved",
    "not-held",
    "stands-on",
    "copies-from",
    "put-on",
    "needed",
]
"""The reason why a step differs, or is built; stable, and listed in docs/why.md."""

CASCADE = frozenset[ReasonCode]({"stands-on", "copies-from", "put-on", "needed"})
"""Reasons that originate in other steps."""

BASE = "base"
"""The id of the base among root causes."""


@dataclass(frozen=True, slots=True)
class RunReason:
    """One reason: the fields that differ, or the other steps that it originates in."""

    code: ReasonCode
    fields: tuple[FieldChange, ...] = ()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RootCause:
    """A root cause: a step or the base, with reasons of its own."""

    step: str
    reasons: tuple[RunReason, ...]

    @property
    def is_new(self) -> bool:
        return [reason.code for reason in self.reasons] == ["new"]


@dataclass(frozen=True, slots=True)
class Cascade:
    """A root, and the steps that run because of it, itself included if it runs."""

    root: RootCause
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CurrentSteps:
    """The steps of a lock, and the prediction for them."""

    order: Sequence[Placed]
    described: Mapping[str, Description]
    digests: Mapping[str, StepDigest]
    prediction: Prediction


_LINKED = FieldChange("build_only", before=True, after=False)
"""Covered by no digest: the stage builds the same, but nothing needed it before."""


class Trace:
    """A memoised walk over the steps: each is visited once per digest compared with."""

    def __init__(self, now: CurrentSteps, before: PreviousSteps) -> None:
        self.now, self.before = now, before
        self.steps = {placed.id: placed for placed in now.order}
        self.runs = frozenset(now.prediction.runs)
        self.cache: dict[tuple[str, StepDigest | None], tuple[RootCause, ...]] = {}
        self.told: dict[str, tuple[RunReason, ...]] = {}

    def reasons(self, id_: str) -> tuple[RunReason, ...]:
        """Return why a step differs from before, or runs although it does not."""
        if id_ not in self.told:
            self.told[id_] = self._reasons(id_, self.before.digests.get(id_))
        return self.told[id_]

    def roots(self, id_: str) -> tuple[RootCause, ...]:
        """Return the root causes: the steps whose own reasons lead to this step."""
        return self._roots(id_, self.before.digests.get(id_))

    def cascades(self) -> tuple[Cascade, ...]:
        """Return the steps that run, grouped by root cause."""
        groups: dict[str, tuple[RootCause, list[str]]] = {}
        for id_ in self.now.prediction.runs:
            for root in self.roots(id_):
                groups.setdefault(root.step, (root, []))[1].append(id_)
        return tuple(Cascade(root, tuple(steps)) for root, steps in groups.values())

    def _reasons(self, id_: str, old: StepDigest | None) -> tuple[RunReason, ...]:
        if old == self.now.digests[id_]:
            return tuple(self._undisturbed(id_)) if id_ in self.runs else ()
        if old is None or old not in self.before.described:
            return (self._first(id_),)
        return tuple(self._differing(self.steps[id_], self.before.described[old]))

    def _roots(self, id_: str, old: StepDigest | None) -> tuple[RootCause, ...]:
        key = id_, old
        if key not in self.cache:
            causes: dict[str, RootCause] = {}
            own: list[RunReason] = []
            self.cache[key] = ()
            reasons = self._reasons(id_, old)
            for reason in reasons:
                if reason.code == "base":
                    causes[BASE] = RootCause(BASE, (reason,))
                elif reason.code not in CASCADE:
                    own.append(reason)
                for step in reason.steps if reason.code in CASCADE else ():
                    for root in self._roots(step, self._as_of(step, old)):
                        causes.setdefault(root.step, root)
            # If no other step differs, this step is the root: the paths that it
            # touches, which decide what it is put on, are in no description.
            if own or (reasons and not causes):
                causes[id_] = RootCause(id_, tuple(own) or reasons)
            self.cache[key] = tuple(causes.values())
        return self.cache[key]

    def _as_of(self, step: str, old: StepDigest | None) -> StepDigest | None:
        """Return the digest that a step had when the step above it was ``old``."""
        above = self.before.described.get(old, {}) if old else {}
        links = [*_texts(above.get("stands_on")), *map(_content, _copies(above))]
        for digest in map(_step, links):
            if step in self.before.ids.get(digest, ()):
                return digest
        return self.before.digests.get(step)

    def _first(self, id_: str) -> RunReason:
        """Return why a step runs for the first time: new, or not needed before."""
        if needed := self._needed(id_):
            return RunReason("needed", steps=needed)
        if self.steps[id_].linked and id_ in self.before.unlinked:
            return RunReason("changed", (_LINKED,))
        return RunReason("new")

    def _needed(self, id_: str) -> tuple[str, ...]:
        """Return the steps that now need a step which was in the lock, but unneeded."""
        if self.steps[id_].linked or id_ not in self.before.known:
            return ()
        return tuple(
            placed.id
            for placed in self.now.order
            if placed.id in self.runs
            and (
                id_ in placed.on
                or any(one.stage == id_ for one in inputs_of(placed.step))
            )
        )

    def _undisturbed(self, id_: str) -> Iterator[RunReason]:
        """Yield the reasons why a step runs although its description is the same."""
        plan = self.now.prediction.plan
        place = plan.places.places[plan.places.final[id_]]
        built = {
            plan.places.places[digest].id
            for digest in place.closure
            if isinstance(plan.choices[digest], Build)
        }
        below = tuple(step for step in self.steps[id_].on if step in built)
        onto = [join.onto for join in place.joins]
        was = self.before.onto.get(id_, tuple(onto))
        differ = [step for step in (*onto, *was) if (step in onto) != (step in was)]
        gone = tuple(step for step in differ if step not in self.steps)
        put = differ or [step for step in onto if step in built]
        put = [step for step in put if step in self.steps and step not in below]
        copied = tuple(self._another(place.sources))
        if below:
            yield RunReason("stands-on", steps=below)
        if copied:
            yield RunReason("copies-from", steps=copied)
        if put:
            yield RunReason("put-on", steps=tuple(put))
        if gone:
            yield RunReason("gone", steps=gone)
        if not (below or copied or put or gone):
            yield RunReason("not-held")

    def _another(self, sources: Sequence[PlacedDigest]) -> Iterator[str]:
        """Yield the sources that are rebuilt, or placed differently than before."""
        plan = self.now.prediction.plan
        for digest in sources:
            source = plan.places.places[digest].id
            is_built = isinstance(plan.choices[digest], Build)
            if is_built or self.before.placed.get(source, digest) != digest:
                yield source

    def _differing(self, placed: Placed, was: Description) -> Iterator[RunReason]:
        """Yield all differences, without those that merely follow from another."""
        described = self.now.described[placed.id]
        fields = differing(was, described)
        base = tuple(change for change in fields if change.field == "base")
        if base:
            # Everything that it stands on differs as well, for the same reason.
            yield RunReason("base", base)
        own, copied = self._copied(placed, fields)
        links = self._links(placed, was)
        passed_on = self._variables(placed, links) | _uids(fields)
        inherited = [change for change in own if change.field in passed_on]
        own = [change for change in own if change.field not in passed_on]
        below = [*_reasons_of(links), *copied] if not base else []
        if links.dependencies:
            own = [*links.dependencies, *own]
        if not (own or below or base):
            own = inherited
        if own:
            yield RunReason("changed", tuple(own))
        yield from below
        if not (own or below or base):
            yield RunReason("moved", steps=links.behind)

    def _copied(
        self, placed: Placed, fields: Sequence[FieldChange]
    ) -> tuple[list[FieldChange], list[RunReason]]:
        """Split changes into a step's own fields and the stages that it takes from."""
        taken = described_inputs(placed.step)
        own: list[FieldChange] = []
        stages: list[str] = []
        for change in fields:
            name, _, inner = change.field.partition(".")
            index, _, inner = inner.partition(".")
            stage = taken[name][int(index)].stage if inner == "content" else None
            was = self.before.ids.get(_step(str(change.before)), ())
            if name in ("base", "stands_on"):
                continue
            if stage is None:
                own.append(change)
            elif not was or stage in was:
                stages.append(stage)
            else:
                own.append(FieldChange(f"{name}.{index}.stage", was[-1], stage))
        steps = tuple(dict.fromkeys(stages))
        return own, [RunReason("copies-from", steps=steps)] if steps else []

    def _links(self, placed: Placed, was: Description) -> "_Links":
        """Compare the steps that a step stands on with those that it stood on."""
        now, before = self.now, self.before
        then = {
            digest: _called(before.ids.get(digest, ()), placed.on)
            for digest in map(_step, _texts(was["stands_on"]))
        }
        current = {now.digests[id_]: id_ for id_ in placed.on}
        complete = None not in then.values()
        differ = [id_ for digest, id_ in current.items() if digest not in then]
        changed = [i for i in differ if i in then.values() or not complete]
        added = [id_ for id_ in differ if id_ not in changed]
        lost = {
            digest: id_
            for digest, id_ in then.items()
            if id_ is not None and digest not in current and id_ not in current.values()
        }
        # A stage that moved still stands on it, if no longer as its last one.
        changed += [
            id_
            for digest, id_ in lost.items()
            if not self._was_stage(digest) and now.digests.get(id_, digest) != digest
        ]
        stages = [i for d, i in then.items() if i is not None and self._was_stage(d)]
        gone = [
            id_
            for digest, id_ in lost.items()
            if not self._was_stage(digest) and id_ not in self.steps
        ]
        behind = [id_ for id_ in added if not isinstance(self.steps[id_].step, Stage)]
        dependencies: tuple[FieldChange, ...] = ()
        if len(behind) < len(added) or any(map(self._was_stage, lost)):
            names = [i for i in placed.on if isinstance(self.steps[i].step, Stage)]
            dependencies = (FieldChange("dependencies", sorted(stages), sorted(names)),)
        return _Links(
            changed=tuple(changed),
            gone=tuple(gone),
            behind=tuple(behind),
            came=() if isinstance(placed.step, Stage) else tuple(self._came(behind)),
            dependencies=dependencies,
        )

    def _was_stage(self, digest: StepDigest) -> bool:
        return self.before.described.get(digest, {}).get("kind") == "stage"

    def _came(self, behind: Sequence[str]) -> list[str]:
        """Return the system steps that are new or differ, from these downwards."""
        arrivals, waiting = list[str](), list(behind)
        while waiting:
            id_ = waiting.pop()
            if self.before.digests.get(id_) != self.now.digests[id_]:
                arrivals.append(id_)
                waiting += self.steps[id_].on
        return arrivals[::-1]

    def _variables(self, placed: Placed, links: "_Links") -> frozenset[str]:
        """Return the variable fields that a step only inherits from below.

        A variable that it sets itself may be among them: it may extend the value.
        """
        step = placed.step
        own = {*step.env, *step.build_env} if isinstance(step, Stage) else ()
        others = {
            f"environment.{name}"
            for name in _names(self.now.described[placed.id])
            if name not in own
        }
        below = {
            change.field
            for id_ in links.changed
            for reason in self.reasons(id_)
            for change in reason.fields
            if change.field.startswith("environment.")
        }
        return frozenset(others | below)


@dataclass(frozen=True, slots=True)
class _Links:
    """The difference between the steps that a step stands on and those it stood on.

    ``changed`` differ now, ``gone`` are no longer in the lock, ``behind`` are system
    steps that it did not stand on, ``came`` those inserted below it in place.
    """

    changed: tuple[str, ...]
    gone: tuple[str, ...]
    behind: tuple[str, ...]
    came: tuple[str, ...]
    dependencies: tuple[FieldChange, ...]


def _reasons_of(links: _Links) -> Iterator[RunReason]:
    below = tuple(dict.fromkeys((*links.changed, *links.came)))
    if below:
        yield RunReason("stands-on", steps=below)
    if links.gone:
        yield RunReason("gone", steps=links.gone)


def _called(names: Sequence[str], now: Collection[str]) -> str | None:
    """Choose among the ids of one digest: prefer one that exists now, the last one."""
    there = [name for name in names if name in now] or names
    return there[-1] if there else None


def _uids(fields: Collection[FieldChange]) -> frozenset[str]:
    """Return ``mounts`` if only their uids differ: those come from the user step."""
    for change in fields:
        if change.field == "mounts" and _bare(change.before) == _bare(change.after):
            return frozenset({"mounts"})
    return frozenset()


def _bare(mounts: Field) -> list[Field]:
    """Return mounts without uid and gid, which are last but for a cache's mode."""
    result: list[Field] = []
    for mount in mounts if isinstance(mounts, Sequence) else ():
        words = [*mount] if isinstance(mount, Sequence) else []
        cache = words[:1] == ["cache"]
        result.append([*words[:4], *words[6:]] if cache else words[:-2])
    return result


def _texts(field: Field) -> list[str]:
    return [str(item) for item in field] if isinstance(field, Sequence) else []


def _copies(description: Description) -> list[Mapping[str, Field]]:
    copies = description.get("copies")
    listed = copies if isinstance(copies, Sequence) else ()
    return [copy for copy in listed if isinstance(copy, Mapping)]


def _content(copy: Mapping[str, Field]) -> str:
    return str(copy["content"])


def _names(description: Description) -> Collection[str]:
    environment = description.get("environment")
    return environment.keys() if isinstance(environment, Mapping) else ()


def _step(text: str) -> StepDigest:
    return StepDigest(Digest(text))
