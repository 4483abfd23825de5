"""Syntax checks of single values, by the types that the schema gives them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Annotated, get_args, get_origin

from pydantic import BaseModel, BeforeValidator

from dynbuild.declaration import grammar
from dynbuild.declaration.grammar import matches
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.rules import TRUSTED_KEY, VARIABLE, Rule
from dynbuild.declaration.schema import Declaration
from dynbuild.declaration.syntax.shape_messages import place
from dynbuild.declaration.syntax.tree import (
    Leaf,
    List,
    Node,
    Path,
    Table,
    TableEntry,
)
from dynbuild.errors import Diagnostic, respellings
from dynbuild.spans import Span

Pattern = tuple[str | type, ...]
"""A path of the schema, with ``int`` for any index and ``str`` for any key."""

_STAGE: Pattern = ("stages", int)

_SHAPES = 4096
"""How many shapes of paths are remembered: keys that are freely chosen make more."""

_LONGEST = 60
"""Maximum characters of a found value that a message shows."""


_STEPS: dict[object, type] = {tuple: int, dict: str}
"""What a path has for any item of a type."""


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
    else:
        step = _STEPS.get(get_origin(kind))
        item = () if step is None else (step,)
        for inner in get_args(kind):
            yield from _rules_of(inner, (), (*path, *item))


_RULES: dict[Pattern, Rule] = dict(_rules_of(Declaration, (), ()))
_RULES_IN_TABLES = {path: rule for path, rule in _RULES.items() if str in path}
"""Those of texts in tables whose keys are freely chosen."""

_ENVIRONMENTS = frozenset({"env", "build_env"})
"""The tables of variables of a stage."""

_LINES: tuple[Pattern, ...] = (
    ("args", str, "description"),
    ("env_scripts", int),
    ("cmd",),
    ("cmd", int),
    ("entrypoint",),
    ("entrypoint", int),
    ("healthcheck", "cmd", int),
    (*_STAGE, "commands", int),
    (*_STAGE, "files", str, "text"),
    ("setup", int, "commands", int),
    ("setup", int, "files", str, "text"),
    (*_STAGE, "build_env", str),
)
"""Texts that may contain line breaks."""

_ONE_LINE: tuple[Pattern, ...] = (
    ("env", str),
    ("labels", str),
    ("annotations", str),
    ("healthcheck", "cmd"),
    (*_STAGE, "env", str),
)
"""Texts that end up in Dockerfile instructions, which end with their line."""

_NAMED: Mapping[str, str] = {"labels": "a label", "annotations": "an annotation"}
"""Tables of which every key stands in an image as it is."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_BUT_TAB = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def check_values(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report texts that are invalid for their field."""
    texts: list[tuple[Path, Rule | None, Leaf]] = []
    _add_texts(loaded.tree, (), (), texts)
    for path, rule, leaf in texts:
        text = str(leaf.value)
        if _CONTROL.search(text) and (mistake := _unprintable(loaded, path, text)):
            yield mistake
            continue
        if rule and not matches(rule.allowed, text):
            if rule is TRUSTED_KEY and grammar.is_secret_key(text):
                yield _secret_key(loaded, path, leaf)
                continue
            shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
            where = place(loaded.tree, path)
            message = f"expected {rule.wanted} for {where}, found {shown!r}"
            mends = respellings(leaf.span, text, rule.near(text))
            hint = rule.hint(text)
            yield Diagnostic(rule.code, message, leaf.span, hint, mends=mends)


@lru_cache(_SHAPES)
def _rule_of(shape: Pattern) -> Rule | None:
    """Return the rule of all texts at paths of a shape, which are many."""
    in_tables = _RULES_IN_TABLES.items()
    return _RULES.get(shape) or next(
        (rule for pattern, rule in in_tables if _fits_shape(shape, pattern)), None
    )


