"""The fields of the schema at a place of a declaration, with their documentation."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from dynbuild.declaration.editors import json_schema
from dynbuild.declaration.syntax.tree import Path
from dynbuild.values import dataclass

_Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FieldDocument:
    """A field: what may stand there, what it is for, and what it is by default."""

    name: str
    kind: str
    description: str
    default: str | None
    choices: tuple[str, ...]
    """The values that it may have, as JSON writes them; empty where any may stand."""
    required: bool

    @property
    def text(self) -> str:
        """The documentation, as Markdown."""
        lines = [f"**{self.name}**: {self.kind}", "", self.description]
        if self.choices:
            lines += ["", "one of " + ", ".join(f"`{one}`" for one in self.choices)]
        if self.required:
            lines += ["", "required"]
        elif self.default is not None:
            lines += ["", f"default: `{self.default}`"]
        return "\n".join(lines).strip()


def fields_at(path: Path) -> dict[str, FieldDocument]:
    """Return the fields that the table at a path may have."""
    found: dict[str, FieldDocument] = {}
    for schema in _at(path):
        required = schema.get("required", ())
        for name, field in schema.get("properties", {}).items():
            found.setdefault(name, _document(name, field, required=name in required))
    return found


def field_at(path: Path) -> FieldDocument | None:
    """Return the field that a path ends in, at an item of it as well."""
    names = [index for index, step in enumerate(path) if isinstance(step, str)]
    for last in reversed(names):
        fields = fields_at(path[:last])
        if path[last] in fields:
            return fields[str(path[last])]
    return None


def choices_at(path: Path) -> tuple[str, ...]:
    """Return the values that may stand at a path, as JSON writes them."""
    found = [choice for schema in _at(path) for choice in _choices(schema)]
    return tuple(dict.fromkeys(found))


@cache
def _whole() -> _Schema:
    return json_schema()


def _at(path: Path) -> list[_Schema]:
    schemas = list(_alternatives(_whole()))
    for step in path:
        below: list[_Schema] = []
        for schema in schemas:
            below += _alternatives(_below(schema, step))
        schemas = below
    return schemas


def _below(schema: _Schema, step: str | int) -> _Schema:
    found: Any
    if isinstance(step, int):
        found = schema.get("items", {})
    else:
        found = schema.get("properties", {}).get(step)
        if found is None:
            found = schema.get("additionalProperties", {})
    return found if isinstance(found, Mapping) else {}


def _alternatives(schema: _Schema) -> Iterator[_Schema]:
    """Yield the forms that a value may have, references followed."""
    if (reference := schema.get("$ref")) is not None:
        yield from _alternatives(_whole()["$defs"][reference.rpartition("/")[2]])
    elif "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _alternatives(one)
    else:
        yield schema


def _document(name: str, field: _Schema, *, required: bool) -> FieldDocument:
    forms = list(_alternatives(field))
    kinds = dict.fromkeys(filter(None, map(_kind, forms)))
    default = field.get("default")
    shown = None if default in (None, [], {}) else _written(default)
    return FieldDocument(
        name=name,
        kind=" or ".join(kinds),
        description=field.get("description", ""),
        default=shown,
        choices=tuple(choice for form in forms for choice in _choices(form)),
        required=required,
    )


_KINDS = {
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
    "object": "table",
}


def _kind(form: _Schema) -> str:
    kind = form.get("type")
    if kind != "array":
        return _KINDS.get(str(kind), "")
    items = dict.fromkeys(filter(None, map(_kind, _alternatives(form["items"]))))
    return f"list of {' or '.join(items)}"


def _choices(form: _Schema) -> tuple[str, ...]:
    if form.get("type") == "boolean":
        return ("true", "false")
    if "const" in form:
        return (_written(form["const"]),)
    return tuple(map(_written, form.get("enum", ())))


def _written(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"'
        case _:
            return str(value)
