"""``dynbuild cache``: manual transfer and inspection of the tiers' contents."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import click

from dynbuild.cli import options
from dynbuild.cli.arguments import Pairs, arguments_of
from dynbuild.cli.consent import accepted
from dynbuild.cli.options import request
from dynbuild.cli.output import data, shows, table, tell
from dynbuild.cli.progress import Color, choose, progress
from dynbuild.cli.progress_text import duration, size
from dynbuild.cli.project import load_declaration
from dynbuild.commands import cache as verb
from dynbuild.commands.lock import held_by, recorded
from dynbuild.digest import StepDigest
from dynbuild.environment.project import Given, Project, open_project
from dynbuild.environment.wiring import chained, near_of, store_of
from dynbuild.errors import DeclarationError, Diagnostic, UnreachableError
from dynbuild.inventory import Inventory, StoredObject
from dynbuild.link.model import Record
from dynbuild.lockfile.images import as_images
from dynbuild.ports import TierError
from dynbuild.tiers.daemon_threads import parallel_map
from dynbuild.tiers.declared import Cache, declared_in
from dynbuild.tiers.kind import TierConfig
from dynbuild.tiers.kinds import KINDS
from dynbuild.tiers.local.inventory import LocalInventory
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.origin import Trust
from dynbuild.tiers.settings import shared
from dynbuild.tiers.wrap.chain import Chain
from dynbuild.values import dataclass

_NO_PROJECT = "DB0310"
_AT_ONCE = 4
_SHORT = 12
_NAMES = ("local", *(kind.name for kind in KINDS))
_TIERS = f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]}"
_HOURS = 72

_all = request(
    "--all",
    "everything",
    is_flag=True,
    help="Copy everything, not only the steps of the lock.",
)


@click.group()
def cache() -> None:
    """List, verify, push and pull what the cache tiers hold.

    The tiers are the local one, those in [cache] of the declaration, and those that the
    environment names. `ls` and `verify` need no project, nor do `push` and `pull` with
    --all.
    """


@cache.command()
@_all
@options.color
@options.config
@options.arguments
@options.accept_cache
@options.examples(
    "dynbuild cache push",
)
def push(
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    everything: bool,
    color: Color,
) -> int:
    """Copy the steps of the lock to the shared tiers.

    Copies what the local tier holds of them, for every platform. Exits with status 4 if
    a shared tier fails.
    """
    place = place_of(config, arguments_of(expressions, texts))
    with _chain(place, color) as chain:
        near = LocalInventory(place.store)
        steps = verb.steps_in(near) if everything else place.steps()
        count = verb.push(chain, steps)
        chain.finish()
    tell(f"pushed {_records(count)}")
    return 0


@cache.command()
@_all
@options.color
@options.config
@options.arguments
@options.accept_cache
@options.examples(
    "dynbuild cache pull              # before a journey without network",
)
def pull(
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    everything: bool,
    color: Color,
) -> int:
    """Copy the steps of the lock to the local tier.

    Copies what the shared tiers hold of them, for every platform. Exits with status 4
    if a shared tier fails.
    """
    place = place_of(config, arguments_of(expressions, texts))
    with _chain(place, color) as chain:
        step_sets = [_steps_in(far) for far in place.fars if everything]
        count = sum(verb.pull(chain, steps) for steps in step_sets or [place.steps()])
        chain.finish()
    tell(f"pulled {_records(count)}")
    return 0


@cache.command(
    "ls",
    help=f"""List what each tier holds, or the records of one.

    TIER is {_TIERS}.
    """,
    epilog="\b\nExample:\n  dynbuild cache ls",
)
@click.argument("tier", required=False)
@options.as_json
@options.config
@options.arguments
@options.accept_cache
def list_(
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    tier: str | None,
    as_json: bool,
) -> int:
    place = place_of(config, arguments_of(expressions, texts))
    inventories = _inventories(place, tier)
    if tier is None:
        _list_tiers(inventories, as_json=as_json)
    else:
        ((name, _, inventory),) = inventories
        with asking(name):
            records = verb.records(inventory)
        trust = inventory.trust if isinstance(inventory, LocalInventory) else None
        _list_records(records, trust, as_json=as_json)
    return 0


@cache.command(
    help=f"""Verify all that the tiers hold, or one of them.

    Reads everything in TIER ({_TIERS}), or in all tiers. Exits with status 1 if
    anything is damaged, unless --drop removes it.
    """,
    epilog="\b\nExample:\n  dynbuild cache verify local",
)
@click.argument("tier", required=False)
@request("--drop", is_flag=True, help="Remove what is damaged.")
@options.as_json
@options.config
@options.arguments
@options.accept_cache
def verify(  # noqa: PLR0913 - one parameter a flag
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    tier: str | None,
    drop: bool,
    as_json: bool,
) -> int:
    place = place_of(config, arguments_of(expressions, texts))
    rows = []
    for name, _, inventory in _inventories(place, tier):
        with asking(name):
            harm = verb.verify(
                inventory, lambda ask, of: parallel_map(ask, of, _AT_ONCE)
            )
            if drop:
                inventory.remove([damage.key for damage in harm])
        rows += [(name, damage.key, damage.what) for damage in harm]
    if as_json:
        data([{"tier": a, "key": b, "what": c} for a, b, c in rows])
    elif rows:
        sys.stdout.write(f"{table(rows)}\n")
    count = f"{len(rows)} thing{'s' * (len(rows) != 1)}"
    tell(f"{count} damaged{', and removed' * drop}" if rows else "all is whole")
    return 1 if rows and not drop else 0


@dataclass(frozen=True, slots=True)
class CacheTiers:
    """The scope of a command: a project, if there is one, and its tiers."""

    project: Project | None
    store: Path
    cache: Cache
    fars: tuple[TierConfig, ...]

    def near(self, color: Color = "auto") -> Local:
        """Return the local tier, filtered by what this run trusts."""
        return near_of(self.store, self.cache, shows(color))

    def steps(self) -> frozenset[StepDigest]:
        """Return the steps of the lock. Raises DeclarationError without a project."""
        if self.project is None:
            message = "no declaration here or above says which steps"
            hint = "--all is for everything, whatever the project"
            raise DeclarationError(Diagnostic(_NO_PROJECT, message, hint=hint))
        several = as_images(held_by(self.project.locks))
        locks = [several.whole(name) for name in several.parents_first]
        return verb.steps_of_all(locks, self.project.files)


def place_of(config: str | None, arguments: Given) -> CacheTiers:
    """Return the place with the tiers of a project, or of the environment alone."""
    try:
        project = open_project(config)
    except DeclarationError as error:
        if config is not None or error.diagnostics[0].code != _NO_PROJECT:
            raise
        cache_ = Cache()
        store = store_of(Path.cwd(), None)
        return CacheTiers(None, store, cache_, shared(cache_, os.environ))
    loaded = load_declaration(project, arguments, recorded(project.locks))
    declared = declared_in(loaded.declaration)
    cache_ = accepted(project, declared).cache
    store = store_of(project.place.root, cache_.local)
    return CacheTiers(project, store, cache_, shared(cache_, os.environ))


@contextmanager
def _chain(place: CacheTiers, color: Color) -> Iterator[Chain]:
    """Provide the tiers as one chain in which every shared tier is required."""
    if not place.fars:
        raise _no_tier()
    fars = [replace(far, required=True) for far in place.fars]
    mode = choose("auto", sys.stderr, os.environ)
    with (
        progress(mode, sys.stderr, {}) as report,
        chained(place.near(color), fars, report, shows(color)) as chain,
    ):
        yield chain


def _inventories(
    place: CacheTiers, only: str | None
) -> list[tuple[str, str, Inventory]]:
    """Return the tiers' inventories with names and locations, near to far."""
    inventories: list[tuple[str, str, Inventory]] = [
        ("local", str(place.store), LocalInventory(place.store, place.near().trust)),
        *((far.name, far.place, far.inventory()) for far in place.fars),
    ]
    if only is None:
        return inventories
    chosen = [entry for entry in inventories if entry[0] == only]
    if not chosen:
        names = ", ".join(name for name, _, _ in inventories)
        message = f"there is no tier {only!r} here"
        hint = f"there is {names}"
        raise DeclarationError(Diagnostic("DB0608", message, hint=hint))
    return chosen


