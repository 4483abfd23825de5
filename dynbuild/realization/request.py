"""``realize``: the options, and the build request for the image of a lock."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field

from dynbuild import quote
from dynbuild.building import BuildRequest, Load, Nowhere, Output
from dynbuild.emit.dockerfile import IMAGE_STEP, emit, layout, render
from dynbuild.emit.mounts import PRINTED, Mounts
from dynbuild.errors import DeclarationError, Diagnostic, UnreachableError
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.resolved import ResolvedLock, resolve
from dynbuild.lockfile.unresolved import refuse_unresolved
from dynbuild.platforms import each_once
from dynbuild.ports import Builder, Files, Images
from dynbuild.quote import StageName
from dynbuild.realization.contents import contents, local_digests
from dynbuild.steps.late import settled
from dynbuild.steps.limits import NONE, OF_PACKAGES, Limits, limits_of
from dynbuild.steps.model import Group
from dynbuild.steps.run import TIME_VARIABLE, time_of
from dynbuild.steps.title import label
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Other:
    """An image to compare with, as the Dockerfile that makes it of the project."""

    dockerfile: str
    target: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RealizeOptions:
    """How to make the image of a lock.

    ``tags`` are the names of the image; ``outputs`` says where it goes, by default
    nowhere. ``platforms`` are those that it is for, by default as ``platforms_of``
    says, and ``builders`` the buildx builders that make it, by default docker's own.
    With ``no_cache`` every step runs again. ``source_date_epoch`` is the latest time of
    copied files in layers, in seconds since 1970. ``secrets`` and ``ssh`` are as
    ``docker buildx build`` takes them. ``project`` tells the cache mounts of this
    project from those of others, ``image`` is the name of one of several there.

    Step by step, ``jobs`` are built at once, the steps ``anew`` run again, with
    ``strict`` a conflict between stages is an error, and with ``compare`` the image is
    compared with a plain build, or with an ``other`` image. A package group may take as
    long as ``package_timeout`` says.
    """

    outputs: tuple[Output, ...] = (Nowhere(),)
    tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    builders: tuple[str, ...] = ()
    network: str | None = None
    host_network: bool = False
    no_cache: bool = False
    source_date_epoch: int | None = None
    project: str | None = None
    image: str = ""
    secrets: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()
    jobs: int = 4
    anew: tuple[str, ...] = ()
    strict: bool = False
    compare: bool = False
    other: Other | None = None
    unresolved: bool = False
    package_timeout: str = OF_PACKAGES


@dataclass(frozen=True, slots=True)
class Prepared:
    """A build that is ready to start, and display titles for its build stages.

    ``narrowed`` warns of platforms that are left out.
    """

    request: BuildRequest
    titles: Mapping[str, str]
    narrowed: Diagnostic | None = None


def dockerfile(lock: Lock, platform: str | None) -> str:
    """Return the Dockerfile of a lock alone, for ``--print`` and reviews.

    The default platform is linux/amd64 if the image is for it, or its base, else the
    first one.
    """
    usual = "linux/amd64"
    declared = lock.config.platforms or tuple(lock.base.platforms)
    known = sorted(declared, key=lambda name: (name != usual, name))
    return dockerfile_of(resolve(lock, platform or (known or [usual])[0], {}, {}), None)


@contextmanager
def prepare(
    lock: Lock,
    files: Files,
    images: Images,
    builder: Builder,
    options: RealizeOptions,
) -> Iterator[Prepared]:
    """Gather the build context, which is removed when the ``with`` block ends.

    Raises CommandFailed when a file differs from the lock, UnreachableError when the
    engine does not answer, DeclarationError for a platform that an image does not
    exist for, and for a stage that is not allowed to use the host's network.
    """
    refuse_host_network(lock, options)
    platforms, narrowed = platforms_of(
        lock, builder.platform, builder.loads_several, options
    )
    if not options.unresolved:
        refuse_unresolved(lock, platforms)
    lock = _for_all(lock, platforms)
    order = install_order(lock)
    unpinned = local_digests(lock, images)
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as context:
        known = contents(
            order, lambda path, exclude: files.gather(path, exclude, context)
        )
        # All are emitted, since that rejects a platform that an image lacks; they
        # differ only in their comments.
        texts = [
            dockerfile_of(resolve(lock, name, known, unpinned), options.project)
            for name in platforms
        ]
        request = BuildRequest(
            dockerfile=texts[0],
            context=context,
            outputs=options.outputs,
            tags=options.tags,
            platforms=platforms,
            builders=options.builders,
            network=options.network,
            host_network=options.host_network,
            no_cache=options.no_cache,
            no_cache_steps=fresh_copies(order),
            parts=layout(order).parts,
            annotations=settled(lock.config, {}).annotations,
            secrets=options.secrets,
            ssh=options.ssh,
            arguments=arguments_of(lock),
            limits=limits_in(order, options.package_timeout),
        )
        names = {**titles(lock), IMAGE_STEP: "image: its working directory"}
        yield Prepared(request, names, narrowed)


def _for_all(lock: Lock, platforms: Sequence[str]) -> Lock:
    """Return the lock as all of some platforms have it.

    One Dockerfile makes all of them. Raises DeclarationError where they differ.
    """
    first, *others = (of_platform(lock, platform) for platform in platforms)
    versions = [
        {manager: of.get(platform, {}) for manager, of in lock.resolved.items()}
        for platform in platforms
    ]
    if any(one != first for one in others) or any(
        one != versions[0] for one in versions
    ):
        message = f"one linear build cannot be for {', '.join(platforms)}: they have "
        message += "other packages, versions or stages"
        hint = "pass one of these as --platform; or leave --linear out"
        raise DeclarationError(Diagnostic("DB0439", message, hint=hint))
    return first


def titles(lock: Lock) -> dict[str, str]:
    """Return display titles for the build stages of a lock's Dockerfile."""
    return {placed.id.lower(): label(placed.step) for placed in install_order(lock)}


