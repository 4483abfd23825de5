"""The history of a project: where it is, what tells the time, who hears of it."""

import os
import time
from pathlib import Path

from dynbuild.cli.output import show
from dynbuild.cli.progress import Color
from dynbuild.cli.project import Project
from dynbuild.explain.past import History
from dynbuild.history.sqlite import Sqlite, path_in


def history_of(project: Project, color: Color = "auto") -> History:
    """What was realized of a project before; a build that it keeps begins now."""
    return Sqlite(
        path_in(os.environ),
        _name(Path(project.place.lock).resolve()),
        time.time,
        time.time(),
        lambda wrong: show([wrong], color),
    )


def _name(path: Path) -> str:
    """A path as text, which the name of a directory need not be."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
