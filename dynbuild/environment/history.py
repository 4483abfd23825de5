"""Construction of a project's history: its path, its clock, its warnings."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from dynbuild.environment.project import Project
from dynbuild.errors import Diagnostic
from dynbuild.explain.past import History
from dynbuild.history.sqlite import Sqlite, path_in


def history_of(project: Project, tell: Callable[[Diagnostic], None]) -> History:
    """Return the history of a project; a build that it records begins now.

    ``tell`` is given a warning if the history cannot be read or written.
    """
    return Sqlite(
        path_in(os.environ),
        _name(Path(project.place.lock).resolve()) + _of(project.image),
        time.time,
        time.time(),
        tell,
    )


def _of(image: str) -> str:
    """Return what tells the builds of an image from those of others of the project."""
    return f"#{image}" if image else ""


def _name(path: Path) -> str:
    """Return a path as valid text, which the name of a directory need not be."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
