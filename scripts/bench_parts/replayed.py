"""A history replayed by dynbuild's own update, order, plan, scheduler and budget.

Only the builder and the tier are in memory: a step writes a file of its own, and those
of the databases that it touches, each time with other content. Time is simulated: a
step takes as many seconds as it costs.
"""

import heapq
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from bench_parts.traces import History, Item, Version
from dynbuild.building import BuildRequest
from dynbuild.digest import Digest, RealizationId, StepDigest, sha256
from dynbuild.emit.dockerfile import layout
from dynbuild.link.budget import LONGEST
from dynbuild.link.choice import Held
from dynbuild.link.model import Layer, Record, Written
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import update
from dynbuild.plan import Reuse, shared_layers
from dynbuild.ports import Base, JobEnded, JobResult
from dynbuild.realization import progress as changes
from dynbuild.realization import results
from dynbuild.realization.chains import BuildChain, chain_of
from dynbuild.realization.model import BuiltStep, ChainResult, How, Recipe
from dynbuild.realization.progress import Progress
from dynbuild.realization.scheduler import next_chains
from dynbuild.realization.versions import last_versions
from dynbuild.steps.model import Group, Install, Pin, Stage, Step

PLATFORM = "linux/amd64"
JOBS = 4
REMOVAL = 1.0
"""The cost of a transaction that only takes packages away, about seconds."""

DATABASES: Mapping[str, tuple[str, str]] = {
    "dpkg": ("var/lib/dpkg/status", "apt-get install -y"),
    "passwd": ("etc/passwd", "useradd"),
    "ld": ("etc/ld.so.cache", "ldconfig"),
    "conda": ("opt/conda/conda-meta/history", "conda install -y"),
}
"""The shared file of each database, and a command that writes it."""


@dataclass
class Replayed:
    """What a history cost: seconds of steps, those of the clock, the steps that ran."""

    cost: float = 0.0
    elapsed: float = 0.0
    ran: int = 0
    twice: int = 0
    """Of these, runs of a step that ran before in the same version."""
    layers: int = 0
    lock: int = 0
    deciding: float = 0.0
    """Seconds of the processor for update, order, plans and scheduling."""


@dataclass
class Store:
    """Records by step, and what a builder's own cache has."""

    records: dict[StepDigest, dict[RealizationId, Held]] = field(default_factory=dict)
    cached: dict[tuple[StepDigest, tuple[Digest, ...]], Layer] = field(
        default_factory=dict
    )
    built: int = 0

    def held(self, recipe: Recipe) -> tuple[Held, ...]:
        steps = {*recipe.digests.values(), *recipe.previous.values()}
        found = (self.records.get(step, {}) for step in sorted(steps))
        return tuple(held for records in found for held in records.values())


def replayed(history: History, touching: Callable[[Item], tuple[str, ...]]) -> Replayed:
    """Replay a history; ``touching`` says what is declared of a stage's databases."""
    total, store = Replayed(), Store()
    lock: Lock | None = None
    for number, version in enumerate(history):
        start = time.process_time()
        before = [] if lock is None else [lock]
        lock = update(lock, _target(version, touching))
        order = install_order(lock)
        recipe = _recipe(lock, order, before)
        total.deciding += time.process_time() - start
        one = _realized(recipe, store, _costs(order, version))
        if number:
            total.cost += one.cost
            total.elapsed += one.elapsed
            total.ran += one.ran
            total.twice += one.twice
        total.deciding += one.deciding
        total.layers = one.layers
    assert lock is not None
    total.lock = len(dumps(lock))
    return total


def _target(version: Version, touching: Callable[[Item], tuple[str, ...]]) -> Target:
    digest = sha256(version.base.encode())
    packages: dict[str, dict[str, str]] = {}
    for item in version.items:
        if item.package:
            manager = "apt" if item.name.startswith("apt-get:") else "pip"
            packages.setdefault(manager, {})[item.name] = f"x={item.content}"
    there = {name for specs in packages.values() for name in specs}
    return Target(
        base=Pin("docker.io/library/base:1", digest, {PLATFORM: digest}),
        packages=packages,
        stages=tuple(
            Stage(
                item.name,
                tuple(need for need in item.needs if need not in there),
                commands=commands(item),
                touches=touching(item),
            )
            for item in version.items
            if not item.package
        ),
    )


def commands(item: Item) -> tuple[str, ...]:
    touched = (
        f"{DATABASES[kind][1]} {item.name}"
        for kind in item.touches
        if kind in DATABASES
    )
    return (f"make {item.content}", *touched)


