"""Opening the edges: the tiers, the engine, registries, and threads for jobs."""

import os
import re
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import cast, get_args

from dynbuild.building import BuildEvent, BuildFailed, Compression, Report
from dynbuild.declaration.caches import RegistryTier
from dynbuild.engine.buildx import Buildx
from dynbuild.engine.image_loader import BuildxImageLoader
from dynbuild.engine.jobs import job_pool
from dynbuild.engine.layer_builder import BuildxLayerBuilder
from dynbuild.engine.limits import Holding
from dynbuild.engine.pool import (
    BuilderPool,
    PooledImageLoader,
    PooledLayerBuilder,
)
from dynbuild.engine.process import RunningProcesses
from dynbuild.engine.programs import ProgramReader
from dynbuild.environment.earlier import earlier_locks
from dynbuild.environment.history import history_of
from dynbuild.environment.model import Environment
from dynbuild.environment.offers import offers_of
from dynbuild.environment.project import images
from dynbuild.errors import DeclarationError, Diagnostic, DynbuildError
from dynbuild.explain.past import Provenance
from dynbuild.history.sqlite import path_in
from dynbuild.lockfile.model import Lock
from dynbuild.offers import Offers
from dynbuild.owners import fault
from dynbuild.ports import Tier, Tiers
from dynbuild.project.checkout import copy_of
from dynbuild.realization.model import Backends
from dynbuild.tiers.declared import Cache
from dynbuild.tiers.kind import TierConfig
from dynbuild.tiers.local.machine import LocalMachine
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.local.workspace import private
from dynbuild.tiers.oci.address import Repository, repository
from dynbuild.tiers.oci.images import documents_of
from dynbuild.tiers.registry.kind import repository_of
from dynbuild.tiers.registry.publish import Registries
from dynbuild.tiers.seal import seal_key
from dynbuild.tiers.settings import shared, trust_of
from dynbuild.tiers.wrap.aside import AsideTiers
from dynbuild.tiers.wrap.chain import Chain
from dynbuild.tiers.wrap.guarded import CircuitBreakerTier

Warn = Callable[[Diagnostic], None]
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@contextmanager
def backends(environment: Environment, lock: Lock) -> Iterator[Backends]:
    """Provide the backends of an environment for a lock, as ``backends_of``."""
    with backends_of([(environment, lock)]) as (opened,):
        yield opened


@contextmanager
def backends_twice(
    environment: Environment, lock: Lock
) -> Iterator[tuple[Backends, Backends]]:
    """Provide the backends of an environment, and such as leave nothing behind.

    What these build goes beside the tiers, and is gone in the end. Raises as
    ``backends_of``.
    """
    with backends_of([(environment, lock)], aside=True) as (opened, aside):
        yield opened, aside


