"""Where steps are realized: the local tier, BuildKit, and threads for jobs."""

import os
import re
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from dynbuild.building import BuildFailed, Event, Report
from dynbuild.cli.project import Project
from dynbuild.engine.buildx import Buildx
from dynbuild.engine.jobs import job_pool
from dynbuild.engine.layer_builder import BuildxLayerBuilder
from dynbuild.engine.process import Running
from dynbuild.errors import DeclarationError, Diagnostic, DynbuildError
from dynbuild.explain.past import Source
from dynbuild.history.sqlite import path_in
from dynbuild.lock.model import Lock
from dynbuild.owners import fault
from dynbuild.ports import Tier
from dynbuild.realize.model import Backends
from dynbuild.tiers.declared import Cache
from dynbuild.tiers.local.machine import Machine
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.local.workspace import private
from dynbuild.tiers.oci.address import repository
from dynbuild.tiers.registry.publish import Registries
from dynbuild.tiers.seal import seal_key
from dynbuild.tiers.settings import registry_of, shared, trust_of
from dynbuild.tiers.wrap.chain import Chain
from dynbuild.tiers.wrap.guarded import CircuitBreakerTier, TierConfig

Tell = Callable[[Diagnostic], None]
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@contextmanager
def backends(
    project: Project,
    lock: Lock,
    cache: Cache,
    report: Report,
    tell: Tell,
) -> Iterator[Backends]:
    """The site of a project; ``cache`` is what it declares of its tiers.

    ``tell`` hears of what is damaged, and of shared tiers that fail. What a failed
    build made is shared as well. Raises UnreachableError where a required tier failed.
    """
    running = Running()
    lock_ = threading.Lock()

    def one_at_a_time(event: Event) -> None:
        with lock_:
            report(event)

    fars = () if _is_private(lock) else shared(cache, os.environ)
    near = near_of(store_of(project.place.root, cache.local), cache, tell)
    made(near.root)
    machine = Machine(near, running.pause)
    with machine.private() as folder, job_pool(running) as jobs:
        guarded = [CircuitBreakerTier(far, tell, one_at_a_time) for far in fars]
        tier = Chain(near, guarded, folder, running.check)
        layer_builder = BuildxLayerBuilder(
            Buildx(os.environ, running), tier, machine, folder
        )
        bases = [pin.image for pin in (lock.base, *lock.images.values()) if pin.digest]
        cached = registry_of(cache, os.environ) if fars else None
        places = [*([cached] if cached else []), *map(repository, bases)]
        publisher = Registries(tier, places, os.environ, folder, running.check)
        sources: tuple[Source, ...] = ("local", *(far.name for far in fars))
        try:
            yield Backends(
                tier, machine, layer_builder, publisher, jobs, one_at_a_time, sources
            )
        except (BuildFailed, DynbuildError):
            # What the build died of is what matters, whatever becomes of sharing.
            try:
                tier.finish()
            except DynbuildError as also:
                for one in also.diagnostics:
                    tell(replace(one, severity="warning"))
            raise
        tier.finish()


@contextmanager
def chained(
    near: Local, fars: Sequence[TierConfig], report: Report, tell: Tell
) -> Iterator[Chain]:
    """The tiers as one, where nothing is built."""
    made(near.root)
    lock = threading.Lock()

    def one_at_a_time(event: Event) -> None:
        with lock:
            report(event)

    with private(near.root) as folder:
        guarded = [CircuitBreakerTier(far, tell, one_at_a_time) for far in fars]
        yield Chain(near, guarded, folder, lambda: None)


def tiers_of(root: Path, cache: Cache, tell: Tell) -> dict[Source, Tier]:
    """The tiers of a project, near to far; a shared one that fails is told of once."""
    near = near_of(store_of(root, cache.local), cache, tell)
    tiers: dict[Source, Tier] = {"local": near}
    for far in shared(cache, os.environ):
        # Who only looks is told of one that fails, required or not.
        tiers[far.name] = CircuitBreakerTier(
            replace(far, required=False), tell, lambda _: None
        )
    return tiers


def near_of(store: Path, cache: Cache, tell: Tell) -> Local:
    """The local tier, of which counts what this run believes.

    Raises DeclarationError.
    """
    history = path_in(os.environ)
    seal = seal_key(
        history and history.parent / "seal", lambda why: tell(_no_seal(why))
    )
    trust = trust_of(cache, os.environ, seal)
    return Local(store, lambda what: tell(_damaged(what)), trust)


def _is_private(lock: Lock) -> bool:
    """Whether it builds on an image that only the engine here knows by its name."""
    return any(pin.digest is None for pin in (lock.base, *lock.images.values()))


def _no_seal(why: str) -> Diagnostic:
    message = f"what is built here cannot be sealed as such: {why}"
    hint = "remove or correct it: a new key is made; what an old one sealed counts less"
    return Diagnostic("DB0632", message, hint=hint, severity="warning")


def _damaged(what: str) -> Diagnostic:
    return Diagnostic("DB0601", what, hint="it is made anew", severity="warning")


def store_of(root: Path, declared: str | None) -> Path:
    """The directory of the local tier; the environment wins over the declaration.

    Raises DeclarationError for one that buildx could not name, and for one that others
    can write: what is in it becomes part of images.
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
    """Make the store's directory, for its user alone unless CACHE_LOCAL_MODE says else.

    One that cannot be made or changed is told of by who writes there.
    """
    with suppress(OSError):
        if not store.is_dir():
            store.parent.mkdir(parents=True, exist_ok=True)
            store.mkdir(mode=0o700, exist_ok=True)
        is_ours = store.stat().st_uid == os.geteuid()
        if is_ours and stat.S_IMODE(store.stat().st_mode) != _mode():
            store.chmod(_mode())


def _mode() -> int:
    """Who may use the store. Raises DeclarationError."""
    given = os.environ.get("CACHE_LOCAL_MODE") or "700"
    if not re.fullmatch("0?[0-3]?7[0-7]{2}", given):
        message = f"CACHE_LOCAL_MODE={given} is no mode of a directory"
        hint = "as chmod has them: 700 (by default), 2770 to share it with its group"
        raise DeclarationError(Diagnostic("DB0342", message, hint=hint))
    return int(given, 8)
