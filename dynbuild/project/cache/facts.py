"""Observations of files, to check later whether everything is unchanged.

Imports next to nothing: the answer to a repeated question must not wait for imports.
"""

import os
import stat
from hashlib import file_digest
from typing import Any

Observation = tuple[str, str, Any]
"""The question, the path that it was about, and the answer."""


class FileObservations:
    """All observations of one run; ``complete`` is false if it saw more than these."""

    def __init__(self) -> None:
        self.observations: dict[tuple[str, str], Any] = {}
        self.complete = True

    def see(self, *questions: str, of: str) -> None:
        """Record the current state of a path, before it is used."""
        for question in questions:
            if (question, of) not in self.observations:
                self.observations[question, of] = observe(question, of)

    def take(self, facts: list[Observation]) -> None:
        """Adopt the observations of another run that still hold."""
        for question, path, answer in facts:
            self.observations[question, path] = answer

    def listed(self) -> list[Observation]:
        return [
            (question, path, answer)
            for (question, path), answer in self.observations.items()
        ]


def hold(facts: list[Observation]) -> bool:
    """Return whether every question has the same answer as before."""
    return all(observe(question, path) == answer for question, path, answer in facts)


def observe(question: str, path: str) -> object:
    """Return the file system's current answer, or None if there is none."""
    try:
        match question:
            case "content":
                return _content(path)
            case "real":
                return os.path.realpath(path)
            case "link":
                return os.readlink(path)  # noqa: PTH115 - pathlib is slow
            case "mode":
                return os.lstat(path).st_mode
            case _:
                return _names(path)
    except (OSError, ValueError):
        return None


def _content(path: str) -> str:
    """Return the digest of a regular file; open nothing else."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - as above
        raise OSError
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        return file_digest(file, "sha256").hexdigest()


def _names(path: str) -> list[tuple[str, int]]:
    with os.scandir(path) as entries:
        return sorted(
            (entry.name, stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode))
            for entry in entries
        )