@contextmanager
def backends_of(
    wanted: Sequence[tuple[Environment, Lock]], *, aside: bool = False
) -> Iterator[tuple[Backends, ...]]:
    """Provide the backends of images of one project, with one pool of jobs for all.

    ``aside``: after them come those of each that leave nothing behind. Results of a
    failed build are shared as well. Raises UnreachableError where a required tier
    failed.
    """
    environment, _ = wanted[0]
    project, cache = environment.project, environment.cache
    tell = environment.tell
    running = RunningProcesses()
    turn = threading.Lock()
    report = _one_at_a_time(environment.report, turn)
    # What builds on an image of this engine alone is of no use to others.
    locks = [lock for _, lock in wanted]
    alone = [_is_private(lock) for lock in locks]
    fars = () if all(alone) else shared(cache, os.environ)
    near = near_of(store_of(project.place.root, cache.local), cache, tell)
    made(near.root)
    machine = LocalMachine(near, running.pause)
    with machine.private() as folder, job_pool(running) as jobs:
        buildx = Buildx(os.environ, running)
        pool = BuilderPool(buildx, tell)
        holding = Holding(buildx.help_of_build, buildx.inspected, tell)
        pins = [pin for lock in locks for pin in (lock.base, *lock.images.values())]
        bases = dict.fromkeys(pin.image for pin in pins if pin.digest)
        origins = [*map(repository, bases)]
        declared = cache.of_kind(RegistryTier)

        def edges(
            fars: Sequence[TierConfig],
        ) -> tuple[Chain, tuple[Backends, ...]]:
            """Open what is the same for all images that use the same tiers."""
            guarded = [CircuitBreakerTier(far, tell, report) for far in fars]
            chain = Chain(near, guarded, folder, running.check)
            cached = repository_of(declared, os.environ) if fars else None
            places = [*([cached] if cached else []), *origins]
            offers = offers_of(
                cached, guarded, near, chain, origins, os.environ, folder, tell
            )
            tiers: list[Tiers] = [chain]
            if aside:
                tiers.append(AsideTiers(chain, Path(mkdtemp(dir=folder))))
            return chain, tuple(
                backends_with(fars, places, offers, tier) for tier in tiers
            )

        def backends_with(
            fars: Sequence[TierConfig],
            places: Sequence[Repository],
            offers: Offers,
            tier: Tiers,
        ) -> Backends:
            # Each numbers what it puts there.
            own = Path(mkdtemp(dir=folder))
            layers = BuildxLayerBuilder(
                buildx, tier, machine, offers, holding, own, _compression()
            )
            return Backends(
                files=project.files,
                images=images(),
                builder=buildx,
                history=history_of(project, tell),
                copy_project=partial(copy_of, project.files),
                tier=tier,
                machine=machine,
                layer_builder=PooledLayerBuilder(pool, layers),
                layer_writer=layers,
                image_loader=PooledImageLoader(
                    pool, BuildxImageLoader(buildx, tier, machine, offers, own)
                ),
                publisher=Registries(tier, places, os.environ, own, running.check),
                jobs=jobs,
                report=report,
                documents=partial(documents_of, environment=os.environ),
                programs=ProgramReader(tier, machine),
                sources=("local", *(far.name for far in fars)),
            )

        opened = {private: edges(() if private else fars) for private in {*alone}}
        try:
            yield tuple(
                replace(
                    one,
                    history=history_of(own.project, own.tell),
                    report=_one_at_a_time(own.report, turn),
                    earlier=partial(earlier_locks, own.project.locks, lock),
                )
                for which in range(1 + aside)
                for private, (own, lock) in zip(alone, wanted, strict=True)
                for one in [opened[private][1][which]]
            )
        except (BuildFailed, DynbuildError):
            # The build's own failure matters more than any failure of sharing.
            try:
                _finish(tier for tier, _ in opened.values())
            except DynbuildError as also:
                for one in also.diagnostics:
                    tell(replace(one, severity="warning"))
            raise
        _finish(tier for tier, _ in opened.values())


def _finish(tiers: Iterable[Chain]) -> None:
    """Wait until everything is shared that can be. Raises UnreachableError."""
    for tier in tiers:
        tier.finish()


@contextmanager
def chained(
    near: Local, fars: Sequence[TierConfig], report: Report, tell: Warn
) -> Iterator[Chain]:
    """Provide the tiers as one chain, where nothing is built."""
    made(near.root)
    report = _one_at_a_time(report, threading.Lock())
    with private(near.root) as folder:
        guarded = [CircuitBreakerTier(far, tell, report) for far in fars]
        yield Chain(near, guarded, folder, lambda: None)


def _one_at_a_time(report: Report, turn: threading.Lock) -> Report:
    """Let threads report events, one at a time."""

    def reported(event: BuildEvent) -> None:
        with turn:
            report(event)

    return reported


def tiers_of(root: Path, cache: Cache, tell: Warn) -> dict[Provenance, Tier]:
    """Return a project's tiers, near to far; report a failing shared one once."""
    near = near_of(store_of(root, cache.local), cache, tell)
    tiers: dict[Provenance, Tier] = {"local": near}
    for far in shared(cache, os.environ):
        # A read-only command only reports a failing tier, required or not.
        tiers[far.name] = CircuitBreakerTier(
            replace(far, required=False), tell, lambda _: None
        )
    return tiers


