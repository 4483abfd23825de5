"""The lock that ``build`` makes before the image: updated, written, and told."""

from typing import TYPE_CHECKING

from dynbuild import api
from dynbuild.cli.arguments import arguments_of
from dynbuild.cli.commands.realize_settings import BuildSettings, without_image
from dynbuild.cli.output import changes_text, show, tell
from dynbuild.cli.project import Fresh, known_fresh, load_declaration, note_written
from dynbuild.commands.live_edits import is_settled
from dynbuild.commands.lock import Locked, held_by, recorded
from dynbuild.commands.lock_start import start_of
from dynbuild.environment.model import Environment
from dynbuild.environment.project import Project
from dynbuild.lockfile.images import AnyLock, as_images
from dynbuild.lockfile.model import Lock
from dynbuild.tiers.declared import Cache, cache_of

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


def up_to_date(project: Project, settings: BuildSettings) -> tuple[AnyLock, Cache]:
    """Return the lock, updated and written, and the tiers that are declared.

    Raises what ``lock`` raises, and what building packages does.
    """
    written = (settings.expressions, settings.texts)
    note = known_fresh(project, written)
    if note is not None and note.quiet:
        held = held_by(project.locks)
        _, revision, unsaid = start_of(project.locks, held, None)
        if not unsaid and is_settled(as_images(held), revision):
            return held, cache_of(note.cache)
    arguments = arguments_of(*written)
    loaded = load_declaration(project, arguments, recorded(project.locks))
    locked = _updated(project, loaded, settings)
    cache = loaded.declaration.cache.model_dump_json()
    quiet = not (locked.warnings or loaded.declaration.lock.resolve)
    note_written(project, written, Fresh(cache, quiet), locked.text)
    return locked.lock, cache_of(cache)


def _updated(project: Project, loaded: "Loaded", settings: BuildSettings) -> Locked:
    """Update the lock, with versions if the declaration asks for them; write it."""
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
