"""``realize``: what the image that a lock describes is built from."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from dynbuild.building import BuildRequest, Output
from dynbuild.emit.dockerfile import IMAGE_STEP, emit, layout, render
from dynbuild.emit.mounts import PRINTED, Mounts
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lock.model import Lock
from dynbuild.lock.order import Placed, install_order
from dynbuild.lock.resolved import ResolvedLock, resolve
from dynbuild.ports import Builder, Files, Images
from dynbuild.realize.contents import contents, local_digests
from dynbuild.steps.title import label


@dataclass(frozen=True, slots=True)
class RealizeOptions:
    """What the command line asks of a build beyond the lock."""

    outputs: tuple[Output, ...]
    tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    builder: str | None = None
    network: str | None = None
    host_network: bool = False
    no_cache: bool = False
    source_date_epoch: int | None = None
    project: str | None = None
    secrets: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A build that can begin, and what people call the stages of its Dockerfile."""

    request: BuildRequest
    titles: Mapping[str, str]


def dockerfile(lock: Lock, platform: str | None) -> str:
    """The Dockerfile of a lock alone: for ``--print``, for reviews.

    Without a platform it is written for linux/amd64 where the base has that, else for
    the first that it has.
    """
    usual = "linux/amd64"
    known = sorted(lock.base.platforms, key=lambda name: (name != usual, name))
    return dockerfile_of(resolve(lock, platform or (known or [usual])[0], {}, {}), None)


@contextmanager
def prepare(
    lock: Lock,
    files: Files,
    images: Images,
    builder: Builder,
    options: RealizeOptions,
) -> Iterator[Prepared]:
    """Gather what the builder will see; it is gone when the context ends.

    Raises AnswerIsNoError when a file is not what the lock says, UnreachableError
    when the engine does not answer, DeclarationError for a platform that an image
    does not exist for, and for a stage that may not have the host's network.
    """
    refuse_host_network(lock, options)
    order = install_order(lock)
    platforms = options.platforms or (platform_of(lock, builder, options),)
    unpinned = local_digests(lock, images)
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as context:
        known = contents(
            order, lambda path, exclude: files.gather(path, exclude, context)
        )
        # All are written, since that refuses a platform that an image lacks; they
        # differ in their comments alone.
        texts = [
            dockerfile_of(resolve(lock, name, known, unpinned, order), options.project)
            for name in platforms
        ]
        request = BuildRequest(
            dockerfile=texts[0],
            context=context,
            outputs=options.outputs,
            tags=options.tags,
            platforms=platforms,
            builder=options.builder,
            network=options.network,
            host_network=options.host_network,
            no_cache=options.no_cache,
            no_cache_steps=fresh_copies(order),
            parts=layout(order).parts,
            secrets=options.secrets,
            ssh=options.ssh,
        )
        names = {**titles(lock), IMAGE_STEP: "image: its working directory"}
        yield Prepared(request, names)


def titles(lock: Lock) -> dict[str, str]:
    """What people call the build stages of a lock's Dockerfile."""
    return {placed.id.lower(): label(placed.step) for placed in install_order(lock)}


def latest_time(lock: Lock, options: RealizeOptions) -> int | None:
    """The latest time that copied files have in layers, where there is one."""
    asked = options.source_date_epoch
    return lock.config.source_date_epoch if asked is None else asked


def fresh_copies(order: tuple[Placed, ...]) -> tuple[str, ...]:
    """The build stages that a builder's own cache must not answer for."""
    return layout(order).copies


def refuse_host_network(lock: Lock, options: RealizeOptions) -> None:
    """A lock may come from anyone; whether it sees this host's network, users say."""
    stages = [n for n, entry in lock.stages.items() if entry.stage.network == "host"]
    if not stages or options.host_network or options.network == "host":
        return
    told = ", ".join(sorted(stages))
    message = f"stages ask for the host's network, which is not allowed: {told}"
    hint = "if you trust what it runs, pass --allow network.host"
    raise DeclarationError(Diagnostic("DB0507", message, hint=hint))


def platform_of(lock: Lock, builder: Builder, options: RealizeOptions) -> str:
    """The first platform asked for, or the builder's; asking that takes a moment."""
    if options.platforms:
        return options.platforms[0]
    if len(lock.base.platforms) == 1:
        (only,) = lock.base.platforms
        return only
    return builder.platform(options.builder)


def dockerfile_of(resolved: ResolvedLock, project: str | None) -> str:
    """The Dockerfile; of what is live it says no digest.

    Without a project it is only printed: its cache mounts are nobody's.
    """
    live = {placed.id for placed in resolved.order if placed.live}
    told = {id_: one for id_, one in resolved.digests.items() if id_ not in live}
    mounts = PRINTED if project is None else Mounts(project, resolved.digests)
    lock, order, platform = resolved.lock, resolved.order, resolved.platform
    return render(emit(lock, order, platform, told, mounts))
