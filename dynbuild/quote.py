"""The one place where text becomes shell words and Dockerfile words.

Nothing that a declaration or a lock says may become an instruction, an expansion or
a second word. Each function takes any text without NUL (``fits`` says what else a
place cannot hold) and is the inverse of how that place is read.
"""

import json
import re
from collections.abc import Sequence

_PLAIN_SHELL = re.compile(r"[A-Za-z0-9_@%+=:,./^~-]+")
_UNSAFE_START = ("~", "=", "#", "-")


def shell(text: str) -> str:
    """One word of a POSIX shell (POSIX.1-2017, XCU 2.2.2: single quotes)."""
    if _PLAIN_SHELL.fullmatch(text) and "~" not in text and "^" not in text:
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"


def words(texts: Sequence[str]) -> str:
    """Several shell words."""
    return " ".join(map(shell, texts))


def exec_form(texts: Sequence[str]) -> str:
    """The JSON form of ENTRYPOINT, CMD, SHELL and HEALTHCHECK, where nothing expands."""
    return json.dumps(list(texts), ensure_ascii=False)


def paths(texts: Sequence[str]) -> str:
    """The JSON form of COPY and VOLUME, in which ``$`` and globs still have meaning.

    See the Dockerfile reference, "Environment replacement" and "COPY".
    """
    return json.dumps([_literal(text) for text in texts], ensure_ascii=False)


def value(text: str) -> str:
    """A double-quoted value of ENV or LABEL, or an argument that is expanded."""
    escaped = re.sub(r'([\\"$])', r"\\\1", text)
    return f'"{escaped}"'


def comment(text: str) -> str:
    """Text for a comment line: anything that could end the line is shown escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )


def heredoc(script: str) -> list[str]:
    """Lines of ``<<'WORD'``, the script, and a ``WORD`` that no line of it equals."""
    lines = script.split("\n")
    taken = {line.strip() for line in lines}
    word = next(
        word
        for word in ("EOF", *(f"EOF{number}" for number in range(len(lines) + 1)))
        if word not in taken
    )
    return [f"<<'{word}'", *lines, word]


def _literal(path: str) -> str:
    """A path in which Docker's variables and globs stand for themselves."""
    return re.sub(r"([\\$])", r"\\\1", path)
