"""From a tree to the models: mistakes of shape, in our words, with locations.

pydantic validates; its errors become diagnostics, and invalid parts are dropped from
the tree, so that the valid rest can be checked in the same run.
"""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from dynbuild.declaration.schema import Declaration, NamedImage
from dynbuild.declaration.syntax.shape_messages import explain
from dynbuild.declaration.syntax.tree import (
    List,
    Node,
    Path,
    Table,
    TableEntry,
    plain,
)
from dynbuild.errors import Diagnostic


def validate(
    tree: Table,
) -> tuple[Declaration, Table, frozenset[Path], list[Diagnostic]]:
    """Build the models of all valid parts; report the invalid ones.

    The returned tree lacks the invalid parts, and the set of paths says where.
    """
    try:
        return Declaration.model_validate(plain(tree)), tree, frozenset(), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
    mistakes = []
    bad: set[Path] = set()
    for details in errors:
        path = details["loc"]
        around = path[:-1]
        mistakes.append(explain(tree, path, details["type"], _fields(_model(around))))
        bad.add(_droppable(path, details["type"]))
    lost: set[Path] = set()
    pruned = _pruned(tree, bad, (), (), lost)
    assert isinstance(pruned, Table)
    declaration = Declaration.model_validate(plain(pruned))
    return declaration, pruned, frozenset(lost), mistakes


def _pruned(node: Node, bad: set[Path], old: Path, new: Path, lost: set[Path]) -> Node:
    """Drop the bad paths; add their paths in the remaining tree to ``lost``."""
    match node:
        case Table(entries, span):
            kept = {}
            for name, entry in entries.items():
                here, there = (*old, name), (*new, name)
                if here in bad:
                    lost.add(there)
                else:
                    value = _pruned(entry.value, bad, here, there, lost)
                    kept[name] = TableEntry(entry.key, value)
            return Table(kept, span)
        case List(items, span):
            rest: list[Node] = []
            for index, item in enumerate(items):
                here, there = (*old, index), (*new, len(rest))
                if here in bad:
                    lost.add(new)
                else:
                    rest.append(_pruned(item, bad, here, there, lost))
            return List(tuple(rest), span)
        case _:
            return node


def _droppable(path: Path, kind: str) -> Path:
    """Return the nearest ancestor of a bad value that can be dropped."""
    if kind == "missing":
        path = path[:-1]
    while isinstance(path[-1], str) and _is_required(path):
        path = path[:-1]
    return path


def _is_required(path: Path) -> bool:
    model = _model(path[:-1])
    return model is not None and any(
        field.is_required() and path[-1] == (field.alias or name)
        for name, field in model.model_fields.items()
    )


def _model(path: Path) -> type[BaseModel] | None:
    """Return the model of the table at a path of the schema."""
    model: type[BaseModel] | None = Declaration
    if path[:1] == ("images",):
        # Its keys are names.
        model, path = (NamedImage if path[1:] else None), path[2:]
    for step in path:
        if isinstance(step, str):
            model = next(_models(_fields(model).get(step)), None)
    return model


def _fields(model: type[BaseModel] | None) -> Mapping[str, Any]:
    """Return the keys that a table may have, as written, and their types."""
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