def _secret_key(loaded: Loaded, path: Path, leaf: Leaf) -> Diagnostic:
    where = place(loaded.tree, path)
    message = f"what may be a secret key stands for a public one in {where}"
    hint = "who has read it can sign: `dynbuild key new NAME` makes another"
    return Diagnostic("DB0153", message, leaf.span, hint)


def check_keys(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report freely chosen keys that cannot be written into an image."""
    for field, entry in loaded.tree.entries.items():
        match field, entry.value:
            case "env", _:
                yield from _check_variables(entry.value)
            case "stages", List(stages):
                for stage in stages:
                    yield from _check_stage(stage)
            case "labels" | "annotations", Table(named):
                yield from _check_names(_NAMED[field], named)
            case _:
                pass


def _check_stage(stage: Node) -> Iterator[Diagnostic]:
    for field, entry in stage.entries.items() if isinstance(stage, Table) else ():
        if field in _ENVIRONMENTS:
            yield from _check_variables(entry.value)


def _check_names(what: str, named: Mapping[str, TableEntry]) -> Iterator[Diagnostic]:
    for name, entry in named.items():
        if _CONTROL.search(name) or not name.strip():
            message = f"{what} has a name without line breaks"
            yield Diagnostic("DB0143", message, entry.key)


def _check_variables(node: Node) -> Iterator[Diagnostic]:
    """Report keys of a table of variables that are no names of any."""
    for name, entry in node.entries.items() if isinstance(node, Table) else ():
        if not matches(grammar.ENV_NAME, name):
            message = f"{name!r} is not {VARIABLE.wanted}"
            yield _no_variable(message, entry.key, name)


def _no_variable(message: str, key: Span, name: str) -> Diagnostic:
    mends = respellings(key, name, VARIABLE.near(name))
    return Diagnostic("DB0141", message, key, VARIABLE.hint(name), mends=mends)


def check_arguments(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report arguments that nothing can name, that have no default, or no place."""
    arguments = loaded.declaration.args
    if arguments and loaded.syntax == "nix":
        message = "the arguments of a declaration in the language are its function's"
        hint = f"write {{ {', '.join(arguments)} }}: {{ … }}, each with ? and a default"
        yield Diagnostic("DB0163", message, loaded.key("args"), hint)
        return
    for name, argument in arguments.items():
        where = loaded.key("args", name)
        if not matches(grammar.ENV_NAME, name):
            message = f"{name!r} is no name of an argument: letters, digits and _"
            yield _no_variable(message, where, name)
        if argument.late and argument.default is None:
            message = f"{name!r} is late and has no default, which the lock needs"
            hint = 'write default = "unknown"'
            yield Diagnostic("DB0112", message, where, hint)


def _unprintable(loaded: Loaded, path: Path, text: str) -> Diagnostic | None:
    """Report the first control character that the field cannot hold, if any."""
    found = _CONTROL.search(text)
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


def _fits_shape(shape: Pattern, pattern: Pattern) -> bool:
    return len(shape) == len(pattern) and all(
        isinstance(step, str) if part is str else step == part
        for step, part in zip(shape, pattern, strict=True)
    )


def _fits(path: Path, pattern: Pattern) -> bool:
    return len(path) == len(pattern) and all(
        isinstance(step, part) if isinstance(part, type) else step == part
        for step, part in zip(path, pattern, strict=True)
    )


def _add_texts(
    node: Node, path: Path, shape: Pattern, found: list[tuple[Path, Rule | None, Leaf]]
) -> None:
    """Add the texts of a tree that have a rule, or a character that few fields hold.

    A generator would hand each through all levels.
    """
    if isinstance(node, Table):
        for name, entry in node.entries.items():
            _add_texts(entry.value, (*path, name), (*shape, name), found)
    elif isinstance(node, List):
        shape = (*shape, int)
        for index, item in enumerate(node.items):
            _add_texts(item, (*path, index), shape, found)
    elif isinstance(node.value, str):
        rule = _rule_of(shape)
        if rule or _CONTROL.search(node.value):
            found.append((path, rule, node))
