"""The one place where text becomes shell words and Dockerfile words.

Nothing that a declaration or a lock says may become an instruction, an expansion or
a second word. Each function is the inverse of how its place is read, and raises
``UnfitError`` for what that place cannot hold at all.
"""

import json
import re
from collections.abc import Sequence


class UnfitError(ValueError):
    """A text that has no spelling in its place; the message says what is in the way."""


_PLAIN_SHELL = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_LINE_ENDS = re.compile(r"[\n\r\0]")
_FLAG = re.compile(r"[A-Za-z0-9_@%+=:,./*?!\[\]-]+")
_NAME = re.compile(r"[a-z][a-z0-9._-]*")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")

MAX_LINE = 60_000
"""Bytes of one line: BuildKit reads lines of at most 64 KiB (measured with 28.5)."""

MAX_SCRIPT = 120_000
"""Bytes of one script: it is one argument of the shell, which Linux limits to 128 KiB
(execve(2), MAX_ARG_STRLEN)."""


def shell(text: str) -> str:
    """One word of a POSIX shell (POSIX.1-2017, XCU 2.2.2: single quotes)."""
    if "\0" in text:
        raise UnfitError("a NUL character has no place in a shell script")
    if _PLAIN_SHELL.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"


def words(texts: Sequence[str]) -> str:
    """Several shell words."""
    return " ".join(map(shell, texts))


def exec_form(texts: Sequence[str]) -> str:
    """The JSON form of ENTRYPOINT, CMD, SHELL and HEALTHCHECK; nothing expands."""
    if any("\0" in text for text in texts):
        raise UnfitError("a NUL character has no place in a command line")
    return json.dumps(list(texts), ensure_ascii=False)


def copy_paths(source: str, target: str) -> str:
    """The JSON form of COPY; the source's globs and all variables mean themselves.

    Docker first replaces variables and removes quotes and backslashes (Dockerfile
    reference, "Environment replacement"), then matches the source as a glob.
    """
    globless = re.sub(r"([\\*?\[])", r"\\\1", source)
    return _json_words([globless, target])


def volumes(paths: Sequence[str]) -> str:
    """The JSON form of VOLUME, in which variables mean themselves."""
    return _json_words(paths)


def value(text: str) -> str:
    """A double-quoted value of ENV or LABEL, or an argument that Docker expands."""
    _refuse_line_ends(text)
    escaped = re.sub(r'([\\"$])', r"\\\1", text)
    return f'"{escaped}"'


def flag(text: str) -> str:
    """The value of a flag such as ``--chown``, or of an option of ``--mount``."""
    if not _FLAG.fullmatch(text):
        raise UnfitError(f"{text!r} has characters that a Dockerfile flag cannot hold")
    return text


def option(text: str) -> str:
    """The value of one option among several, which commas separate."""
    if "," in text:
        raise UnfitError(f"{text!r} has a comma, which ends an option")
    return flag(text)


def name(text: str) -> str:
    """The name of a build stage; Docker wants it in lower case."""
    lowered = text.lower()
    if not _NAME.fullmatch(lowered):
        raise UnfitError(f"{text!r} is not a name that Docker takes for a stage")
    return lowered


def reference(text: str) -> str:
    """The reference of an image."""
    if not _REFERENCE.fullmatch(text):
        raise UnfitError(f"{text!r} is not a reference of an image")
    return text


def argument(text: str) -> str:
    """A plain argument: a port, a signal, a duration, a user."""
    if not _FLAG.fullmatch(text):
        raise UnfitError(f"{text!r} cannot be written as a Dockerfile argument")
    return text


def comment(text: str) -> str:
    """Text for a comment line: anything that could end the line is shown escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )


def heredoc(script: str) -> list[str]:
    """Lines of ``<<'WORD'``, the script, and a ``WORD`` that no line of it equals."""
    if "\0" in script:
        raise UnfitError("a NUL character has no place in a shell script")
    lines = script.split("\n")
    longest = max(len(line.encode()) for line in lines)
    if len(script.encode()) > MAX_SCRIPT or longest > MAX_LINE:
        raise UnfitError(
            f"the script that begins {lines[min(1, len(lines) - 1)]:.40!r} is too long "
            f"(at most {MAX_SCRIPT} bytes, {MAX_LINE} in a line): put it in a file and "
            "copy that"
        )
    taken = {line.strip() for line in lines}
    word = "EOF"
    number = 0
    while word in taken:
        number += 1
        word = f"EOF{number}"
    return [f"<<'{word}'", *lines, word]


def _json_words(texts: Sequence[str]) -> str:
    for text in texts:
        _refuse_line_ends(text)
    literal = [re.sub(r"""([\\"'$])""", r"\\\1", text) for text in texts]
    return json.dumps(literal, ensure_ascii=False)


def _refuse_line_ends(text: str) -> None:
    if _LINE_ENDS.search(text):
        raise UnfitError(f"{text!r} has a line end, which a Dockerfile cannot hold")
