"""Messages for mistakes of shape: what was expected, what was found, what to write."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import get_args

from pydantic import BaseModel

from dynbuild.declaration.caches import KINDS
from dynbuild.declaration.grammar import is_secret
from dynbuild.declaration.schema import Declaration, NamedImage
from dynbuild.declaration.schema_stage import Stage
from dynbuild.declaration.syntax.edits import renamings, written_at
from dynbuild.declaration.syntax.shape_examples import example, in_a_stage
from dynbuild.declaration.syntax.tree import (
    Leaf,
    List,
    Node,
    Path,
    Table,
    find,
    key_at,
    span_at,
    within_image,
)
from dynbuild.errors import Diagnostic, Edit, Mend, did_you_mean, respellings
from dynbuild.spans import Span

_LONGEST = 40
"""Maximum characters of a found value that a message shows."""

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}
_WANTED_AT = {
    ("user", "model_type"): "a name or a table",
    ("cache_mounts", "model_type"): "a directory or a table",
    ("tmpfs", "model_type"): "a directory or a table",
    **{
        (kind.key, "model_type"): f"a {kind.alone} or a table"
        for kind in KINDS
        if kind.alone
    },
    ("apt_snapshot", "model_type"): "a time or a table",
    ("pip_index", "model_type"): "an address or a table",
    ("npm_registry", "model_type"): "an address or a table",
    ("cmd", "tuple_type"): "a text for the shell, or a list",
    ("entrypoint", "tuple_type"): "a text for the shell, or a list",
    ("expose", "string_type"): "a port, such as 8000,",
    ("cpus", "string_type"): "a number of processors",
    ("memory", "string_type"): "an amount of memory",
    ("healthcheck", "model_type"): "a text for the shell, a table or false",
}

_TABLES = {
    "copy": "write a list of tables, each with 'from' and 'to'",
    "secrets": "write a list of tables, each with 'id', and 'env' or 'target'",
}

_BOOLEANS = {
    "true": "true",
    "yes": "true",
    "on": "true",
    "false": "false",
    "no": "false",
    "off": "false",
}

_OTHER_WORDS = {
    "cache_mount": "cache_mounts",
    "depends_on": "dependencies",
    "deps": "dependencies",
    "dest": "to",
    "dst": "to",
    "environment": "env",
    "exposed_ports": "expose",
    "files": "copy",
    "image": "base",
    "maintainer": "labels",
    "needs": "dependencies",
    "packages": "apt_packages",
    "ports": "expose",
    "requires": "dependencies",
    "run": "commands",
    "script": "commands",
    "source": "from",
    "src": "from",
    "volume": "volumes",
}
"""Other tools' names for our fields."""


def explain(
    tree: Table, path: Path, kind: str, known: Mapping[str, object]
) -> Diagnostic:
    """Return the diagnostic for an error of pydantic, by its type and path.

    ``known`` holds the keys that the table around the path may have, with their types.
    """
    name = str(path[-1])
    where = place(tree, path[:-1])
    inside = f" in {where}" if where else ""
    match kind:
        case "extra_forbidden" if _in_secrets(path):
            return _secret_by_value(tree, path)
        case "extra_forbidden":
            message = f"unknown key {name!r}{inside}"
            hint, key = _elsewhere(path), key_at(tree, path)
            if hint is not None:
                if hint.endswith("in a stage"):
                    hint = f"{hint}: {in_a_stage(tree, name)}"
                return Diagnostic("DB0110", message, key, hint)
            hint, mends = _instead(name, known), _renamings(key, name, known)
            return Diagnostic("DB0110", message, key, hint, mends=mends)
        case "missing":
            message = f"{name!r} is missing{inside}"
            hint = f"add it: {example(tree, path, 'string_type')}"
            return Diagnostic("DB0112", message, span_at(tree, path), hint)
        case "literal_error":
            return _not_one_of(tree, path, get_args(known[name]))
        case _:
            return _wrong_type(tree, path, kind)


def place(tree: Node, path: Path) -> str:
    """Return the human-readable form of a path: ``copy[0] of stage 'build'``."""
    image = ""
    if path[:1] == ("images",) and len(path) > 1:
        image = f"image {path[1]!r}"
        tree, path = find(tree, path[:2]) or tree, path[2:]
    stage = ""
    if path[:1] == ("stages",) and len(path) > 1:
        named = find(tree, (*path[:2], "name"))
        if isinstance(named, Leaf) and isinstance(named.value, str):
            stage = f"stage {named.value!r}"
            path = path[2:]
    steps = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in path
    ).lstrip(".")
    return " of ".join(filter(None, (steps, stage, image)))