def near_of(store: Path, cache: Cache, tell: Warn) -> Local:
    """Return the local tier, filtered by what this run trusts.

    Raises DeclarationError.
    """
    history = path_in(os.environ)
    seal = seal_key(
        history and history.parent / "seal", lambda why: tell(_no_seal(why))
    )
    trust = trust_of(cache, os.environ, seal)
    return Local(store, lambda what: tell(_damaged(what)), trust)


def machine_of(environment: Environment) -> LocalMachine:
    """Return what an environment's machine notes for itself, without running anything.

    Raises DeclarationError.
    """
    cache = environment.cache
    store = store_of(environment.project.place.root, cache.local)
    return LocalMachine(near_of(store, cache, environment.tell), time.sleep)


def _is_private(lock: Lock) -> bool:
    """Whether a lock builds on an image that only the local engine knows by name."""
    return any(pin.unpinned for pin in (lock.base, *lock.images.values()))


def _no_seal(why: str) -> Diagnostic:
    message = f"what is built here cannot be sealed as such: {why}"
    hint = "remove or correct it: a new key is made; what an old one sealed counts less"
    return Diagnostic("DB0632", message, hint=hint, severity="warning")


def _damaged(what: str) -> Diagnostic:
    return Diagnostic("DB0601", what, hint="it is made anew", severity="warning")


def store_of(root: Path, declared: str | None) -> Path:
    """Return the directory of the local tier; the environment overrides declarations.

    Raises DeclarationError for a path that buildx cannot express, and for a directory
    that others can write: its contents become part of images.
    """
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        if given := os.environ.get("CACHE_LOCAL_PATH"):
            store = Path(given).expanduser().absolute()
        elif declared:
            store = root / Path(declared).expanduser()
        else:
            store = Path(home).expanduser() / "dynbuild"
    except RuntimeError:
        message = "there is no home directory for the store"
        hint = "set CACHE_LOCAL_PATH"
        raise DeclarationError(Diagnostic("DB0612", message, hint=hint)) from None
    if set(":@") & set(str(store)):
        message = f"the store {store} has ':' or '@' in its path"
        hint = "buildx takes them for a part of an image's name: set CACHE_LOCAL_PATH"
        raise DeclarationError(Diagnostic("DB0612", message, hint=hint))
    if _mode() & _OTHERS_WRITE == 0 and (why := fault(store)) is not None:
        message = f"the store {store} {why}: what it holds becomes part of images"
        hint = (
            "name one of your own with CACHE_LOCAL_PATH; if you trust what is in it,\n"
            f"make it yours: chown, then `chmod 700 {store}`; to share it on\n"
            "purpose, set CACHE_LOCAL_MODE: docs/tiers.md#many-users"
        )
        raise DeclarationError(Diagnostic("DB0341", message, hint=hint))
    return store


def made(store: Path) -> None:
    """Create the store's directory, private to its user unless CACHE_LOCAL_MODE is set.

    If that fails, whatever writes there reports the error.
    """
    with suppress(OSError):
        if not store.is_dir():
            store.parent.mkdir(parents=True, exist_ok=True)
            store.mkdir(mode=0o700, exist_ok=True)
        is_ours = store.stat().st_uid == os.geteuid()
        if is_ours and stat.S_IMODE(store.stat().st_mode) != _mode():
            store.chmod(_mode())


def _compression() -> Compression:
    """Return the compression of new layers. Raises DeclarationError."""
    given = os.environ.get("DYNBUILD_COMPRESSION") or "zstd"
    for known in get_args(Compression):
        if given == known:
            return cast("Compression", known)
    message = f"DYNBUILD_COMPRESSION={given} is no compression of layers"
    hint = "zstd (by default), or gzip where another tool has to read them that is old"
    raise DeclarationError(Diagnostic("DB0345", message, hint=hint))


def _mode() -> int:
    """Return the permission bits of the store. Raises DeclarationError."""
    given = os.environ.get("CACHE_LOCAL_MODE") or "700"
    if not re.fullmatch("0?[0-3]?7[0-7]{2}", given):
        message = f"CACHE_LOCAL_MODE={given} is no mode of a directory"
        hint = "as chmod has them: 700 (by default), 2770 to share it with its group"
        raise DeclarationError(Diagnostic("DB0342", message, hint=hint))
    return int(given, 8)
