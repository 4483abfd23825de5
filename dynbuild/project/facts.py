"""What was seen of files, to look later whether all is as it was.

Imports next to nothing: the answer to a repeated question must not wait for anything.
"""

import os
import stat
from hashlib import file_digest
from typing import Any

Fact = tuple[str, str, Any]
"""What was asked, of which path, and the answer."""


class Facts:
    """All that one run has seen. ``complete`` is false when it saw more than this."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], Any] = {}
        self.complete = True

    def see(self, *questions: str, of: str) -> None:
        """Note what a path is like now, before anything is made of it."""
        for question in questions:
            if (question, of) not in self.seen:
                self.seen[question, of] = observe(question, of)

    def take(self, facts: list[Fact]) -> None:
        """Have seen what another run saw, and what is still so."""
        for asked, path, answer in facts:
            self.seen[asked, path] = answer

    def listed(self) -> list[Fact]:
        return [(asked, path, answer) for (asked, path), answer in self.seen.items()]


def hold(facts: list[Fact]) -> bool:
    """Whether every question has the same answer as before."""
    return all(observe(asked, path) == answer for asked, path, answer in facts)


def observe(question: str, path: str) -> object:
    """The answer of the file system now; None where there is none."""
    try:
        match question:
            case "content":
                return _content(path)
            case "real":
                return os.path.realpath(path)
            case "link":
                return os.readlink(path)  # noqa: PTH115 - as above
            case "mode":
                return os.lstat(path).st_mode
            case _:
                return _names(path)
    except (OSError, ValueError):
        return None


def _content(path: str) -> str:
    """The digest of a regular file; nothing else is opened."""
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
