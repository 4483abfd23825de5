"""The lock that ``build`` makes before the image: updated, written, and told."""

from typing import TYPE_CHECKING

from dynbuild import api
from dynbuild.cli.commands.realize_settings import BuildSettings, without_image
from dynbuild.cli.output import changes_text, show, tell
from dynbuild.commands.lock import Locked
from dynbuild.environment.model import Environment
from dynbuild.environment.project import Project
from dynbuild.lockfile.model import Lock

if TYPE_CHECKING:
    # Its schema takes a while to import, and an unchanged declaration needs none.
    from dynbuild.declaration.loaded import Loaded


def with_digests(project: Project, lock: Lock) -> Lock:
    """Return a lock with what the archives of its versions may be, if it has any."""
    if not lock.resolved:
        return lock
    # Few locks have versions.
    from dynbuild.lockfile.sums import loads, with_sums  # noqa: PLC0415

    return with_sums(lock, loads(project.sums.read() or "", project.sums.name))


def updated(project: Project, loaded: "Loaded", settings: BuildSettings) -> Locked:
    """Update the lock, with versions if the declaration asks for them; write it.

    Raises what ``lock`` raises, and what building packages does.
    """
    resolves = loaded.declaration.lock.resolve
    locked = api.lock(loaded, Environment(project), dry_run=resolves)
    if resolves:
        # Seldom needed; and it builds, as what this is of.
        from dynbuild.cli.commands.lock_resolve import resolved  # noqa: PLC0415

        only = without_image(settings)
        locked = resolved(project, loaded, locked, only, asked=True)
        if locked.text is not None:
            project.locks.write(locked.text)
    show(locked.warnings, settings.color)
    if locked.text is not None:
        if locked.changes:
            tell(changes_text(locked.changes))
        tell(f"wrote {project.place.lock}")
    return locked
