"""What git knows of a file: its text at a revision."""

import subprocess
from pathlib import Path


def show(path: Path, revision: str) -> str | None:
    """The text of a file at a revision, or None: no git, no revision, no such file."""
    text = _git(path.parent, ["show"], f"{revision}:./{path.name}")
    return None if text is None else text.decode("utf-8", errors="replace")


def knows(directory: Path, revision: str) -> bool:
    """Whether a revision can be found from a directory."""
    found = _git(directory, ["rev-parse", "--verify"], f"{revision}^{{commit}}")
    return found is not None


def _git(directory: Path, command: list[str], argument: str) -> bytes | None:
    words = ["git", *command, "--end-of-options", argument]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and no argument is an option
            words, cwd=directory, capture_output=True, check=False
        )
    except OSError:
        return None
    return None if done.returncode else done.stdout
