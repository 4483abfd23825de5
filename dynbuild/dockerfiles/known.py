"""What a text is known to read and to write: a closed table of commands.

What a command does that the table does not have, or with words that only a shell knows
(variables, patterns, substitutions), is not understood, and so is nothing that has it.
"""

import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Sequence

from dynbuild.dockerfiles.model import Paths
from dynbuild.dockerfiles.shell import Script

SYSTEM = frozenset({"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr", "/etc"})
"""What a shell and its programs are read from."""

_ACCOUNTS = frozenset(
    f"/etc/{name}{end}"
    for name in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")
    for end in ("", "-")
) | {"/etc/.pwd.lock", "/var/log/lastlog", "/var/log/faillog", "/var/mail", "/home"}

_SHARED = ("/etc", "/home", "/opt", "/srv", "/usr", "/usr/local", "/var", "/var/lib")
"""Directories that every base has; their owner is not changed by what is put there."""

_WORD = re.compile(
    r"(?P<plain>[A-Za-z0-9_./,:@%+=^-]+|>>?)"
    r"|'(?P<quoted>[\x20-\x26\x28-\x7e]*)'"
    r'|"(?P<doubly>[^"$`\\!\x00-\x1f]*)"'
)
"""A word that every shell takes as it is."""


def overlap(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether a path of one is, or is above or below, a path of the other."""
    return any(_related(a, b) for a in one for b in other)


def independent(earlier: Paths | None, later: Paths | None) -> bool:
    """Whether it is known that the later of two does the same without the earlier."""
    if earlier is None or later is None:
        return False
    return not (
        overlap(earlier.writes, later.writes)
        or overlap(earlier.writes, later.reads)
        or overlap(earlier.reads, later.writes)
    )


def both(one: Paths | None, other: Paths | None) -> Paths | None:
    """Return what two texts do together; None where one is not understood."""
    if one is None or other is None:
        return None
    return Paths(one.reads | other.reads, one.writes | other.writes)


def owned(path: str) -> str:
    """Return the topmost directory that something put there for an owner may make."""
    for above in reversed(_SHARED):
        if path.startswith(f"{above}/"):
            return f"{above}/{path.removeprefix(above).strip('/').split('/')[0]}"
    return f"/{path.strip('/').split('/')[0]}"


def paths_of(script: Script, workdir: str, user: str | None) -> Paths | None:
    """Return what a script does; None where it is not understood whole."""
    if script.commands is None:
        return None
    found: Paths | None = Paths(SYSTEM)
    for command in script.commands:
        if command.operator in ("||", "&"):
            return None
        found = both(found, _of_command(command.text, workdir))
    if found is None or user is None:
        return found
    return Paths(found.reads, frozenset(map(owned, found.writes)) | found.writes)


def _related(one: str, other: str) -> bool:
    a, b = one.rstrip("/") + "/", other.rstrip("/") + "/"
    return a.startswith(b) or b.startswith(a)


def _of_command(text: str, workdir: str) -> Paths | None:
    words = _words(text)
    if words is None:
        return None
    written: list[str] = []
    if words[-2:-1] in ([">"], [">>"]):
        *words, _, target = words
        written.append(target)
    if not words or any(re.fullmatch(r"[<>|&;()]+.*", word) for word in words):
        return None
    program, *rest = words
    rule = _RULES.get(program)
    if rule is None:
        return None
    options = [word for word in rest if word.startswith("-")]
    found = rule(options, [word for word in rest if not word.startswith("-")])
    if found is None:
        return None
    reads, writes = found
    return Paths(
        frozenset(posixpath.normpath(posixpath.join(workdir, one)) for one in reads),
        frozenset(
            posixpath.normpath(posixpath.join(workdir, one))
            for one in (*writes, *written)
        ),
    )


def _words(text: str) -> list[str] | None:
    """Return the words of a simple command; None where a shell would change one."""
    lexer = shlex.shlex(text, posix=False, punctuation_chars="<>|&;()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words = []
    try:
        tokens = list(lexer)
    except ValueError:
        return None
    for token in tokens:
        match = _WORD.fullmatch(token)
        if match is None:
            return None
        words.append(match["quoted"] or match["doubly"] or match["plain"] or "")
    return words


_Found = tuple[Sequence[str], Sequence[str]] | None
"""What is read and what is written."""

_Rule = Callable[[list[str], list[str]], _Found]


def _writes(allowed: str, skip: int = 0) -> _Rule:
    """A program that writes the paths behind its first words."""

    def rule(options: list[str], words: list[str]) -> _Found:
        if not _only(options, allowed) or len(words) <= skip:
            return None
        return (), words[skip:]

    return rule


def _only(options: list[str], letters: str) -> bool:
    return all(one[1:] and set(one[1:]) <= set(letters) for one in options)


def _nothing(options: list[str], words: list[str]) -> _Found:
    del options, words
    return (), ()


def _link(options: list[str], words: list[str]) -> _Found:
    if not _only(options, "sfn") or len(words) != 2 or "s" not in "".join(options):  # noqa: PLR2004 - target and link
        return None
    return (), words[1:]


def _copy(options: list[str], words: list[str]) -> _Found:
    if not _only(options, "rRapf") or len(words) < 2:  # noqa: PLR2004 - from and to
        return None
    return words[:-1], words[-1:]


def _move(options: list[str], words: list[str]) -> _Found:
    if not _only(options, "f") or len(words) < 2:  # noqa: PLR2004 - from and to
        return None
    return (), words


def _account(options: list[str], words: list[str]) -> _Found:
    """Users and groups: where a home is written is told by other words as well."""
    homes = [word for word in words if word.startswith("/")]
    if any("=/" in one for one in options):
        return None
    return (), (*_ACCOUNTS, *homes)


_RULES: dict[str, _Rule] = {
    "mkdir": _writes("pv"),
    "touch": _writes(""),
    "rm": _writes("rfv"),
    "rmdir": _writes("p"),
    "chmod": _writes("Rf", 1),
    "chown": _writes("Rfh", 1),
    "chgrp": _writes("Rfh", 1),
    "ln": _link,
    "cp": _copy,
    "mv": _move,
    "echo": _nothing,
    "printf": _nothing,
    "true": _nothing,
    ":": _nothing,
    **dict.fromkeys(("groupadd", "useradd", "addgroup", "adduser"), _account),
}
