"""Answering a command line again as it was answered before, when nothing changed.

``dynbuild eval`` and the checks are run over and over on a project that is as it was;
they are then answered before even the command line is parsed.
"""

import os
import sys
from collections.abc import Mapping

from dynbuild.project.facts import Facts
from dynbuild.project.store import directory_of, recall, remember


def replay(words: list[str], environment: Mapping[str, str]) -> bool:
    """Write what the command line was answered with, if that is still true.

    Where nobody takes it, whoever runs the command as a whole says so.
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
    """Whether it does nothing to a terminal, if one reads it, but appear."""
    told = [out] * sys.stdout.isatty() + [err] * sys.stderr.isatty()
    return all(text.replace("\n", "").isprintable() for text in told)


def keep(
    words: list[str], environment: Mapping[str, str], facts: Facts, out: str, err: str
) -> None:
    """Remember how a command line was answered, with exit status 0."""
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
