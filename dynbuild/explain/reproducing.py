"""Why a step that runs twice does not write the same, as far as what it wrote tells.

A guess for each path: the first pattern under which both writings are one tells it.
Content is compared as text, line by line; what is no text by the few formats that hold
a time of their own.
"""

import re
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeAlias

from dynbuild.values import dataclass

Kind: TypeAlias = str
"""What a path is: ``file``, ``directory``, ``symlink``, or what else a tar holds."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a layer says of a path; ``time`` in seconds since 1970.

    ``about`` are mode, owner, link, device and extended attributes, by name; ``digest``
    is that of the content, and ``head`` the content itself as far as it is looked at.
    """

    kind: Kind
    time: float
    about: Mapping[str, str]
    digest: str = ""
    head: bytes = b""


@dataclass(frozen=True, slots=True)
class Irreproducible:
    """A path that differs between two runs: in what, and the likely reason."""

    path: str
    what: str
    reason: str | None = None


TIMES = "time"
"""What differs of a path that has nothing else."""

ORDERED = "the order in which its layer has them"
TIME = "the time of the build is in it"
ORDER = "the same lines in another order: what lists them does not sort"
ADDRESS = "an address in memory is in it"
RANDOM = "a random name or number is in it"
PROCESS = "the number of a process is in it"
WRITTEN = "the time at which it was written"
GZIP = "gzip wrote the time into its header: `gzip -n`"
BYTE_CODE = "Python wrote the time of the source: SOURCE_DATE_EPOCH, or no byte code"
ARCHIVE = "an archive has the times of its members: `tar --mtime`, `ar D`, `zip -X`"
MANAGER = "package managers write it on every run; nothing that is built stands on it"
NAMED = "a random name, or one with the time: give it a fixed one"

_MANAGERS = re.compile(
    r"var/(?:log|lib/(?:apt|dpkg/(?:status|available)-old|systemd)|cache)(?:/|$)"
    r"|etc/(?:machine-id|(?:shadow|gshadow|passwd|group)-?|ld\.so\.cache)$"
    r"|root/\.(?:npm|cache)/|usr/local/share/\.cache/"
)
_GZIP = b"\x1f\x8b"
_MOST = 1 << 22
"""Bytes that are looked at of what was packed."""

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_TIMES = re.compile(
    rb"\d{4}-\d\d-\d\d|\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?|\b1[5-9]\d{8}(?:\d{3}|\.\d+)?\b"
    rb"|\b\d{1,2} %(m)s(?: \d{4})?|%(m)s +\d{1,2}(?:,? \d{4})?|\b(?:Mon|Tue|Wed|Thu|Fri"
    rb"|Sat|Sun)[a-z]*\b|\b20\d{6}(?:[T-]?\d{6}Z?)?\b" % {b"m": _MONTH.encode()}
)
_ADDRESSES = re.compile(rb"0x[0-9a-fA-F]{3,16}\b")
_UNIQUE = re.compile(
    rb"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b|\b[0-9a-fA-F]{12,128}\b"
    rb"|\btmp[.-]?\w{4,12}\b|\b(?=\w*\d)(?=\w*[A-Za-z])[\w+/]{16,}={0,2}"
)
_NUMBERS = re.compile(rb"\b\d{1,7}\b")
_DIGITS = re.compile(rb"\d+")
_NAME = re.compile(r"[0-9A-Za-z_]{4,}|\d+")


def irreproducible(
    first: Mapping[str, Entry], second: Mapping[str, Entry]
) -> tuple[Irreproducible, ...]:
    """Return what differs between two runs of one step, by path: something does."""
    return tuple(_found(first, second)) or (Irreproducible("", ORDERED),)


def _found(
    first: Mapping[str, Entry], second: Mapping[str, Entry]
) -> Iterator[Irreproducible]:
    lonely = first.keys() ^ second.keys()
    for path in sorted(first.keys() | second.keys()):
        if path in lonely:
            here = (
                "in the first run only" if path in first else "in the second run only"
            )
            yield Irreproducible(path, here, _of_a_name(path, lonely))
            continue
        one, other = first[path], second[path]
        if one.kind != other.kind:
            yield Irreproducible(path, f"{one.kind}, then {other.kind}")
        elif one.digest != other.digest:
            yield Irreproducible(path, "content", _of_content(path, one, other))
        elif one.about != other.about:
            names = sorted(one.about.keys() | other.about.keys())
            differ = [n for n in names if one.about.get(n) != other.about.get(n)]
            yield Irreproducible(path, ", ".join(differ), _of_words(one, other))
        elif one.time != other.time:
            yield Irreproducible(path, TIMES, _of_manager(path) or WRITTEN)


def _of_manager(path: str) -> str | None:
    return MANAGER if _MANAGERS.match(path) else None


def _of_a_name(path: str, lonely: Collection[str]) -> str | None:
    """Name the reason where another lonely path differs in words and numbers alone."""
    shape = _NAME.sub("*", path)
    alike = any(other != path and _NAME.sub("*", other) == shape for other in lonely)
    return _of_manager(path) or (NAMED if alike else None)


def _of_words(one: Entry, other: Entry) -> str | None:
    return _of_text(_told(one.about), _told(other.about))


def _told(about: Mapping[str, str]) -> bytes:
    return "\n".join(f"{name} {about[name]}" for name in sorted(about)).encode()


def _of_content(path: str, one: Entry, other: Entry) -> str | None:
    if reason := _of_manager(path):
        return reason
    a, b = one.head, other.head
    if a[:2] == b[:2] == _GZIP:
        if a[:4] + a[8:] == b[:4] + b[8:]:
            return GZIP
        a, b = _unpacked(a), _unpacked(b)
    if path.endswith(".pyc") and a[:8] + a[12:] == b[:8] + b[12:]:
        return BYTE_CODE
    if a[257:262] == b"ustar" or a[:4] == b"PK\x03\x04" or a[:8] == b"!<arch>\n":
        return ARCHIVE
    return _of_text(a, b)


def _unpacked(data: bytes) -> bytes:
    """Return the beginning of what gzip packed; nothing of what it did not."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, _MOST)
    except zlib.error:
        return b""


def _of_text(a: bytes, b: bytes) -> str | None:
    lines = a.splitlines(), b.splitlines()
    if lines[0] != lines[1] and sorted(lines[0]) == sorted(lines[1]):
        return ORDER
    if a == b:
        return None
    return next((why for why, same in _PATTERNS if same(a) == same(b)), None)


def _without(*patterns: re.Pattern[bytes]) -> Callable[[bytes], bytes]:
    def same(text: bytes) -> bytes:
        for pattern in patterns:
            text = pattern.sub(b"*", text)
        return text

    return same


_PATTERNS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    (TIME, _without(_TIMES)),
    (ADDRESS, _without(_ADDRESSES)),
    (RANDOM, _without(_UNIQUE)),
    (PROCESS, _without(_NUMBERS)),
    (TIME, _without(_UNIQUE, _ADDRESSES, _TIMES)),
    (RANDOM, _without(_UNIQUE, _ADDRESSES, _TIMES, _DIGITS)),
)
"""The reasons, and what is left out of a text for each: the narrowest first."""
