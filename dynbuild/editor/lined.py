"""The cursor in TOML and in block style of YAML: lines, headers and indentation."""

import re

from dynbuild.declaration.syntax.tree import Path
from dynbuild.editor.cursor import Cursor, Frame
from dynbuild.editor.flow import cursor_in_flow, pieces

_HEADER = re.compile(
    r"^[ \t]*(\[{1,2})([^\[\]\r\n=,]+)\]{1,2}[ \t]*(?:#.*)?$", re.MULTILINE
)
_EQUALS = re.compile(r"[ \t]*=")
_OPEN_HEADER = re.compile(r"[ \t]*(\[{1,2})([\w.\"' -]*)$")
_ENTRY = re.compile(
    r"(?P<dashes>(?:- +|-$)*)(?:(?P<key>\"[^\"]*\"|'[^']*'|[^\s#:\"'{\[][^#:]*?)"
    r"[ \t]*:(?P<rest>(?:[ \t].*)?)$)?"
)


def cursor_in_toml(text: str, at: int) -> Cursor:
    """Return the cursor at an offset of a TOML source."""
    line = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    before = None
    for header in _HEADER.finditer(text, 0, line):
        before = header
    start = before.end() if before else 0
    frame = Frame("{", _path(before[1], before[2]) if before else ())
    begin = _statement(text, start, at, frame)
    opened = _OPEN_HEADER.match(text[line:at])
    if opened and begin >= line:
        word = opened[2].rpartition(".")[2].strip()
        above = _path("[", opened[2].rpartition(".")[0])
        return Cursor(above, "key", at - len(word), at)
    return cursor_in_flow(text, begin, at, None, frame)


def _path(brackets: str, name: str) -> Path:
    """Return the path of a header; an array of tables has an item there."""
    steps: list[str | int] = []
    for part in name.split("."):
        if part := part.strip().strip("\"'"):
            steps.append(part)
            # [stages.copy] is of the last of [[stages]].
            is_last = name.rstrip().endswith(part) and brackets == "[["
            if part == "stages" and "." in name and not is_last:
                steps.append(0)
    if steps[:2] == ["stages", 0] and brackets == "[" and len(steps) == len("a00"):
        # [stages.NAME]: a stage by name.
        return ("stages", str(steps[2]))
    return (*steps, 0) if brackets == "[[" else tuple(steps)


def _statement(text: str, start: int, at: int, frame: Frame) -> int:
    """Return where the statement around an offset begins; note the keys before it."""
    depth, begin, has_value = 0, start, False
    for piece in pieces(text, start, at):
        if piece.kind == "space" and depth == 0 and "\n" in piece.text:
            if piece.end <= at:
                begin, has_value = piece.end, False
        elif piece.kind == "mark" and piece.text in "{[":
            depth += 1
        elif piece.kind == "mark" and piece.text in "}]":
            depth = max(0, depth - 1)
        elif piece.kind == "mark" and piece.text == "=":
            has_value = True
        elif piece.kind in ("word", "text") and not has_value and depth == 0:
            frame.keys.update({piece.value} if _EQUALS.match(text, piece.end) else ())
    return begin


def cursor_in_yaml(text: str, at: int) -> Cursor:
    """Return the cursor at an offset of a YAML source."""
    line = text.rfind("\n", 0, at) + 1
    row = text[line:at]
    blank = len(row) - len(row.lstrip(" "))
    own = _ENTRY.match(row[blank:])
    assert own
    dashes = own["dashes"]
    indent = blank + len(dashes)
    path, block = _above(text, line, blank, bool(dashes))
    if block:
        return Cursor(None, "value", at, at)
    steps = path
    if own["key"] is not None:
        key = own["key"].strip("\"'")
        value = line + blank + own.start("rest")
        return cursor_in_flow(text, value, at, (*steps, key))
    rest = line + indent
    if text[rest : rest + 1] in ("{", "["):
        return cursor_in_flow(text, rest, at, steps)
    if flow := _open_flow(text, line, blank):
        return cursor_in_flow(text, flow[0], at, flow[1])
    quote = text[rest : rest + 1] if text[rest : rest + 1] in ("'", '"') else ""
    start = min(rest + len(quote), at)
    taken = _siblings(text, line, indent)
    return Cursor(steps, "key", start, at, quote, taken)


def _above(text: str, line: int, indent: int, is_item: bool) -> tuple[Path, bool]:  # noqa: FBT001
    """Return the path of what a line stands in, and whether that is a block of text."""
    steps: list[str | int] = [0] if is_item else []
    limit, end = indent, line - 1
    while end > 0 and (limit > 0 or is_item):
        start = text.rfind("\n", 0, end) + 1
        row = text[start:end].rstrip("\r")
        end = start - 1
        blank = len(row) - len(row.lstrip(" "))
        entry = _ENTRY.match(row[blank:])
        assert entry
        if not row.strip() or row.lstrip().startswith("#"):
            continue
        dashes = entry["dashes"]
        column = blank + len(dashes)
        if entry["key"] is not None and (
            column < limit or (is_item and column <= limit and not dashes)
        ):
            rest = entry["rest"].strip()
            if rest[:1] in ("|", ">"):
                return (), True
            steps.insert(0, entry["key"].strip("\"'"))
            limit, is_item = column, False
            if dashes:
                steps.insert(0, 0)
                limit, is_item = blank, True
        elif dashes and blank < limit <= column:
            steps.insert(0, 0)
            limit, is_item = blank, True
    return tuple(steps), False


def _siblings(text: str, line: int, indent: int) -> frozenset[str]:
    """Return the keys of the same table in the lines before."""
    found: set[str] = set()
    end = line - 1
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        row = text[start:end].rstrip("\r")
        end = start - 1
        blank = len(row) - len(row.lstrip(" "))
        entry = _ENTRY.match(row[blank:])
        assert entry
        column = blank + len(entry["dashes"])
        if row.strip() and column < indent:
            break
        if entry["key"] is not None and column == indent:
            found.add(entry["key"].strip("\"'"))
            if entry["dashes"]:
                break
    return frozenset(found)


def _open_flow(text: str, line: int, indent: int) -> tuple[int, Path] | None:
    """Return where a bracket that is open before a line begins, and its path."""
    end = line - 1
    depth = 0
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        row = text[start:end]
        depth += sum(map(row.count, "]}")) - sum(map(row.count, "[{"))
        blank = len(row) - len(row.lstrip(" "))
        entry = _ENTRY.match(row[blank:].rstrip("\r"))
        assert entry
        if entry["key"] is not None and blank < indent:
            if depth >= 0:
                return None
            above, _ = _above(text, start, blank, bool(entry["dashes"]))
            value = start + blank + entry.start("rest")
            return value, (*above, entry["key"].strip("\"'"))
        end = start - 1
    return None