def _list_tiers(
    inventories: Sequence[tuple[str, str, Inventory]], *, as_json: bool
) -> None:
    holdings = []
    for name, where, inventory in inventories:
        with asking(name):
            holdings.append((name, where, verb.holding(inventory)))
    if as_json:
        data(
            [
                {"tier": name, "place": where, **asdict(holds)}
                for name, where, holds in holdings
            ]
        )
        return
    rows = [("TIER", "RECORDS", "BLOBS", "SIZE", "PLACE")]
    rows += [
        (name, str(holds.records), str(holds.blobs), size(holds.bytes), where)
        for name, where, holds in holdings
    ]
    sys.stdout.write(f"{table(rows)}\n")


def _list_records(
    records: Sequence[tuple[Record, StoredObject]],
    trust: Trust | None,
    *,
    as_json: bool,
) -> None:
    """List records; for those in the local store, with their origins."""
    if as_json:
        data(
            [
                {
                    "step": record.step,
                    "placed": record.placed,
                    "platform": record.platform,
                    "layers": [layer.digest for layer in record.layers],
                    "bytes": sum(layer.size for layer in record.layers),
                    "seconds": record.seconds,
                    "age": round(thing.age),
                    **_origin_data(record, trust),
                }
                for record, thing in records
            ]
        )
        return
    rows = [("STEP", "PLATFORM", "LAYERS", "SIZE", "TOOK", "AGE", "FROM")]
    rows += [
        (
            record.step.removeprefix("sha256:")[:_SHORT],
            record.platform,
            str(len(record.layers)),
            size(sum(layer.size for layer in record.layers)),
            duration(record.seconds),
            _age(thing),
            _origin(record, trust),
        )
        for record, thing in records
    ]
    sys.stdout.write(f"{table(rows)}\n")