def limits_in(order: Iterable[Placed], package_timeout: str) -> dict[StageName, Limits]:
    """Return what stages may take, where they say that, and package groups."""
    of_packages = Limits(timeout=package_timeout)
    each = {
        quote.stage(placed.id): of_packages
        if isinstance(placed.step, Group)
        else limits_of(placed.step)
        for placed in order
    }
    return {name: limits for name, limits in each.items() if limits != NONE}


def latest_time(lock: Lock, options: RealizeOptions) -> int | None:
    """Return the upper bound for the times of copied files in layers, if any."""
    asked = options.source_date_epoch
    return lock.config.source_date_epoch if asked is None else asked


def arguments_of(lock: Lock) -> dict[str, str]:
    """Return the arguments of the Dockerfile of a lock.

    buildx would hand on the time that the caller's shell has set.
    """
    time = time_of(lock.config)
    return {} if time is None else {TIME_VARIABLE: str(time)}


def fresh_copies(order: tuple[Placed, ...]) -> tuple[StageName, ...]:
    """Return the build stages that must not come from the builder's own cache."""
    return layout(order).copies


def refuse_host_network(lock: Lock, options: RealizeOptions) -> None:
    """Refuse the host's network to stages unless the user allows it.

    A lock may come from anyone. Raises DeclarationError.
    """
    stages = [n for n, entry in lock.stages.items() if entry.stage.network == "host"]
    if not stages or options.host_network or options.network == "host":
        return
    told = ", ".join(sorted(stages))
    message = f"stages ask for the host's network, which is not allowed: {told}"
    hint = "if you trust what it runs, pass --allow network.host"
    raise DeclarationError(Diagnostic("DB0507", message, hint=hint))


def platform_of(
    lock: Lock, platform: Callable[[str | None], str], options: RealizeOptions
) -> str:
    """Return the first platform asked for, else the builder's if the image is for it.

    Else the first that the image is for. Asking a builder for its ``platform`` takes a
    moment; of several that do not answer none is missed as long as one does. Raises
    UnreachableError.
    """
    if options.platforms:
        return options.platforms[0]
    known = lock.config.platforms or tuple(lock.base.platforms)
    if len(known) == 1:
        return known[0]
    usual = _first_of(platform, options)
    declared = lock.config.platforms
    return usual if not declared or usual in declared else declared[0]


def _first_of(platform: Callable[[str | None], str], options: RealizeOptions) -> str:
    """Return the platform of the first builder that answers; raise for the last."""
    *others, last = options.builders or (None,)
    for one in others:
        with suppress(UnreachableError):
            return platform(one)
    return platform(last)


def platforms_of(
    lock: Lock,
    platform: Callable[[str | None], str],
    loads_several: Callable[[], bool],
    options: RealizeOptions,
) -> tuple[tuple[str, ...], Diagnostic | None]:
    """Return the platforms to make an image for, and a warning if more are declared.

    Those asked for; else all that it is declared for, if its outputs can hold them.
    """
    if options.platforms:
        return each_once(options.platforms), None
    declared = lock.config.platforms
    one = (platform_of(lock, platform, options),)
    if len(declared) <= 1 or options.compare:
        return one, None
    if Load() in options.outputs and not loads_several():
        message = f"the image is made for {one[0]} alone, of {', '.join(declared)}: the"
        message += " engine's image store holds one platform"
        hint = "--push and -o oci:DIR make all of them, and so does -t with Docker's "
        hint += "containerd image store;\n--platform says which one"
        return one, Diagnostic("DB0514", message, hint=hint, severity="warning")
    return declared, None


def dockerfile_of(resolved: ResolvedLock, project: str | None) -> str:
    """Return the Dockerfile, without the digests of live steps.

    Without a project it is only for printing: its cache mounts belong to no project.
    """
    live = {placed.id for placed in resolved.order if placed.live}
    told = {id_: one for id_, one in resolved.digests.items() if id_ not in live}
    mounts = PRINTED if project is None else Mounts(project, resolved.digests)
    lock, order, platform = resolved.lock, resolved.order, resolved.platform
    return render(emit(lock, order, platform, told, mounts))
