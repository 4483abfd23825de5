"""Reading one table of a lock key by key, refusing what no lock has there."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from dynbuild.declaration.inputs import Data
from dynbuild.digest import Digest
from dynbuild.errors import Diagnostic, LockError

_T = TypeVar("_T")

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

_KINDS: Mapping[type, str] = {
    str: "text",
    int: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


class TableReader:
    """A table that is read key by key, to its end."""

    def __init__(self, table: Mapping[str, Any], path: tuple[str, ...]) -> None:
        self._left = dict(table)
        self.path = path

    def take(self, key: str, kind: type[_T], default: _T | None = None) -> _T:
        value = self._left.pop(key, default)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            found = "nothing" if value is None else repr(value)
            raise self.wrong(f"{key!r} should be {_KINDS[kind]}, found {found:.60}")
        return value

    def number(self, key: str, default: int | None = None, least: int = 0) -> int:
        value = self.take(key, int, default)
        if value < least:
            raise self.wrong(f"{key!r} should be {least} or more, found {value}")
        return value

    def digest(self, key: str) -> Digest | None:
        value = self.maybe(key, str)
        return None if value is None else self.as_digest(key, value)

    def as_digest(self, key: str, value: str) -> Digest:
        if not _DIGEST.fullmatch(value):
            raise self.wrong(f"{key!r} should be a digest, found {value!r:.60}")
        return Digest(value)

    def choice(self, key: str, values: Sequence[str]) -> str:
        value = self.take(key, str)
        if value not in values:
            *most, last = values
            raise self.wrong(f"{key!r} should be {', '.join(most)} or {last}")
        return value

    def maybe(self, key: str, kind: type[_T]) -> _T | None:
        return self.take(key, kind) if key in self._left else None

    def strings(self, key: str) -> tuple[str, ...]:
        values = self.take(key, list, [])
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(f"{key!r} should hold text only")
        return tuple(values)

    def maybe_strings(self, key: str) -> tuple[str, ...] | None:
        return self.strings(key) if key in self._left else None

    def table(self, key: str) -> "TableReader":
        return TableReader(self.take(key, dict, {}), (*self.path, key))

    def tables(self, key: str) -> list["TableReader"]:
        rows = self.take(key, list, [])
        if not all(isinstance(row, dict) for row in rows):
            raise self.wrong(f"{key!r} should hold tables only")
        return [
            TableReader(row, (*self.path, key, str(place)))
            for place, row in enumerate(rows)
        ]

    def texts_or_tables(self, key: str) -> "list[str | TableReader]":
        items = self.take(key, list, [])
        if not all(isinstance(item, str | dict) for item in items):
            raise self.wrong(f"{key!r} should hold text or tables")
        return [
            item
            if isinstance(item, str)
            else TableReader(item, (*self.path, key, str(place)))
            for place, item in enumerate(items)
        ]

    def children(self) -> list[tuple[str, "TableReader"]]:
        return [(key, self.table(key)) for key in list(self._left)]

    def texts(self) -> dict[str, str]:
        return {key: self.take(key, str) for key in list(self._left)}

    def data(self) -> dict[str, Data]:
        """Take all that is left: text, numbers, booleans, lists and tables of them."""
        return {key: self._data(key, self.take(key, object)) for key in [*self._left]}

    def _data(self, key: str, value: object) -> Data:
        match value:
            case str() | bool() | int() | float():
                return value
            case list():
                return [self._data(key, item) for item in value]
            case dict():
                return {name: self._data(key, item) for name, item in value.items()}
            case _:
                raise self.wrong(f"{key!r} should hold data, found {value!r:.60}")

    def left(self) -> dict[str, Any]:
        return self._left

    def end(self) -> None:
        """Refuse keys that were not taken: what they decide would not be built."""
        for key in self._left:
            raise LockError(
                Diagnostic(
                    "DB0406",
                    f"the lock has {key!r} at [{self._place}], which this dynbuild "
                    "does not know",
                    hint="upgrade dynbuild to the version that wrote it; the lock was "
                    "left as it is",
                )
            )

    @property
    def _place(self) -> str:
        return ".".join(self.path) or "the top"

    def wrong(self, what: str) -> LockError:
        return LockError(
            Diagnostic(
                "DB0407",
                f"the lock is damaged at [{self._place}]: {what}",
                hint="it is written by `dynbuild lock` alone: restore it, for "
                "instance with `git checkout -- dynbuild.lock`",
            )
        )
