"""rpm's database: headers in a table of SQLite (rpm 4.16 and later)."""

import sqlite3
import struct
from collections.abc import Iterator, Mapping
from contextlib import closing

from dynbuild.inside.model import Package, Reading, plain
from dynbuild.inside.stanzas import providers, resolved

_NAME, _VERSION, _RELEASE, _EPOCH, _LICENCE = 1000, 1001, 1002, 1003, 1014
_ARCH, _SOURCE, _PROVIDES, _REQUIRES = 1022, 1044, 1047, 1049
_PROVIDED_VERSIONS = 1113
_IN_DIRECTORY, _BASE_NAMES, _DIRECTORIES = 1116, 1117, 1118
_TAGS = frozenset(
    {
        *(_NAME, _VERSION, _RELEASE, _EPOCH, _LICENCE, _ARCH, _SOURCE),
        *(_PROVIDES, _PROVIDED_VERSIONS, _REQUIRES),
        *(_IN_DIRECTORY, _BASE_NAMES, _DIRECTORIES),
    }
)
_INT32, _STRING, _STRINGS, _TRANSLATED = 4, 6, 8, 9
_MAGIC = b"SQLite format 3\0"
_WAL = slice(18, 20)
"""Where a database says that it has a write-ahead log, which memory has not."""
_STEPS = 10_000
_MOST = 1_000
"""How often SQLite may make so many steps: a view may be endless, and a package takes
a few.
"""
_VALUES = 4_000_000
"""Maximum values of all headers: names of files, and of what is provided and needed."""
_KEY = "gpg-pubkey"
_RELEASE_OF = "system-release"
"""What the package of a distribution's release provides."""

Value = str | int | list[str] | list[int]
Header = Mapping[int, Value]


def database(data: bytes) -> Reading:
    """Read rpmdb.sqlite. Raises ValueError."""
    if not data.startswith(_MAGIC):
        raise ValueError("it is no database of SQLite")
    headers = [*_headers(data)]
    there = [one for one in headers if _text(one, _NAME) not in ("", _KEY)]
    found = providers(
        (_text(one, _NAME), [*_texts(one, _PROVIDES), *_files(one)]) for one in there
    )
    packages = tuple(sorted(_package(one, found) for one in there))
    return Reading(packages, variable=plain(_release(there)))


def _release(there: list[Header]) -> str:
    """Return what dnf calls the release of the distribution, if any package says it."""
    for one in there:
        provided = dict(
            zip(
                _texts(one, _PROVIDES),
                _texts(one, _PROVIDED_VERSIONS),
                strict=False,
            )
        )
        if version := provided.get(f"{_RELEASE_OF}(releasever)"):
            return version
    for one in there:
        if _RELEASE_OF in _texts(one, _PROVIDES):
            return _text(one, _VERSION)
    return ""


def header(blob: bytes) -> Header:
    """Return the known tags of a header. Raises ValueError for what is none."""
    try:
        count, size = struct.unpack_from(">II", blob)
        start = 8 + 16 * count
        if start + size > len(blob):
            raise ValueError("a header is cut short")
        found: dict[int, Value] = {}
        for at in range(count):
            tag, kind, offset, many = struct.unpack_from(">IIII", blob, 8 + 16 * at)
            if tag in _TAGS and tag not in found and offset < size:
                end = start + size
                found[tag] = _value(blob, kind, start + offset, end, many)
    except struct.error:
        raise ValueError("a header is damaged") from None
    return found


def _value(blob: bytes, kind: int, at: int, end: int, many: int) -> Value:
    if many > _VALUES:
        raise ValueError(f"a header has {many} values in one place")
    if kind == _INT32:
        return [*struct.unpack_from(f">{min(many, len(blob))}I", blob, at)]
    if kind not in {_STRING, _STRINGS, _TRANSLATED}:
        raise ValueError(f"a header has a value of kind {kind}")
    if kind == _STRING:
        many = 1
    parts = blob[at:end].split(b"\0", many)[:many]
    texts = [part.decode("utf-8", "replace") for part in parts]
    return texts if kind == _STRINGS else texts[0]


def _headers(data: bytes) -> Iterator[Header]:
    """Yield the headers that a file of this size can hold, in their order."""
    left, values = len(data), _VALUES
    for blob in _blobs(data):
        left -= len(blob)
        one = header(blob)
        values -= sum(len(value) for value in one.values() if isinstance(value, list))
        if left < 0 or values < 0:
            raise ValueError("its headers have more than the file has room for")
        yield one


def _blobs(data: bytes) -> Iterator[bytes]:
    plain_data = bytearray(data)
    plain_data[_WAL] = b"\x01\x01"
    ticks = iter(range(_MOST))
    try:
        with closing(sqlite3.connect(":memory:")) as base:
            base.set_progress_handler(lambda: next(ticks, None) is None, _STEPS)
            base.deserialize(bytes(plain_data))
            base.execute("PRAGMA trusted_schema = OFF")
            base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, len(data))
            base.set_authorizer(_allowed)
            yield from (
                blob
                for (blob,) in base.execute("SELECT blob FROM Packages")
                if isinstance(blob, bytes)
            )
    except (sqlite3.Error, OverflowError) as error:
        raise ValueError(f"SQLite: {error}") from None


def _allowed(
    action: int, _: str | None, __: str | None, ___: str | None, view: str | None
) -> int:
    """Allow to read a table: a view, or a function, makes more than the file has."""
    plain_reading = action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}
    return sqlite3.SQLITE_OK if plain_reading and view is None else sqlite3.SQLITE_DENY


def _package(one: Header, found: Mapping[str, str]) -> Package:
    epoch = one.get(_EPOCH)
    version = f"{_text(one, _VERSION)}-{_text(one, _RELEASE)}"
    # NAME-VERSION-RELEASE.src.rpm, of which a name alone may have hyphens.
    parts = _text(one, _SOURCE).removesuffix(".src.rpm").rsplit("-", 2)
    source, of = (parts[0], "-".join(parts[1:])) if len(parts) == 3 else ("", "")  # noqa: PLR2004
    wanted = [[name] for name in _texts(one, _REQUIRES)]
    needs = resolved(_text(one, _NAME), wanted, found)
    return Package(
        "rpm",
        plain(_text(one, _NAME)),
        plain(
            f"{epoch[0]}:{version}" if isinstance(epoch, list) and epoch else version
        ),
        plain(_text(one, _ARCH)),
        plain(source),
        plain(of),
        plain(_text(one, _LICENCE)),
        tuple(map(plain, needs)),
    )


def _files(one: Header) -> Iterator[str]:
    """Yield the paths of a package's files: others need ``/bin/sh``."""
    directories = _texts(one, _DIRECTORIES)
    numbers = one.get(_IN_DIRECTORY)
    names = _texts(one, _BASE_NAMES)
    for name, at in zip(
        names, numbers if isinstance(numbers, list) else (), strict=False
    ):
        if isinstance(at, int) and at < len(directories):
            yield f"{directories[at]}{name}"


def _text(one: Header, tag: int) -> str:
    value = one.get(tag, "")
    return value if isinstance(value, str) else ""


def _texts(one: Header, tag: int) -> list[str]:
    value = one.get(tag)
    return [x for x in value if isinstance(x, str)] if isinstance(value, list) else []
