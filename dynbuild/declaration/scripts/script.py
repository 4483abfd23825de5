"""Conservative parsing of shell commands: the simple ones, word by word.

Conditionals, loops, substitutions and anything beyond a list of commands are left out,
and count as able to do anything. Nothing here decides what runs.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import field
from functools import lru_cache

from dynbuild.values import dataclass

_BREAKS = {";", "&&", "|", "&", "(", ")", ";;", "|&"}
_REDIRECTS = re.compile(r"[<>]")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_COMPLEX = re.compile(
    r"\|\||<<|\$\(|`|\{(?!\})|\bset \+e"
    r"|\b(?:if|for|while|until|case|function|select|trap|eval)\b"
)
_DYNAMIC = re.compile(r"[$*?\[\]{}`~\\]")

REMEMBERED = 1 << 15
"""Texts of which the answer is kept: an editor asks for the same ones at each key."""


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command: its words, without leading ``sudo`` and assignments."""

    words: tuple[str, ...]
    sudo: bool = False
    writes: bool = False
    """Whether its output goes into a file."""

    name: str = field(init=False, compare=False)
    """The first word, which most checks ask for."""

    def __post_init__(self) -> None:
        name = self.words[0] if self.words else ""
        object.__setattr__(self, "name", name)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words after the name that are not options."""
        return tuple(word for word in self.words[1:] if not word.startswith("-"))

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(word for word in self.words[1:] if word.startswith("-"))


def is_static(word: str) -> bool:
    """Whether a word is literal, independent of variables and files."""
    return bool(word) and not _DYNAMIC.search(word)


@lru_cache(REMEMBERED)
def commands_of(text: str) -> tuple[Command, ...] | None:
    """Split a script into its simple commands; return None if it is more than that."""
    if _COMPLEX.search(text):
        return None
    try:
        return tuple(
            command
            for line in text.replace("\\\n", " ").split("\n")
            for command in _simple(line)
        )
    except ValueError:  # a quote left open on its line
        return None


def _simple(line: str) -> Iterator[Command]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    writes = skip = False
    for token in lexer:
        if token.startswith("#"):
            break
        if _REDIRECTS.match(token):
            writes = writes or ">" in token
            skip = True
            if words and words[-1].isdecimal():
                words.pop()
        elif skip:
            skip = False
        elif token in _BREAKS:
            yield from _command(words, writes=writes)
            words, writes = [], False
        else:
            words.append(token)
    yield from _command(words, writes=writes)


def _command(words: list[str], *, writes: bool) -> Iterator[Command]:
    """Yield the command without its prefixes."""
    if not words:
        return
    before = 0
    for word in words:
        if not (_ASSIGNMENT.match(word) or word in ("sudo", "-E", "-H")):
            break
        before += 1
    yield Command(tuple(words[before:]), "sudo" in words[:before], writes)
