"""Edits of a declaration's text, in each syntax, that leave all else as it is written.

Where a place is not written plainly (an expression, a header of TOML, a value with its
secrets starred), there is no edit: a person has to make it.
"""

import re
from collections.abc import Sequence

from dynbuild.declaration.syntax import Syntax
from dynbuild.declaration.syntax.spelling import Spellable, spelled
from dynbuild.declaration.syntax.tree import (
    Leaf,
    List,
    Node,
    Path,
    Table,
    TableEntry,
    find,
)
from dynbuild.errors import Edit, Mend, nearest, respellings
from dynbuild.lang.scanner import scan
from dynbuild.spans import Span

_DASHES = re.compile(r"[ ]*(?:- +)+")
_BLANK = re.compile(r"[ \t]*")
_HEADER = re.compile(r"\[\[|\[[^\[\]\"',]*\]\s*\n")
_QUOTED = re.compile(r"\"[^\"\n\\$]*\"|'[^'\n]*'")
_END = r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|\Z)"
_REST: dict[Syntax, re.Pattern[str]] = {
    "toml": re.compile(_END),
    "yaml": re.compile(_END),
    "json": re.compile(rf",{_END}"),
    "nix": re.compile(rf";{_END}"),
}
"""What ends the line of a key, behind its value."""

_OPENERS: dict[Syntax, str] = {"toml": "{,", "json": "{,", "yaml": "{,", "nix": "{;"}


def renamings(span: Span, name: str, known: Sequence[str]) -> tuple[Mend, ...]:
    """Return a mend for each known name that may be meant."""
    return respellings(span, name, nearest(name, known))


def written_at(span: Span) -> str:
    """Return the text of a span."""
    return span.source.text[span.start : span.end]


def with_items(
    table: Node | None, syntax: Syntax, field: str, items: Sequence[Spellable]
) -> Edit | None:
    """Return the edit that adds items to a list of a table, or the list itself."""
    if not isinstance(table, Table):
        return None
    entry = table.entries.get(field)
    if entry is None:
        return _with_field(table, syntax, field, items)
    if not isinstance(entry.value, List):
        return None
    shown = [_item(syntax, item) for item in items]
    return _appended(entry.value, syntax, shown)


def _with_field(
    table: Table, syntax: Syntax, field: str, value: Spellable
) -> Edit | None:
    """Return the edit that writes a field before the first one besides the name."""
    keys = [entry for name, entry in table.entries.items() if name != "name"]
    named = table.entries.get("name")
    for entry in sorted([*keys], key=_start) + ([named] if named else []):
        separator = _separator(entry.key, syntax)
        if separator is not None and entry.key != entry.value.span:
            text = spelled(syntax, field, value) + separator
            return Edit(Span(entry.key.source, entry.key.start, entry.key.start), text)
    return None


def _start(entry: TableEntry) -> int:
    return entry.key.start


def _separator(key: Span, syntax: Syntax) -> str | None:
    """Return what goes between a new entry and this key; None in front of no entry."""
    text = key.source.text
    before = text[: key.start]
    prefix = before[max(before.rfind("\n"), before.rfind("\r")) + 1 :]
    opener = before.rstrip()[-1:]
    inside = opener != "" and opener in _OPENERS[syntax]
    comma = "," if syntax != "nix" and inside else ""
    if syntax in ("json", "nix") and not inside:
        return None
    if _BLANK.fullmatch(prefix):
        return f"{comma}\n{prefix}"
    if syntax == "yaml" and _DASHES.fullmatch(prefix):
        return "\n" + " " * len(prefix)
    return f"{comma} " if inside else None


def _item(syntax: Syntax, item: Spellable) -> str:
    """Return an item as it stands in a list."""
    return _alone(syntax, [item])[1:-1].strip()


def _alone(syntax: Syntax, value: Spellable) -> str:
    """Return a value as it stands behind a key."""
    shown = spelled(syntax, "x", value)
    return re.sub(r"^\"?x\"?(?: = |: )", "", shown).removesuffix(";")


