"""The outline of a declaration: its symbols, and what can be folded."""

import re
from collections.abc import Iterator
from itertools import pairwise

from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax import Syntax
from dynbuild.declaration.syntax.tree import Leaf, List, Table, TableEntry
from dynbuild.editor.flow import pieces
from dynbuild.lang.scanner import scan
from dynbuild.spans import Span
from dynbuild.values import dataclass

_HEADER = re.compile(
    r"^[ \t]*\[{1,2}[^\[\]\r\n=,]+\]{1,2}[ \t]*(?:#.*)?$", re.MULTILINE
)


_OPENERS = {"}": ("{", "${"), "]": ("[",), ")": ("(",)}


@dataclass(frozen=True, slots=True)
class Symbol:
    """A field, or a stage with its fields: the place of its name, and of all of it."""

    name: str
    is_stage: bool
    key: Span
    start: int
    end: int
    below: tuple["Symbol", ...] = ()


def symbols(loaded: Loaded, file: str) -> list[Symbol]:
    """Return what a file of a declaration defines, in the order of its text."""
    found: list[Symbol] = []
    for name, entry in loaded.tree.entries.items():
        if name == "stages" and isinstance(entry.value, List):
            found += filter(None, (_stage(item, file) for item in entry.value.items))
        elif (symbol := _field(name, entry, file)) is not None:
            found.append(symbol)
    return sorted(found, key=lambda one: one.start)


def _stage(item: object, file: str) -> Symbol | None:
    named = item.entries.get("name") if isinstance(item, Table) else None
    if not isinstance(item, Table) or named is None:
        return None
    span, leaf = named.value.span, named.value
    if span.source.name != file or not isinstance(leaf, Leaf):
        return None
    below = [_field(name, entry, file) for name, entry in item.entries.items()]
    inner = sorted(filter(None, below), key=lambda one: one.start)
    ends = [span, item.span] if item.span.source.name == file else [span]
    start = min(one.start for one in [*ends, *(other.key for other in inner)])
    end = max([*(one.end for one in ends), *(other.end for other in inner)])
    return Symbol(str(leaf.value), True, span, start, end, tuple(inner))  # noqa: FBT003


def _field(name: str, entry: TableEntry, file: str) -> Symbol | None:
    key, value = entry.key, entry.value.span
    if key.source.name != file:
        return None
    inside = value.source.name == file and value.start >= key.start
    end = value.end if inside else key.end
    return Symbol(name, False, key, key.start, end)  # noqa: FBT003


def folds(text: str, syntax: Syntax) -> list[tuple[int, int]]:
    """Return the ranges of offsets that can be folded; each begins and ends in a line.

    Works on any text, since it looks at brackets, headers and indentation alone.
    """
    match syntax:
        case "nix":
            found = _folds_of_nix(text)
        case "yaml":
            found = _folds_of_yaml(text)
        case "toml":
            found = [*_sections(text), *_folds_of_flow(text)]
        case _:
            found = list(_folds_of_flow(text))
    return sorted(set(found))


def _folds_of_flow(text: str) -> Iterator[tuple[int, int]]:
    stack: list[int] = []
    for piece in pieces(text, 0, len(text)):
        if piece.kind == "mark" and piece.text in "{[":
            stack.append(piece.start)
        elif piece.kind == "mark" and piece.text in "}]" and stack:
            start = stack.pop()
            if "\n" in text[start : piece.start]:
                yield start, piece.start


def _sections(text: str) -> Iterator[tuple[int, int]]:
    headers = [header.start() for header in _HEADER.finditer(text)]
    for start, following in pairwise([*headers, len(text)]):
        end = start + len(text[start:following].rstrip())
        if "\n" in text[start:end].strip("\n"):
            yield start, end


def _folds_of_nix(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    stack: list[tuple[str, int]] = []
    for piece in scan(text):
        if piece.kind in ("{", "${", "[", "("):
            stack.append((piece.kind, piece.start))
        elif piece.kind == "open":
            stack.append((piece.text[:2].strip(), piece.start))
        elif piece.kind in _OPENERS or piece.kind == "close":
            openers = _OPENERS.get(piece.kind, (piece.text,))
            # What is left open inside is no reason not to fold what is around it.
            kept = [at for at, (kind, _) in enumerate(stack) if kind in openers]
            if kept:
                start = stack[kept[-1]][1]
                del stack[kept[-1] :]
                if "\n" in text[start : piece.start]:
                    found.append((start, piece.start))
    return found


def _folds_of_yaml(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    open_lines: list[tuple[int, int]] = []
    at = end = 0
    for line in [*text.splitlines(keepends=True), "."]:
        row = line.strip()
        if row and not row.startswith("#"):
            indent = len(line) - len(line.lstrip(" "))
            while open_lines and open_lines[-1][1] >= indent:
                start, _ = open_lines.pop()
                if "\n" in text[start:end]:
                    found.append((start, end))
            open_lines.append((at, indent))
            end = at + len(line.rstrip())
        at += len(line)
    return found
