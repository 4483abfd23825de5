"""The public interface: what the commands do, for other programs.

docs/api.md has an example, and says what holds of errors, events and threads.
Settings of a machine come from the variables of the process, as for the command line.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild.building import BuildEvent
from dynbuild.commands import lock as locks
from dynbuild.commands.lock_requests import NO_OPTIONS
from dynbuild.environment import project as projects
from dynbuild.environment.model import Environment
from dynbuild.errors import Diagnostic, DynbuildError, UnreachableError
from dynbuild.spans import Source
from dynbuild.tiers.declared import declared_in
from dynbuild.values import dataclass

if TYPE_CHECKING:
    from dynbuild.commands import packages
    from dynbuild.commands.lock import Locked
    from dynbuild.commands.lock_requests import LockOptions
    from dynbuild.commands.why import Explanation
    from dynbuild.declaration.loaded import Loaded
    from dynbuild.lockfile.model import Lock
    from dynbuild.realization.images import Linked
    from dynbuild.realization.onto import Put
    from dynbuild.realization.request import RealizeOptions
    from dynbuild.realization.run import End
    from dynbuild.steps.model import Pin


@dataclass(frozen=True, slots=True)
class WantedImage:
    """An image to make: of which lock, where, and how.

    ``line`` has its name after those of the images that it extends, the root first;
    nothing where there is one image. Steps are told with these names.
    """

    lock: "Lock"
    environment: Environment
    options: "RealizeOptions"
    line: tuple[str, ...] = ()


def open_environment(
    declaration: str | None = None,
    *,
    report: Callable[[BuildEvent], None] | None = None,
    tell: Callable[[Diagnostic], None] | None = None,
) -> Environment:
    """Find a project, and return the environment to work on it.

    ``declaration`` is the path of its declaration; by default one is looked for from
    the working directory upwards. Caches that the declaration names are not used: only
    those that variables name. ``load`` returns what it names, and whoever trusts that
    says so with ``trust``.

    Raises DeclarationError where there is none.
    """
    environment = Environment(projects.open_project(declaration))
    if report is not None:
        environment = replace(environment, report=report)
    return environment if tell is None else replace(environment, tell=tell)


def trust(loaded: "Loaded", environment: Environment) -> Environment:
    """Return an environment that uses the caches, keys and store of a declaration.

    What they hold becomes part of images: trust only what you would run. Nothing is
    remembered, unlike with ``dynbuild trust``.
    """
    declared = declared_in(loaded.declaration)
    return replace(environment, cache=declared, trusted=True)


def load(
    environment: Environment,
    arguments: Mapping[str, str | Source] | None = None,
    say: Callable[[str], None] | None = None,
) -> "Loaded":
    """Read and check the declaration.

    ``arguments`` are for one that is a function: texts, or expressions as a ``Source``;
    those that the lock records are the default. ``say`` is given what ``trace`` prints.

    Raises DeclarationError, with all mistakes that were found.
    """
    recorded = locks.recorded(environment.project.locks)
    return projects.load_declaration(
        environment.project, arguments or {}, recorded, say or (lambda _: None)
    )


def lock(
    loaded: "Loaded",
    environment: Environment,
    options: "LockOptions | None" = None,
    *,
    dry_run: bool = False,
) -> "Locked":
    """Update the lock, and write its file if that changes it and is no ``dry_run``.

    Registries are asked for the digests of images that the lock does not have.

    Raises DeclarationError, LockError, UnreachableError; CommandFailed for a file that
    cannot be written.
    """
    project = environment.project
    options = options or NO_OPTIONS
    edges = locks.Edges(
        project.files,
        project.locks,
        project.edits,
        projects.images,
        projects.fetch,
        projects.lacks,
        projects.made_at,
        projects.now,
    )
    locked = locks.lock(loaded, edges, options)
    if locked.text is not None and not dry_run:
        project.locks.write(locked.text)
    return locked


def realize(
    lock: "Lock", environment: Environment, options: "RealizeOptions"
) -> "Linked":
    """Make the image of a lock; only steps that no tier holds run.

    It blocks until the image is made; steps run in threads of their own, which have
    ended when it returns. Only the main thread may call it, since it takes care of
    signals: KeyboardInterrupt is raised after all builds were ended.

    Raises BuildFailed for a step that fails, and DynbuildErrors: UnsuitedError for a
    builder that cannot export layers, CommandFailed, DeclarationError, LockError, and
    UnreachableError for an engine or a required tier that does not answer.
    """
    # Whoever only locks waits for none of this.
    from dynbuild.building import BuildFailed  # noqa: PLC0415

    (end,) = realize_images([WantedImage(lock, environment, options)])
    if isinstance(end, BuildFailed | DynbuildError):
        raise end
    return end


def realize_images(images: "Sequence[WantedImage]") -> "tuple[End, ...]":
    """Make images at once, of one project: steps that several need run once.

    Where one cannot be made, BuildFailed or a DynbuildError stands in its place, and
    the others are made. Otherwise as ``realize``; it raises what concerns all images,
    such as UnreachableError.
    """
    # Whoever only locks waits for none of this.
    from dynbuild.environment.wiring import backends_of  # noqa: PLC0415
    from dynbuild.lockfile.sums import loads, with_sums  # noqa: PLC0415
    from dynbuild.realization import run  # noqa: PLC0415
    from dynbuild.realization.images import Linked  # noqa: PLC0415

    ends: tuple[End, ...] = ()
    sums = images[0].environment.project.sums if images else None
    known = loads(sums.read() or "", sums.name) if sums else {}
    try:
        with backends_of([(one.environment, one.lock) for one in images]) as opened:
            ends = run.realize_images(
                [
                    run.ImageRequest(
                        with_sums(one.lock, known),
                        edges,
                        replace(
                            one.options,
                            project=one.options.project or one.environment.owner,
                        ),
                        one.line,
                    )
                    for one, edges in zip(images, opened, strict=True)
                ]
            )
    except UnreachableError as error:
        # The failure of an image matters more than any failure of sharing.
        if all(isinstance(end, Linked) for end in ends):
            raise
        for also in error.diagnostics:
            images[0].environment.tell(replace(also, severity="warning"))
    return ends


def put_onto(
    wanted: WantedImage, base: "Pin"
) -> "tuple[Put, dict[str, packages.Image]]":
    """Make an image on another base; stages stay where nothing speaks against it.

    Returns also what it has installed, by its platforms: no tier has all of that.
    Otherwise as ``realize``. Raises DeclarationError for what it is not for.
    """
    # Whoever only locks waits for none of this.
    from dynbuild.commands import packages  # noqa: PLC0415
    from dynbuild.environment.packages import shelf_of  # noqa: PLC0415
    from dynbuild.environment.wiring import backends_twice  # noqa: PLC0415
    from dynbuild.lockfile.sums import loads, with_sums  # noqa: PLC0415
    from dynbuild.realization import onto, run  # noqa: PLC0415

    environment, lock = wanted.environment, wanted.lock
    sums = environment.project.sums
    lock = with_sums(lock, loads(sums.read() or "", sums.name))
    project = wanted.options.project or environment.owner
    options = replace(wanted.options, project=project)
    with backends_twice(environment, replace(lock, base=base)) as (opened, aside):
        request = run.ImageRequest(lock, opened, options)
        put = onto.put_onto(request, aside, base)
        read = shelf_of(environment, [aside.tier]).read
        outcomes = {one.platform: one.outcome for one in put.platforms}
        return put, {
            platform: packages.read_now(
                packages.Image(of.recipe.order, of.plan, of.recipe.bases, read)
            )
            for platform, of in outcomes.items()
        }


def why(
    lock: "Lock",
    environment: Environment,
    steps: Collection[str] = (),
    *,
    since: str | None = None,
    platform: str | None = None,
) -> "Explanation":
    """Explain what would run, and why; build and write nothing.

    ``steps`` are explained one by one as well: stages, kinds of steps, packages.
    Steps are compared with their last realization here, or with the lock that git has
    at the revision ``since``.

    Raises DeclarationError, LockError, UnreachableError.
    """
    from dynbuild.commands import why as explaining  # noqa: PLC0415
    from dynbuild.environment.history import history_of  # noqa: PLC0415
    from dynbuild.environment.wiring import tiers_of  # noqa: PLC0415

    project = environment.project
    edges = explaining.Edges(
        files=project.files,
        locks=project.locks,
        tiers=tiers_of(project.place.root, environment.cache, environment.tell),
        history=history_of(project, environment.tell),
        images=projects.images,
        platform=lambda: projects.builder().platform(None),
    )
    return explaining.why(lock, [*steps], edges, since=since, platform=platform)
