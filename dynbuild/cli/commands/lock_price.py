"""The cost of a new lock compared with the file's, reported before it is written."""

from dynbuild.cli.render.diff_text import summary
from dynbuild.cli.store import looked_up, tiers_in
from dynbuild.commands.diff import Side, compared
from dynbuild.environment.project import Project
from dynbuild.errors import LockError
from dynbuild.lockfile.codec import loads
from dynbuild.lockfile.model import Lock


def price_of(project: Project, lock: Lock) -> str | None:
    """Return one line; None if the file has no lock to compare with."""
    text = project.locks.read()
    if text is None:
        return None
    try:
        before = Side(project.place.lock, loads(text))
        difference = compared(
            before, Side("", lock), None, looked_up(project, tiers_in(project))
        )
    except LockError:
        return None
    return summary(difference)
