"""Shared databases that commands are known to change before they ever ran.

A stage that changes one is put on those that did before it, at once: otherwise the
conflict would show only when both are built, and the stage be built twice. To expect
too much is sound, and costs a run when the other stage changes; so only what a program
nearly always does is said here. What the text of a command hides, records tell later
(``link/placement``).
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from dynbuild.steps.managers import MANAGERS
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a program changes: with one of some words, or by running at all.

    Not with a word of ``never``.
    """

    database: str
    words: re.Pattern[str] | None = None
    never: frozenset[str] = frozenset()


def _any(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words)))


_ELSEWHERE = frozenset({"-n", "-p", "--name", "--prefix", "create"})
"""What says that conda changes an environment that has a database of its own."""

_ACCOUNTS = (
    *("useradd", "userdel", "usermod", "groupadd", "groupdel", "groupmod", "chpasswd"),
    *("adduser", "deluser", "addgroup", "delgroup", "gpasswd", "chage", "usermod"),
)
_CHANGES = (
    *("upgrade", "dist-upgrade", "full-upgrade", "distro-sync"),
    *("reinstall", "localinstall", "groupinstall"),
)
_CONDA = _Rule(
    "conda", _any("install", "update", "upgrade", "remove", "uninstall"), _ELSEWHERE
)
_RULES = {
    **{
        program: _Rule(
            database,
            _any(
                *(row.system.installs, *row.system.removes, *_CHANGES),
                *(["update"] if row.name == "yum" else []),
            ),
        )
        for row in MANAGERS.values()
        if row.system
        for database in row.databases
        for program in row.programs
    },
    "dpkg": _Rule(
        "dpkg", re.compile(r"-[irP]\w*|--(?:install|unpack|remove|purge|configure)")
    ),
    "rpm": _Rule("rpm", re.compile(r"-[iUFe]\w*|--(?:install|upgrade|erase)")),
    **dict.fromkeys(("conda", "mamba", "micromamba"), _CONDA),
    **dict.fromkeys(_ACCOUNTS, _Rule("passwd")),
    "ldconfig": _Rule("ld.so.cache"),
    **dict.fromkeys(("update-alternatives", "alternatives"), _Rule("alternatives")),
    **dict.fromkeys(
        ("update-ca-certificates", "update-ca-trust"), _Rule("ca-certificates")
    ),
}
_ENDS = re.compile(r"\n|[;&|]")
_REMEMBERED = 1 << 15
"""How many commands are remembered: an editor asks for all of them at each key."""
_QUOTES = "'\"`(){}$"


def touched(commands: Iterable[str]) -> tuple[str, ...]:
    """Return the databases that a stage's commands are known to change, sorted."""
    text = "\n".join(commands).replace("\\\n", " ")
    return tuple(sorted({name for one in _ENDS.split(text) for name in _by(one)}))


@lru_cache(_REMEMBERED)
def _by(command: str) -> frozenset[str]:
    """Return what one simple command changes; words within quotes count as well."""
    return frozenset(_changed(command))


def _changed(command: str) -> Iterator[str]:
    words = [word.strip(_QUOTES) for word in command.split()]
    running: set[_Rule] = set()
    for word in words:
        if word.startswith("#"):
            break
        for rule in running:
            if rule.words and rule.words.fullmatch(word):
                yield rule.database
        named = _RULES.get(word.rpartition("/")[2])
        if named and named.words is None:
            yield named.database
        elif named and named.never.isdisjoint(words):
            running.add(named)
