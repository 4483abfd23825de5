"""Replay of a command's earlier output when nothing has changed.

``dynbuild eval`` and the checks are often run repeatedly on an unchanged project; they
are then answered before even the command line is parsed.
"""

import os
import sys
from collections.abc import Mapping

from dynbuild.project.cache.facts import FileObservations
from dynbuild.project.cache.store import directory_of, recall, remember


def replay(words: list[str], environment: Mapping[str, str]) -> bool:
    """Write the recorded output of a command line, if it is still valid.

    Return whether it was written. A write error is left to the full run to report.
    """
    if sys.stdout is None or sys.stderr is None:
        return False
    try:
        answer = recall(directory_of(environment), _question(words, environment))
        match answer:
            case (_, (str(out), str(err))) if _is_plain(out, err):
                sys.stdout.write(out)
                sys.stdout.flush()
                sys.stderr.write(err)
                return True
            case _:
                return False
    except OSError:
        return False


def _is_plain(out: str, err: str) -> bool:
    """Whether the output is free of control sequences for the terminals that get it."""
    texts = [out] * sys.stdout.isatty() + [err] * sys.stderr.isatty()
    return all(text.replace("\n", "").isprintable() for text in texts)


def keep(
    words: list[str],
    environment: Mapping[str, str],
    facts: FileObservations,
    out: str,
    err: str,
) -> None:
    """Record the output of a command line that exited with status 0."""
    if facts.complete:
        question = _question(words, environment)
        remember(directory_of(environment), question, facts.listed(), (out, err))


def _question(words: list[str], environment: Mapping[str, str]) -> object:
    ours = sorted(
        (name, value)
        for name, value in environment.items()
        if name.startswith("DYNBUILD_")
    )
    return ("command", os.getcwd(), words, ours)  # noqa: PTH109 - pathlib is slow
