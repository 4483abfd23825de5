"""Syntax checks of single values, by the types that the schema gives them."""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, get_args, get_origin

from pydantic import BaseModel, BeforeValidator

from dynbuild.declaration import grammar
from dynbuild.declaration.grammar import matches
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.rules import TRUSTED_KEY, VARIABLE, Rule, as_variable
from dynbuild.declaration.schema import Declaration
from dynbuild.declaration.syntax.shape_messages import place
from dynbuild.declaration.syntax.tree import Leaf, List, Node, Path, Table
from dynbuild.errors import Diagnostic
from dynbuild.spans import Span

Pattern = tuple[str | type, ...]
"""A path of the schema, with ``int`` for any index and ``str`` for any key."""

_STAGE: Pattern = ("stages", int)

_LONGEST = 60
"""Maximum characters of a found value that a message shows."""


def _rules_of(
    kind: object, about: Iterable[object], path: Pattern
) -> Iterator[tuple[Pattern, Rule]]:
    """Yield the rules of all texts of a type of the schema, by path."""
    for one in about:
        if isinstance(one, Rule):
            yield path, one
        elif isinstance(one, BeforeValidator):
            yield from _rules_of(one.json_schema_input_type, (), path)
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        yield from _rules_of(inner, more, path)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            at = (*path, field.alias or name)
            yield from _rules_of(field.annotation, field.metadata, at)
    elif get_origin(kind) is not dict:
        item = (int,) if get_origin(kind) is tuple else ()
        for inner in get_args(kind):
            yield from _rules_of(inner, (), (*path, *item))


_RULES: dict[Pattern, Rule] = dict(_rules_of(Declaration, (), ()))

_ENVIRONMENTS: tuple[Pattern, ...] = (
    ("env",),
    (*_STAGE, "env"),
    (*_STAGE, "build_env"),
)

_LINES: tuple[Pattern, ...] = (
    ("env_scripts", int),
    ("cmd", int),
    ("entrypoint", int),
    ("healthcheck", "cmd", int),
    (*_STAGE, "commands", int),
    (*_STAGE, "build_env", str),
)
"""Texts that may contain line breaks."""

_ONE_LINE: tuple[Pattern, ...] = (("env", str), ("labels", str), (*_STAGE, "env", str))
"""Texts that end up in Dockerfile instructions, which end with their line."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_BUT_TAB = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def check_values(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report texts that are invalid for their field."""
    for path, leaf in _texts(loaded.tree, ()):
        text = str(leaf.value)
        if (mistake := _unprintable(loaded, path, text)) is not None:
            yield mistake
            continue
        rule = _RULES.get(
            tuple(int if isinstance(step, int) else step for step in path)
        )
        if rule and not matches(rule.allowed, text):
            if rule is TRUSTED_KEY and grammar.is_secret_key(text):
                yield _secret_key(loaded, path, leaf)
                continue
            shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
            where = place(loaded.tree, path)
            message = f"expected {rule.wanted} for {where}, found {shown!r}"
            yield Diagnostic(rule.code, message, leaf.span, rule.hint(text))


def _secret_key(loaded: Loaded, path: Path, leaf: Leaf) -> Diagnostic:
    where = place(loaded.tree, path)
    message = f"what may be a secret key stands for a public one in {where}"
    hint = "who has read it can sign: `dynbuild key new NAME` makes another"
    return Diagnostic("DB0153", message, leaf.span, hint)


def check_keys(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report freely chosen keys that cannot be written into an image."""
    for path, key in _keys(loaded.tree, ()):
        name = str(path[-1])
        if any(_fits(path[:-1], pattern) for pattern in _ENVIRONMENTS):
            if not matches(grammar.ENV_NAME, name):
                message = f"{name!r} is not {VARIABLE.wanted}"
                yield Diagnostic("DB0141", message, key, as_variable(name))
        elif path[:-1] == ("labels",) and (_CONTROL.search(name) or not name.strip()):
            yield Diagnostic("DB0143", "a label has a name without line breaks", key)


def _unprintable(loaded: Loaded, path: Path, text: str) -> Diagnostic | None:
    """Report the first character that the field cannot hold."""
    found = _CONTROL.search(text)
    if found is None:
        return None
    where = place(loaded.tree, path)
    span = loaded.span(*path)
    if any(_fits(path, pattern) for pattern in _LINES):
        found = _CONTROL_BUT_LINES.search(text)
    elif any(_fits(path, pattern) for pattern in _ONE_LINE):
        found = _CONTROL_BUT_TAB.search(text)
    if found is None:
        return None
    if found[0] == "\n":
        message = f"{where} has a line break, which it cannot hold"
        hint = "write it on one line"
        if any(_fits(path, pattern) for pattern in _ONE_LINE):
            message = (
                f"{where} has a line break, which an image's {path[-2]} cannot hold"
            )
            hint = "write it on one line, or into a file that a stage copies"
        return Diagnostic("DB0143", message, span, hint)
    message = f"{where} has a control character (U+{ord(found[0]):04X})"
    return Diagnostic("DB0143", message, span, "remove it")


def _fits(path: Path, pattern: Pattern) -> bool:
    return len(path) == len(pattern) and all(
        isinstance(step, part) if isinstance(part, type) else step == part
        for step, part in zip(path, pattern, strict=True)
    )


def _texts(node: Node, path: Path) -> Iterator[tuple[Path, Leaf]]:
    match node:
        case Table(entries):
            for name, entry in entries.items():
                yield from _texts(entry.value, (*path, name))
        case List(items):
            for index, item in enumerate(items):
                yield from _texts(item, (*path, index))
        case Leaf(str()):
            yield path, node
        case _:
            pass


def _keys(node: Node, path: Path) -> Iterator[tuple[Path, Span]]:
    match node:
        case Table(entries):
            for name, entry in entries.items():
                yield (*path, name), entry.key
                yield from _keys(entry.value, (*path, name))
        case List(items):
            for index, item in enumerate(items):
                yield from _keys(item, (*path, index))
        case _:
            pass
