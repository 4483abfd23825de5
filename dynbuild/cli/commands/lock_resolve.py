"""``lock --resolve``: builds new package groups, and has what came written down."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from dynbuild.building import Nowhere
from dynbuild.cli.commands.realize import realize_options
from dynbuild.cli.commands.realize_build import realized
from dynbuild.cli.commands.realize_made import job_of
from dynbuild.cli.commands.realize_settings import BuildSettings
from dynbuild.cli.consent import accepted
from dynbuild.cli.images import ChosenImage
from dynbuild.cli.output import shows, tell
from dynbuild.commands.lock import Locked, with_versions
from dynbuild.commands.packages import Image, packages
from dynbuild.commands.resolve import Edges, Resolution, resolve_versions
from dynbuild.declaration.loaded import Loaded
from dynbuild.engine import messages
from dynbuild.environment.model import Environment
from dynbuild.environment.packages import shelf_of
from dynbuild.environment.project import Project, builder
from dynbuild.environment.wiring import backends
from dynbuild.errors import DynbuildError, UnreachableError
from dynbuild.link.model import Record
from dynbuild.lockfile.images import ONLY, as_images
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.sums import dumps, loads, needed
from dynbuild.tiers.declared import declared_in


def resolved(
    project: Project,
    loaded: Loaded,
    locked: Locked,
    settings: BuildSettings,
    *,
    asked: bool,
) -> Locked:
    """Return the lock with versions of what is new in it; write their digests.

    Raises DynbuildError where a group cannot be installed; UnreachableError without an
    engine, if that is ``asked`` for: else the lock goes without versions, and says so.
    """
    try:
        found = _resolution(project, loaded, locked, settings)
    except UnreachableError:
        if asked:
            raise
        return locked
    text = dumps(found.sums)
    if text != (project.sums.read() or ""):
        project.sums.write(text)
        tell(f"wrote {project.sums.name}")
    locked = with_versions(locked, found.lock)
    return replace(locked, warnings=(*locked.warnings, *found.warnings))


def _resolution(
    project: Project, loaded: Loaded, locked: Locked, building: BuildSettings
) -> Resolution:
    agreed = accepted(project, declared_in(loaded.declaration))
    environment = Environment(
        project, agreed.cache, trusted=agreed.given, tell=shows(building.color)
    )
    own = builder().platform(None)

    def realize(lock: Lock, platform: str, anew: Collection[str]) -> bool:
        options = replace(
            realize_options(building),
            outputs=(Nowhere(),),
            platforms=(platform,),
            anew=tuple(anew),
        )
        job = job_of(ChosenImage((), project, lock), options, agreed, building)
        end = realized([job])[ONLY]
        if isinstance(end, DynbuildError):
            if platform != own and _is_foreign(end):
                return False
            raise end
        return True

    def image(lock: Lock, platform: str) -> Image:
        return packages(lock, shelf_of(environment), platform)

    def keep(lock: Lock, records: Sequence[Record]) -> None:
        with backends(environment, lock) as opened:
            opened.tier.expect(records)
            for record in records:
                opened.tier.record(record)
            opened.tier.share(records)

    def platforms(lock: Lock) -> Sequence[str]:
        return lock.config.platforms or (own,)

    before = None if locked.before is None else as_images(locked.before)
    sums = loads(project.sums.read() or "", project.sums.name)
    edges = Edges(realize, image, keep, platforms)
    found = resolve_versions(as_images(locked.lock), before, sums, edges)
    return replace(found, sums=needed(found.sums, found.lock))


def _is_foreign(error: DynbuildError) -> bool:
    """Whether a step could not begin: its programs are for another platform."""
    return any(
        messages.is_of_another_platform(line)
        for one in error.diagnostics
        for line in one.message.splitlines()
    )