def _origin_data(record: Record, trust: Trust | None) -> dict[str, object]:
    if trust is None:
        return {}
    counts = trust.believes(record.origins)
    return {"from": [asdict(origin) for origin in record.origins], "counts": counts}


def _origin(record: Record, trust: Trust | None) -> str:
    """Return the origin of a record, and whether it is trusted."""
    if trust is None:
        return ""
    origins = []
    for origin in record.origins:
        names = ", ".join(key.partition(":")[0] for key in origin.keys)
        origins.append(f"{origin.place}, signed by {names}" if names else origin.place)
    counts = trust.believes(record.origins)
    return ("" if counts else "not used: ") + ("; ".join(origins) or "here")


@contextmanager
def asking(tier: str) -> Iterator[None]:
    """Turn a shared tier's error into the end of the command, in the tier's words."""
    try:
        yield
    except TierError as error:
        message = f"the {tier} tier failed: {error.why}"
        raise UnreachableError(Diagnostic("DB0605", message)) from None


def _steps_in(far: TierConfig) -> frozenset[StepDigest]:
    with asking(far.name):
        return verb.steps_in(far.inventory())


def _no_tier() -> DeclarationError:
    variables = " or ".join(kind.variables[0] for kind in KINDS)
    hint = f"declare one under [cache], or set {variables}"
    return DeclarationError(Diagnostic("DB0608", "there is no shared tier", hint=hint))


def _age(thing: StoredObject) -> str:
    hours = thing.age / 3600
    return f"{hours:.0f} h" if hours < _HOURS else f"{hours / 24:.0f} d"


def _records(count: int) -> str:
    return f"{count} record{'s' * (count != 1)}"