def _appended(written: List, syntax: Syntax, items: Sequence[str]) -> Edit | None:
    text = written_at(written.span)
    between = " " if syntax == "nix" else ", "
    source, end = written.span.source, written.span.end
    if not (text.startswith("[") and text.endswith("]")) or text.startswith("[["):
        return _appended_below(written, items) if syntax == "yaml" else None
    if not written.items:
        inner = between.join(items)
        return Edit(written.span, f"[ {inner} ]" if syntax == "nix" else f"[{inner}]")
    if syntax == "nix" and not _is_one_list(text):
        return None
    if syntax != "nix":
        last = written.items[-1].span.end
        return Edit(Span(source, last, last), between + between.join(items))
    # The span of an item in parentheses is without them.
    inner = text[:-1].rstrip()
    if "#" in inner.rpartition("\n")[2]:
        return Edit(Span(source, end - 1, end - 1), " ".join(items) + " ")
    last = written.span.start + len(inner)
    return Edit(Span(source, last, last), " " + " ".join(items))


def rewriting(
    span: Span, syntax: Syntax, value: Spellable, title: str
) -> tuple[Mend, ...]:
    """Return the mend that writes another value in place of one written plainly."""
    text = written_at(span)
    is_list = text.startswith("[") and text.endswith("]") and not _HEADER.match(text)
    if syntax == "nix" and is_list:
        is_list = _is_one_list(text)
    if not is_list and not _QUOTED.fullmatch(text):
        return ()
    return (Mend(title, (Edit(span, _alone(syntax, value)),)),)


def within(span: Span, old: str, new: str) -> tuple[Mend, ...]:
    """Return the mend of words that a text has once, as they are written in it."""
    text = written_at(span)
    if text.count(old) != 1:
        return ()
    start = span.start + text.index(old)
    title = f"write `{new.strip()}`" if new else f"remove `{old.strip()}`"
    return (Mend(title, (Edit(Span(span.source, start, start + len(old)), new),)),)


def removal(
    tree: Node, syntax: Syntax, path: Path, title: str = "remove it"
) -> tuple[Mend, ...]:
    """Return the mend that takes the item or the key at a path out of what it is in."""
    *above, last = path
    around = find(tree, tuple(above))
    if isinstance(last, int):
        edit = without_item(around, syntax, last)
    else:
        edit = _without_key(around, syntax, last)
    return (Mend(title, (edit,)),) if edit else ()


def _without_key(table: Node | None, syntax: Syntax, name: str) -> Edit | None:
    """Return the edit that removes the lines of a key, where they hold nothing else."""
    if not isinstance(table, Table) or name not in table.entries:
        return None
    entry = table.entries[name]
    source, start, end = entry.key.source, entry.key.start, entry.value.span.end
    text = source.text
    line = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    rest = _REST[syntax].match(text, end)
    sign = text[entry.key.end : entry.value.span.start].strip()
    if text[line:start].strip() or rest is None or sign not in ("=", ":"):
        return None
    if syntax == "yaml" and len(table.entries) == 1:
        return None  # what it is in would be empty, which means another thing
    return Edit(Span(source, line, rest.end()), "")


def without_item(written: Node | None, syntax: Syntax, index: int) -> Edit | None:
    """Return the edit that takes an item out of a list that is written plainly."""
    if not isinstance(written, List):
        return None
    text, items = written_at(written.span), written.items
    source, start = items[index].span.source, items[index].span.start
    if not (text.startswith("[") and text.endswith("]")):
        line = source.text.rfind("\n", 0, start) + 1
        end = source.text.find("\n", items[index].span.end) + 1
        plain = _DASHES.fullmatch(source.text[line:start]) and len(items) > 1
        return Edit(Span(source, line, end), "") if plain and end else None
    if syntax == "nix" and not _is_one_list(text):
        return None
    if len(items) == 1:
        return Edit(written.span, "[ ]" if syntax == "nix" else "[]")
    if index + 1 < len(items):
        return Edit(Span(source, start, items[index + 1].span.start), "")
    return Edit(Span(source, items[index - 1].span.end, items[index].span.end), "")


def _is_one_list(text: str) -> bool:
    """Whether the bracket that begins an expression ends at its end."""
    depth = 0
    for piece in scan(text):
        depth += (piece.kind == "[") - (piece.kind == "]")
        if depth == 0 and piece.end < len(text):
            return False
    return True


def _appended_below(written: List, items: Sequence[str]) -> Edit | None:
    """Return the edit of a YAML list with a line for each item."""
    last = written.items[-1]
    text = last.span.source.text
    line = text.rfind("\n", 0, last.span.start) + 1
    dashes = text[line : last.span.start]
    if not isinstance(last, Leaf) or not _DASHES.fullmatch(dashes):
        return None
    prefix = " " * dashes.rindex("-") + "- "
    at = last.span.end
    return Edit(
        Span(last.span.source, at, at), "".join(f"\n{prefix}{i}" for i in items)
    )