def _instead(name: str, known: Collection[str]) -> str:
    """Suggest the key that may have been meant; else list all known keys."""
    if _OTHER_WORDS.get(name) in known:
        return f"did you mean {_OTHER_WORDS[name]!r}?"
    return did_you_mean(name, tuple(known)) or f"known here: {', '.join(known)}"


def _renamings(key: Span, name: str, known: Collection[str]) -> tuple[Mend, ...]:
    """Return the mends that write the key that may have been meant."""
    other = _OTHER_WORDS.get(name)
    if other is not None and other in known:
        return respellings(key, name, (other,))
    return renamings(key, name, tuple(known))


def _elsewhere(path: Path) -> str | None:
    """Return where a key at the wrong level belongs."""
    name = path[-1]
    if path[0] == "images":
        if name in _names(Declaration) and name not in _names(NamedImage):
            return f"{name!r} belongs at the top, beside 'images'"
        path = path[2:]
    if len(path) == 1 and name in _names(Stage):
        return f"{name!r} belongs in a stage"
    if path[0] == "stages" and name in _names(Declaration):
        return f"{name!r} belongs at the top, beside 'stages'"
    return None


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _in_secrets(path: Path) -> bool:
    path = within_image(path)
    if path[:1] == ("stages",) and path[2:3] == ("secrets",):
        return True
    fields = path[2:3] if path[:1] == ("stages",) else path[:1]
    asks = fields[:1] in {("apt_sources",), ("pip_index",), ("npm_registry",)}
    return asks and is_secret(str(path[-1]), "a value")


def _secret_by_value(tree: Table, path: Path) -> Diagnostic:
    return Diagnostic(
        "DB0180",
        f"unknown key {path[-1]!r} in {place(tree, path[:-1])}: "
        "a secret is named by its id, its value is never written down",
        key_at(tree, path),
        "keep the id alone, and give the value with --secret id=NAME,env=VARIABLE",
    )


def _not_one_of(tree: Table, path: Path, choices: Sequence[str]) -> Diagnostic:
    node = find(tree, path)
    assert node
    message = (
        f"expected {_listed(choices)} for {place(tree, path)}, found {found(node)}"
    )
    near, mends = None, tuple[Mend, ...]()
    if isinstance(node, Leaf) and isinstance(node.value, str):
        near = did_you_mean(node.value, choices)
        mends = renamings(node.span, node.value, choices)
    return Diagnostic("DB0113", message, node.span, near, mends=mends)


def _listed(choices: Collection[str]) -> str:
    *most, last = (f"{choice!r}" for choice in choices)
    return f"{', '.join(most)} or {last}"


def _wrong_type(tree: Table, path: Path, kind: str) -> Diagnostic:
    node = find(tree, path)
    assert node
    special = _WANTED_AT.get((_field(path), kind))
    wanted = special or _WANTED.get(kind, "another value")
    message = f"expected {wanted} for {place(tree, path)}, found {found(node)}"
    hint = _mend(node, kind, special, path)
    hint = hint or f"write {example(tree, path, kind)}"
    mends = _quoting(node, kind, special) or _listing(tree, node, kind, path)
    return Diagnostic("DB0111", message, node.span, hint, mends=mends)


def _quoting(node: Node, kind: str, special: str | None) -> tuple[Mend, ...]:
    """Return the mend that puts quotes around a value, or takes them away."""
    if not isinstance(node, Leaf) or not node.literal:
        return ()
    written, value = written_at(node.span), node.value
    if set(written) == {"*"}:
        return ()
    match kind, value:
        case "string_type", bool() | int() | float() if special is None:
            text = json.dumps(written, ensure_ascii=False)
            title = "put it in quotes"
        case "bool_type", str() if value.lower() in _BOOLEANS:
            text, title = _BOOLEANS[value.lower()], "write it without quotes"
        case "int_type", str() if value.isdecimal():
            text, title = value, "write it without quotes"
        case _:
            return ()
    return (Mend(title, (Edit(node.span, text),)),)


