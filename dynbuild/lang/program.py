"""A whole source: its initial names, and its compilation."""

from contextlib import suppress
from dataclasses import replace

from dynbuild.errors import DeclarationError, Diagnostic, Edit, Mend
from dynbuild.lang import syntax
from dynbuild.lang.builtins import BUILTINS, GLOBAL, primitive
from dynbuild.lang.compiler import TooManyProblems, Unit, compile_node
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.values import Attrs, Code, Slot
from dynbuild.spans import Source, Span

CONSTANTS: dict[str, Slot] = {
    "true": True,
    "false": False,
    "null": None,
    "langVersion": 6,
    "nixVersion": "2.34.0",
    "storeDir": "/nix/store",
}
"""The non-functions in ``builtins``; the last three are for Nix's libraries."""

MAX_SHOWN = 100
"""Characters of a name that a hint repeats."""

PLAIN = ("true", "false", "null", "builtins")


def initial_names() -> dict[str, Slot]:
    """Return the initial names of a program, most of them prefixed with ``__``."""
    values: dict[str, Slot] = {
        **CONSTANTS,
        **{name: primitive(row) for name, row in BUILTINS.items()},
    }
    values["builtins"] = Attrs(values, {})
    return {
        name if name in GLOBAL or name in PLAIN else f"__{name}": value
        for name, value in values.items()
    }


def compile_program(
    machine: EvalMachine, source: Source, directory: str, tree: syntax.Expression
) -> Code:
    """Return the code of a source, or raise all of its problems at once."""
    machine.trees[source] = tree
    unit = Unit(source, directory, machine, machine.names)
    machine.values[source] = unit.values
    code = None
    with suppress(TooManyProblems):
        code = compile_node(unit, None, tree)
    if unit.problems or code is None:
        raise DeclarationError(*map(_advised, unit.problems))
    return code


def _advised(problem: Diagnostic) -> Diagnostic:
    """Say of a name that nothing is known of what it may be: mostly a text."""
    span = problem.span
    if problem.code != "DB0203" or problem.hint or span is None:
        return problem
    line = span.source.line_at(span.start)
    if line.lstrip().startswith("--"):
        at = span.source.text.rindex("--", 0, span.start)
        mend = Mend("write `#`", (Edit(Span(span.source, at, at + 2), "#"),))
        hint = "a comment starts with #, not with --"
        return replace(problem, hint=hint, mends=(mend,))
    text = f'"{span.source.text[span.start : span.end]}"'
    if len(text) > MAX_SHOWN:
        return problem
    hint = f"a text stands in quotes: {text}; a name is bound by `let … in …`"
    mend = Mend("put it in quotes", (Edit(span, text),))
    return replace(problem, hint=hint, mends=(*problem.mends, mend))
