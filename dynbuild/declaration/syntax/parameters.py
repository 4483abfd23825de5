"""The arguments of a declaration in a data syntax: chosen, put in, recorded.

``${args.NAME}`` is replaced once, in texts that were parsed already, so that no value
can become syntax; and nowhere in what a shell reads, so that none can become a command.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field

from dynbuild.declaration.inputs import Data, Inputs
from dynbuild.declaration.syntax.tree import (
    Leaf,
    List,
    Node,
    Path,
    Table,
    TableEntry,
    key_at,
    within_image,
)
from dynbuild.errors import DeclarationError, Diagnostic, did_you_mean
from dynbuild.spans import Source, Span
from dynbuild.steps.late import REFERENCE, in_variable
from dynbuild.values import dataclass

_NAMED = re.compile(rf"\$?{REFERENCE.pattern}")
_LINES = (("cmd",), ("entrypoint",), ("healthcheck",), ("healthcheck", "cmd"))


@dataclass(slots=True)
class _Arguments:
    """What ``[args]`` declares, and what was found while it was put in."""

    values: Mapping[str, str]
    late: frozenset[str]
    used: set[str] = field(default_factory=set)
    mistakes: list[Diagnostic] = field(default_factory=list)


def put_in(
    tree: Table, inputs: Inputs, source: Source
) -> tuple[Table, dict[str, Data], tuple[Diagnostic, ...]]:
    """Return a tree with its arguments put in, those to record, and warnings.

    Raises DeclarationError for arguments that are unknown, missing or no text.
    """
    declared = tree.entries["args"]
    defaults = dict(_defaults(declared.value))
    late = frozenset(name for name, (_, is_late) in defaults.items() if is_late)
    given = dict(_given(inputs, defaults, source))
    recorded = {
        name: text
        for name, text in inputs.recorded.items()
        if name in defaults and name not in late and isinstance(text, str)
    }
    values = {
        name: text for name, (text, _) in defaults.items() if text is not None
    } | {**recorded, **given}
    arguments = _Arguments(values, late)
    _refuse_missing(declared, defaults, values)
    entries = {
        key: entry
        if key == "args"
        else TableEntry(entry.key, _replaced(entry.value, (key,), arguments))
        for key, entry in tree.entries.items()
    }
    if arguments.mistakes:
        raise DeclarationError(*arguments.mistakes)
    matter: dict[str, Data] = {
        name: values[name]
        for name in sorted(arguments.used - late)
        if values[name] != defaults[name][0]
    }
    gone = sorted(name for name in inputs.recorded if name not in defaults)
    return Table(entries, tree.span), matter, tuple(map(_gone, gone))


def _defaults(node: Node) -> Iterator[tuple[str, tuple[str | None, bool]]]:
    """Yield the default of each argument and whether it is late, as far as they fit.

    What does not fit is for the schema to refuse.
    """
    if not isinstance(node, Table):
        return
    for name, entry in node.entries.items():
        text, late = entry.value, False
        if isinstance(text, Table):
            found = {key: one.value for key, one in text.entries.items()}
            late = isinstance(of := found.get("late"), Leaf) and of.value is True
            text = found.get("default", Leaf(None, text.span))
        default = text.value if isinstance(text, Leaf) else ""
        yield name, (default if isinstance(default, str | None) else "", late)


def _given(
    inputs: Inputs, known: Mapping[str, object], source: Source
) -> Iterator[tuple[str, str]]:
    problems = []
    for name, value in sorted(inputs.given.items()):
        if name not in known:
            message = f"the declaration has no argument {name!r}"
            hint = did_you_mean(name, tuple(known)) or f"[args] has {', '.join(known)}"
            problems.append(Diagnostic("DB0163", message, Span(source, 0, 0), hint))
        elif not isinstance(value, str):
            message = "an argument of a declaration in data is text"
            span = Span(value, 0, len(value.text))
            hint = f"give it with --argstr {name} TEXT"
            problems.append(Diagnostic("DB0164", message, span, hint))
        else:
            yield name, value
    if problems:
        raise DeclarationError(*problems)


def _refuse_missing(
    declared: TableEntry, known: Mapping[str, object], values: Mapping[str, str]
) -> None:
    missing = [
        Diagnostic(
            "DB0162",
            f"the declaration needs a value for {name!r}",
            key_at(declared.value, (name,)),
            f"give it: --argstr {name} TEXT; or write a default",
        )
        for name in known
        if name not in values
    ]
    if missing:
        raise DeclarationError(*missing)


def _replaced(node: Node, path: Path, arguments: _Arguments) -> Node:
    match node:
        case Table(entries, span):
            return Table(
                {
                    key: TableEntry(
                        entry.key, _replaced(entry.value, (*path, key), arguments)
                    )
                    for key, entry in entries.items()
                },
                span,
            )
        case List(items, span):
            return List(
                tuple(
                    _replaced(item, (*path, at), arguments)
                    for at, item in enumerate(items)
                ),
                span,
            )
        case Leaf(str(text), span) if "${args." in text and not _for_a_shell(path):
            return Leaf(_text(text, path, span, arguments), span, literal=False)
        case _:
            return node


def _for_a_shell(path: Path) -> bool:
    """Whether a shell reads the text at a path: commands have arguments as variables.

    So it is with what a declaration writes into files, which is often a script.
    """
    match within_image(path):
        case ("env_scripts", *_) | ("stages" | "setup", _, "commands" | "files", *_):
            return True
        case _:
            return within_image(path) in _LINES


def _text(text: str, path: Path, span: Span, arguments: _Arguments) -> str:
    path = within_image(path)
    may_be_late = path[:1] in {("labels",), ("annotations",), ("env",)}
    quoted: Callable[[str], str] = str
    match path:
        case ("env", *_) | ("stages", _, "env" | "build_env", *_):
            quoted = in_variable
        case _:
            pass

    meant: list[str] = []
    """The late arguments that the text names itself, in its order."""

    def value(match: re.Match[str]) -> str:
        name, is_itself = match[1], match[0].startswith("$$")
        arguments.used.add(name)
        if name in arguments.late and (is_itself or not may_be_late):
            message = f"{name!r} is late: it is not known when the lock is written"
            hint = "labels, annotations and env of the image can name it, and no others"
            if is_itself:
                hint = "where it may stand, its name cannot mean itself: rename it"
            arguments.mistakes.append(Diagnostic("DB0166", message, span, hint))
        elif name in arguments.late:
            meant.append(name)
            return match[0]
        elif is_itself:
            return match[0].removeprefix("$")
        elif name not in arguments.values:
            message = f"[args] has no {name!r}"
            hint = did_you_mean(name, tuple(arguments.values)) or (
                f"$${{args.{name}}} means this very text"
            )
            arguments.mistakes.append(Diagnostic("DB0163", message, span, hint))
        else:
            return quoted(arguments.values[name])
        return ""

    result = _NAMED.sub(value, text)
    named = [name for name in REFERENCE.findall(result) if name in arguments.late]
    if may_be_late and named != meant:
        # Later nobody could tell them from what the declaration says.
        message = "the value of an argument names a late one, or makes it be named"
        hint = "name the late one here, or give the argument another value"
        arguments.mistakes.append(Diagnostic("DB0166", message, span, hint))
    return result


def _gone(name: str) -> Diagnostic:
    return Diagnostic(
        "DB0165",
        f"the lock records the argument {name!r}, which the declaration does not "
        "take any more",
        hint="`dynbuild lock` forgets it",
        severity="warning",
    )