def _listing(tree: Table, node: Node, kind: str, path: Path) -> tuple[Mend, ...]:
    """Return the mend that makes a text or a number a list, as its hint says."""
    if kind != "tuple_type" or not isinstance(node, Leaf) or not node.literal:
        return ()
    text = node.value
    if _is_port(node, path):
        return (Mend("write a list", (Edit(node.span, f"[{_written(node)}]"),)),)
    if not isinstance(text, str) or _field(path) in _TABLES:
        return ()
    between = " " if tree.span.source.name.endswith(".nix") else ", "
    quoted = [json.dumps(item, ensure_ascii=False) for item in _items(text, path)]
    if not respellings(node.span, text, [""]) or "$" in text:
        return ()
    return (Mend("write a list", (Edit(node.span, f"[{between.join(quoted)}]"),)),)


def found(node: Node) -> str:
    """Return a short human-readable description of a value."""
    if isinstance(node, Table):
        return "a table"
    if isinstance(node, List):
        return "a list"
    match node.value:
        case None:
            shown = "nothing"
        case bool():
            shown = _written(node)
        case int() | float():
            shown = f"the number {_written(node)}"
        case str(text):
            shown = f"the text {_quoted(text, node)}"
        case _:
            shown = f"the date {_written(node)}"
    return shown


def _written(node: Node) -> str:
    """Return a value as written in the file, with secrets starred."""
    span = node.span
    text = " ".join(span.source.text[span.start : span.end].split())
    if isinstance(node, Leaf) and not node.literal and set(text) != {"*"}:
        return json.dumps(node.value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _quoted(text: str, node: Leaf) -> str:
    """Return text in double quotes for every syntax, or starred if it is a secret."""
    written = _written(node)
    if set(written) == {"*"}:
        return written
    short = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return json.dumps(short, ensure_ascii=False)


def _field(path: Path) -> str:
    """Return the field that a path ends in, possibly at an item of it."""
    return next(name for name in reversed(path) if isinstance(name, str))


def _mend(node: Node, kind: str, wanted: str | None, path: Path) -> str | None:
    """Return what to write instead, where that is certain."""
    hint: str | None = None
    match kind, node:
        case _, Leaf(None):
            hint = "remove the key, or give it a value"
        case (("tuple_type" | "model_type"), Leaf(str())) if _field(path) in _TABLES:
            hint = _TABLES[_field(path)]
        case "string_type", Leaf() if not wanted:
            hint = _in_quotes(node)
        case "tuple_type", Leaf(str(text)) if len(text) > _LONGEST:
            hint = "write a list"
        case "tuple_type", Leaf(str(text)):
            items = _items(text, path)
            is_nix = node.span.source.name.endswith(".nix")
            shown = (" " if is_nix else ", ").join(
                _quoted(item, node) for item in items
            )
            hint = f"write a list: [{shown}]" if "…" not in shown else "write a list"
        case "tuple_type", Table():
            hint = "write a list of tables: [{ … }]"
        case "bool_type", Leaf(str(text)) if text.lower() in _BOOLEANS:
            hint = f"write {_BOOLEANS[text.lower()]}, without quotes"
        case "int_type", Leaf(str(text)) if text.isdecimal():
            hint = f"write {text}, without quotes"
        case _:
            hint = _mend_of_one_field(node, kind, path)
    return hint


def _mend_of_one_field(node: Node, kind: str, path: Path) -> str | None:
    match kind, node:
        case "tuple_type", Leaf() if _is_port(node, path):
            return f"write a list: [{_written(node)}]"
        case "string_type", Table() if _is_label(path):
            return f'a name with dots is one in quotes: "{path[-1]}.…"'
        case _:
            return None


def _is_port(node: Leaf, path: Path) -> bool:
    """Whether a number stands alone in the one field that is a list of numbers."""
    return path[-1] == "expose" and node.literal and type(node.value) is int


def _is_label(path: Path) -> bool:
    of = {("labels",), ("annotations",)}
    return path[-2:-1] in of and path[-3:-2] != ("images",)


def _items(text: str, path: Path) -> list[str]:
    """Return the list that a text stands for.

    A command is one item of its list; for anything else, each word is one.
    """
    return [text] if path[-1] in ("commands", "env_scripts") else text.split()


def _in_quotes(node: Leaf) -> str:
    """Return a hint to quote, with the unquoted meaning (YAML: 3.10, no, 1:30)."""
    if not node.literal:
        return "make it text, with toString"
    written, value = _written(node), node.value
    if set(written) == {"*"}:
        return "put it in quotes"
    means = str(value).lower() if isinstance(value, bool) else str(value)
    misread = isinstance(value, bool | int | float) and means != written
    reason = f"{written} is read as {means}; " if misread else ""
    return f"{reason}put it in quotes: {json.dumps(written, ensure_ascii=False)}"
