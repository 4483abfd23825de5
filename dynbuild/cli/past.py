"""Construction of a project's history: its path, its clock, its warnings."""

import os
import time
from pathlib import Path

from dynbuild.cli.output import show
from dynbuild.cli.progress import Color
from dynbuild.cli.project import Project
from dynbuild.explain.past import History
from dynbuild.history.sqlite import Sqlite, path_in


def history_of(project: Project, color: Color = "auto") -> History:
    """Return the history of a project; a build that it records begins now."""
    return Sqlite(
        path_in(os.environ),
        _name(Path(project.place.lock).resolve()),
        time.time,
        time.time(),
        lambda wrong: show([wrong], color),
    )


def _name(path: Path) -> str:
    """Return a path as valid text, which the name of a directory need not be."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
