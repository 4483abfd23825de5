"""From a tree to the models: mistakes of shape, in our words, with their places.

pydantic validates; its errors come out as diagnostics, and what is wrong is left out of
the tree, so that all that is right can be checked in the same run.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from operator import itemgetter
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from dynbuild.declaration.schema import Declaration, needs_every_other
from dynbuild.declaration.tree import (
    Entry,
    Leaf,
    List,
    Node,
    Path,
    Table,
    find,
    key_at,
    plain,
    span_at,
)
from dynbuild.errors import Diagnostic, did_you_mean
from dynbuild.spans import Span

_LONGEST = 40
"""Characters of a found value that a message shows."""

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}


def normal(tree: Table) -> tuple[Table, bool, list[Diagnostic]]:
    """Bring a tree into the schema's form; tell whether stages were written by name."""
    entries = dict(tree.entries)
    mistakes: list[Diagnostic] = []
    user = entries.get("user")
    if user and isinstance(user.value, Leaf) and isinstance(user.value.value, str):
        span = user.value.span
        entries["user"] = Entry(
            user.key, Table({"name": Entry(span, user.value)}, span)
        )
    stages = entries.get("stages")
    if stages is None or not isinstance(stages.value, Table):
        return Table(entries, tree.span), False, mistakes
    items = [
        _named(name, entry, mistakes)
        for name, entry in sorted(stages.value.entries.items(), key=itemgetter(0))
    ]
    items.sort(key=lambda item: needs_every_other(plain(item)))
    entries["stages"] = Entry(stages.key, List(tuple(items), stages.value.span))
    return Table(entries, tree.span), True, mistakes


def _named(name: str, entry: Entry, mistakes: list[Diagnostic]) -> Node:
    """Give a stage the name of its key."""
    if not isinstance(entry.value, Table):
        return entry.value
    given = entry.value.entries.get("name")
    if given and not (isinstance(given.value, Leaf) and given.value.value == name):
        message = f"this stage is {name!r} already, by its key"
        hint = "remove this name, or write the stages as a list"
        mistakes.append(Diagnostic("DB0102", message, given.value.span, hint))
    key = Entry(entry.key, Leaf(name, entry.key))
    return Table({"name": key, **_without(entry.value, "name")}, entry.value.span)


def _without(table: Table, name: str) -> dict[str, Entry]:
    return {key: entry for key, entry in table.entries.items() if key != name}


def validate(
    tree: Table,
) -> tuple[Declaration, Table, frozenset[Path], list[Diagnostic]]:
    """Make the models of all that is right; tell what is wrong.

    The tree that comes back misses what is wrong, and the set of paths says where.
    """
    try:
        return Declaration.model_validate(plain(tree)), tree, frozenset(), []
    except ValidationError as error:
        errors = [
            (_path(tree, details["loc"]), details)
            for details in error.errors(include_url=False, include_context=True)
        ]
    mistakes = [_explain(tree, path, details) for path, details in errors]
    bad = {_droppable(path, details["type"]) for path, details in errors}
    lost: set[Path] = set()
    pruned = _pruned(tree, bad, (), (), lost)
    assert isinstance(pruned, Table)
    declaration = Declaration.model_validate(plain(pruned))
    return declaration, pruned, frozenset(lost), mistakes


def _path(tree: Node, loc: tuple[int | str, ...]) -> Path:
    """A location of pydantic without the names of branches that it adds."""
    return tuple(step for step in loc if step != "[key]")


def _pruned(node: Node, bad: set[Path], old: Path, new: Path, lost: set[Path]) -> Node:
    """Leave out the bad paths; ``lost`` gets their places in what remains."""
    match node:
        case Table(entries, span):
            kept = {}
            for name, entry in entries.items():
                if (*old, name) in bad:
                    lost.add((*new, name))
                else:
                    value = _pruned(entry.value, bad, (*old, name), (*new, name), lost)
                    kept[name] = Entry(entry.key, value)
            return Table(kept, span)
        case List(items, span):
            rest: list[Node] = []
            for index, item in enumerate(items):
                if (*old, index) in bad:
                    lost.add(new)
                else:
                    place = (*new, len(rest))
                    rest.append(_pruned(item, bad, (*old, index), place, lost))
            return List(tuple(rest), span)
        case _:
            return node


def _droppable(path: Path, kind: str) -> Path:
    """What must go with a bad value: all up to the first that can be left out."""
    if kind == "missing":
        path = path[:-1]
    while isinstance(path[-1], str) and path[-1] in _required(path[:-1]):
        path = path[:-1]
    return path


def _model_at(path: Path) -> type[BaseModel] | None:
    """Find the model of the table at a path of the schema."""
    model: type[BaseModel] | None = Declaration
    for step in path:
        if isinstance(step, str):
            fields = _fields(model)
            model = next(_models(fields[step]), None) if step in fields else None
    return model


def _fields(model: type[BaseModel] | None) -> Mapping[str, Any]:
    """Names that a table may have, as written, and their types."""
    if model is None:
        return {}
    return {
        field.alias or name: field.annotation
        for name, field in model.model_fields.items()
    }


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _required(path: Path) -> set[str]:
    model = _model_at(path)
    if model is None:
        return set()
    return {
        field.alias or name
        for name, field in model.model_fields.items()
        if field.is_required()
    }


def _explain(tree: Table, path: Path, details: Any) -> Diagnostic:  # noqa: ANN401
    """Say one error of pydantic in our words."""
    kind = details["type"]
    last = str(path[-1])
    if kind == "extra_forbidden":
        known = list(_fields(_model_at(path[:-1])))
        near = did_you_mean(last, known)
        hint = near or f"known here: {', '.join(known)}"
        message = f"unknown key {last!r}{_where(path[:-1])}"
        return Diagnostic("DB0110", message, key_at(tree, path), hint)
    if kind == "missing":
        message = f"{last!r} is missing{_where(path[:-1])}"
        return Diagnostic("DB0112", message, span_at(tree, path))
    return Diagnostic("DB0111", details["msg"], span_at(tree, path))


def _where(path: Path) -> str:
    return ""
