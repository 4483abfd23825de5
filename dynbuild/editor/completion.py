"""What may be written at a cursor: fields, values, stages, names, built-ins."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from dynbuild.declaration.schema_stage import Stage
from dynbuild.declaration.syntax import Syntax
from dynbuild.declaration.syntax.tree import Path
from dynbuild.editor.cursor import Cursor
from dynbuild.editor.fields import choices_at, fields_at
from dynbuild.editor.nested import NixCursor
from dynbuild.lang.builtins import GLOBAL, Builtin
from dynbuild.lang.evaluator import list_builtins
from dynbuild.values import dataclass

ItemKind = Literal[
    "field", "value", "stage", "variable", "builtin", "attribute", "keyword"
]

_KEYWORDS = ("let", "in", "if", "then", "else", "rec", "with", "inherit", "assert")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that may be written, in place of the word from ``start`` to ``end``."""

    label: str
    kind: ItemKind
    detail: str
    documentation: str
    text: str
    start: int
    end: int


def complete(
    cursor: Cursor, syntax: Syntax, stages: Sequence[str], at: int
) -> list[Item]:
    """Return what may be written in a declaration that is data."""
    items: list[Item] = []
    if cursor.path is None:
        return items
    if cursor.part == "key":
        items += _fields(cursor, syntax, at)
    if cursor.part == "value" or syntax == "yaml":
        items += _values(cursor, syntax, stages, at)
    return items


def complete_nix(
    here: NixCursor,
    stages: Sequence[str],
    names: Mapping[str, str],
    attributes: Mapping[str, str],
    at: int,
) -> list[Item]:
    """Return what may be written in the language.

    ``names`` are in scope, ``attributes`` of the expression before the dot; each with
    what is known of it.
    """
    cursor = here.cursor
    start, end = cursor.start, max(cursor.end, at)
    if here.in_text:
        return _values(cursor, "nix", stages, at) if cursor.path is not None else []
    if here.subject == ("builtins",):
        return [_builtin(one, one.name, start, end) for one in list_builtins()]
    if here.subject:
        return [
            Item(name, "attribute", about, "", name, start, end)
            for name, about in attributes.items()
        ]
    if cursor.part == "key":
        path: Path = ("stages", 0) if _is_stage_like(cursor) else cursor.path or ()
        known = Cursor(path, "key", start, end, "", cursor.siblings)
        return list(_fields(known, "nix", at))
    items = _values(cursor, "nix", stages, at) if cursor.path is not None else []
    items += [
        Item(name, "variable", about, "", name, start, end)
        for name, about in names.items()
    ]
    items += [
        _builtin(one, one.name, start, end)
        for one in list_builtins()
        if one.name in GLOBAL
    ]
    items.append(Item("builtins", "builtin", "a set", "", "builtins", start, end))
    items += [Item(word, "keyword", "", "", word, start, end) for word in _KEYWORDS]
    return items


def _is_stage_like(cursor: Cursor) -> bool:
    """Whether a set that may become a stage is written, outside of ``stages``."""
    own = {field.alias or name for name, field in Stage.model_fields.items()}
    own -= set(fields_at(()))
    return bool(cursor.siblings & own) or cursor.path is None


def _fields(cursor: Cursor, syntax: Syntax, at: int) -> Iterator[Item]:
    assert cursor.path is not None
    for name, field in fields_at(cursor.path).items():
        if name not in cursor.siblings:
            start, end = _word(cursor, at)
            text = _key(name, syntax, cursor)
            about = f"{field.kind}, required" if field.required else field.kind
            yield Item(name, "field", about, field.text, text, start, end)


def _word(cursor: Cursor, at: int) -> tuple[int, int]:
    return cursor.start, max(cursor.end, at)


def _key(name: str, syntax: Syntax, cursor: Cursor) -> str:
    if cursor.quote or syntax in ("toml", "nix"):
        return name
    return f'"{name}"' if syntax == "json" else f"{name}: "


def _values(
    cursor: Cursor, syntax: Syntax, stages: Sequence[str], at: int
) -> list[Item]:
    assert cursor.path is not None
    start, end = _word(cursor, at)
    items: list[Item] = []
    for choice in choices_at(cursor.path):
        is_text = choice.startswith('"')
        if cursor.quote and not is_text:
            continue
        plain = choice.strip('"')
        text = plain if cursor.quote or syntax == "yaml" else choice
        items.append(Item(plain, "value", "", "", text, start, end))
    if names_stage(cursor.path):
        for name in stages:
            bare = cursor.quote or syntax == "yaml"
            text = name if bare else f'"{name}"'
            items.append(Item(name, "stage", "a stage", "", text, start, end))
    return items


def names_stage(path: Path) -> bool:
    """Whether a value at a path is the name of another stage."""
    match path[2:] if path[:1] == ("images",) else path:
        case ("stages", _, "dependencies") | ("stages", _, "dependencies", _):
            return True
        case ("stages", _, "copy" | "mounts", _, "stage"):
            return True
        case _:
            return False


def _builtin(row: Builtin, text: str, start: int, end: int) -> Item:
    return Item(text, "builtin", row.usage, documentation_of(row), text, start, end)


def documentation_of(row: Builtin) -> str:
    """Return a built-in's signature and what it does, as Markdown."""
    parameters = "\n".join(f"- `{name}`: {kind}" for name, kind in row.parameters)
    return f"```nix\nbuiltins.{row.usage}\n```\n{row.summary}\n\n{parameters}"