def _costs(order: tuple[Placed, ...], version: Version) -> Mapping[str, float]:
    """The cost of each step of an order, by id."""
    items = {item.name: item for item in version.items}
    costs: dict[str, float] = {}
    for placed in order:
        step = placed.step
        if isinstance(step, Group):
            installed = [
                items[key].cost
                for key, action in step.actions.items()
                if isinstance(action, Install) and key in items
            ]
            costs[placed.id] = sum(installed) or REMOVAL
        else:
            costs[placed.id] = items[placed.id].cost
    return costs


def _recipe(lock: Lock, order: tuple[Placed, ...], earlier: list[Lock]) -> Recipe:
    laid = layout(order)
    resolved = resolve(lock, PLATFORM, {}, {})
    return Recipe(
        order=order,
        described={},
        digests=resolved.digests,
        previous=last_versions(resolved, earlier),
        platform=PLATFORM,
        bases={None: Base((_layer("base"),), {}, {})},
        configs={None: {}},
        starts=laid.bases,
        request=BuildRequest("", "", (), parts=laid.parts),
        parents={stage.name: stage.parent for stage in laid.branches},
        sources=laid.sources,
        copies=laid.copies_of,
        locked={one.id: frozenset() for one in order},
        moves={name: entry.moves for name, entry in lock.stages.items()},
    )


def _realized(recipe: Recipe, store: Store, costs: Mapping[str, float]) -> Replayed:
    found, now = Replayed(), 0.0
    running: list[tuple[float, int, str, ChainResult]] = []
    ran: dict[str, int] = {}
    start = time.process_time()
    progress = changes.begin(recipe, How(JOBS, seconds=costs), store.held(recipe))
    while True:
        for _, chain in next_chains([progress]):
            work = chain_of(chain, recipe, progress.plan, frozenset())
            progress = changes.started(progress, chain)
            seconds, result = _built(work, progress, store, costs, ran)
            found.cost += seconds
            ends = (now + seconds, len(ran), chain[0].digest, result)
            heapq.heappush(running, ends)
        if not running:
            break
        now, _, key, result = heapq.heappop(running)
        progress = results.took(progress, JobResult(key, result))
        if key in progress.running:
            progress = results.took(progress, JobEnded(key, None))
    found.deciding = time.process_time() - start
    found.elapsed = now
    found.ran = sum(ran.values())
    found.twice = sum(times - 1 for times in ran.values())
    found.layers = _layers(recipe)
    assert all(
        isinstance(progress.plan.choices[digest], Reuse)
        for digest in progress.plan.places.image
    )
    return found


def _built(
    work: BuildChain,
    progress: Progress,
    store: Store,
    costs: Mapping[str, float],
    ran: dict[str, int],
) -> tuple[float, ChainResult]:
    """Build a chain: what the builder's own cache has does not run again."""
    below = tuple(layer.diff_id for layer in work.ground.layers)
    built: list[BuiltStep] = []
    seconds = 0.0
    for place, origin in zip(work.chain, work.origins, strict=True):
        key = (place.step, below)
        runs = key not in store.cached
        if runs:
            store.built += 1
            store.cached[key] = _layer(f"{place.id} {store.built}")
            seconds += costs[place.id]
            ran[place.id] = ran.get(place.id, 0) + 1
        layer = store.cached[key]
        on = (built[-1].held.record.id,) if built else origin.on
        record = Record(
            placed=place.digest,
            step=place.step,
            platform=PLATFORM,
            layers=(layer,),
            writes=dict(_writes(progress.recipe.steps[place.id], layer)),
            on=on,
            sources=origin.sources,
            joins=origin.joins,
            seconds=costs[place.id],
            made=store.built,
        )
        held = Held(record)
        store.records.setdefault(place.step, {})[record.id] = held
        built.append(BuiltStep(place.id, held, here=True, ran=runs))
        below = (*below, layer.diff_id)
    return seconds, ChainResult(tuple(built), None)


def _writes(placed: Placed, layer: Layer) -> Iterator[tuple[str, Written]]:
    yield f"opt/steps/{placed.id}", Written("file", 0o644, content=placed.id, new=True)
    step = placed.step
    manager = {"apt": "apt-get install -y", "pip": "conda install -y"}
    commands = (
        (manager[step.manager],) if isinstance(step, Group) else _stage(step).commands
    )
    for path, command in DATABASES.values():
        if any(one.startswith(command) for one in commands):
            yield path, Written("file", 0o644, content=layer.digest)


def _stage(step: Step) -> Stage:
    assert isinstance(step, Stage)
    return step


def _layers(recipe: Recipe) -> int:
    """The layers of the image, after what the budget squashes."""
    stack = [placed for placed in recipe.order if placed.linked]
    return len(shared_layers(stack, recipe.moves, LONGEST)) + 1


def _layer(text: str) -> Layer:
    digest = sha256(text.encode())
    return Layer(digest, digest, len(text))
