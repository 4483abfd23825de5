"""Evaluation of a source from start to finish, within its limits."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lang import (
    builtins_files,
    builtins_formats,
    builtins_lists,
    builtins_sets,
    builtins_text,
    builtins_values,
    compile_basic,
    compile_operators,
    compile_select,
    compile_sets,
    deep,
    printing,
)
from dynbuild.lang.builtins import BUILTINS, Builtin
from dynbuild.lang.failure import Failure, short
from dynbuild.lang.files import FileAccess
from dynbuild.lang.limits import Limits
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.parser import Parse, parse
from dynbuild.lang.program import compile_program, initial_names
from dynbuild.lang.report import diagnose, whole
from dynbuild.lang.stack import deep_stack
from dynbuild.lang.strings import unescape
from dynbuild.lang.values import (
    Attrs,
    Lambda,
    Signature,
    Slot,
    Thunk,
    Value,
    force,
)
from dynbuild.spans import Source
from dynbuild.values import dataclass

FILLED = (
    builtins_files,
    builtins_formats,
    builtins_lists,
    builtins_sets,
    builtins_text,
    builtins_values,
    compile_basic,
    compile_operators,
    compile_select,
    compile_sets,
)
"""The modules that fill the tables of built-ins and of the compiler."""

Argument = Source | Slot
"""A passed argument: an expression, or a value as is."""


def list_builtins() -> tuple[Builtin, ...]:
    """Return the table of the built-in functions, by name."""
    return tuple(BUILTINS[name] for name in sorted(BUILTINS))


@dataclass(frozen=True, slots=True)
class Result:
    """The value of a source, evaluated to weak head normal form."""

    value: Value
    machine: EvalMachine
    show_trace: bool


def evaluate(  # noqa: PLR0913  # one parameter per capability
    source: Source,
    *,
    directory: str = "/",
    files: FileAccess | None = None,
    arguments: Mapping[str, Argument] | None = None,
    limits: Limits | None = None,
    say: Callable[[str], None] = lambda _: None,
    show_trace: bool = False,
    parse: Parse = parse,
) -> Result:
    """Return the value of a source. Raises ``DeclarationError`` if it has none.

    Relative paths are resolved in ``directory``. With ``arguments``, a function is
    called with those that it names. ``say`` receives the output of ``trace`` and
    ``warn``.
    """
    machine = EvalMachine(files, say, limits, parse)
    machine.names = initial_names()
    machine.root, machine.directory = source, directory
    tree = parse(source)
    with guarded(machine, show_trace=show_trace):
        value = compile_program(machine, source, directory, tree)(None)
        if arguments is not None:
            value = _call(machine, value, directory, arguments)
        return Result(value, machine, show_trace)


def signature(result: Result) -> Signature | None:
    """Return the signature of a value that is a function of the language."""
    value = result.value
    return value.signature if type(value) is Lambda else None


def call(
    result: Result, arguments: Mapping[str, Argument], *, directory: str = "/"
) -> Result:
    """Return the result of a function, called with the arguments that it names."""
    with guarded(result.machine, show_trace=result.show_trace):
        value = _call(result.machine, result.value, directory, arguments)
        return Result(value, result.machine, result.show_trace)


def check(source: Source) -> None:
    """Report the errors of a source without evaluating it."""
    machine = EvalMachine()
    machine.names = initial_names()
    machine.root = source
    tree = parse(source)
    with guarded(machine, show_trace=False):
        compile_program(machine, source, "/", tree)


def attribute(result: Result, path: str) -> Result:
    """Return the part of a value at a path: ``stages.0.name``, ``labels."a.b"``."""
    with guarded(result.machine, show_trace=result.show_trace):
        value = result.value
        for name in _names(path):
            if isinstance(value, list):
                value = force(value[_index(name, len(value))])
            else:
                value = compile_select.take(name, None)(value)
        return Result(value, result.machine, result.show_trace)


_PART = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^."]*))(\.|\Z)', re.DOTALL)


def _names(path: str) -> Iterator[str]:
    """Yield the parts of a path, each a name or one in quotes."""
    position, more = 0, True
    while more:
        match = _PART.match(path, position)
        if match is None:
            raise Failure(
                "DB0211",
                f"the quotes in the path {short(path)} do not fit",
                hint='quote a name that has dots, as in labels."a.b"',
            )
        yield match[2] if match[1] is None else unescape(match[1])
        position, more = match.end(), match[3] == "."


def _index(name: str, length: int) -> int:
    """Return the index that a part of a path names in a list of this length."""
    if name in map(str, range(length)):
        return int(name)
    indices = f"0 to {length - 1}" if length else "none"
    message = f"a list has no '{short(name)}'; its elements are {indices}"
    raise Failure("DB0211", message)


def force_deep(result: Result) -> Value:
    """Return the value of a source, deeply evaluated."""
    with guarded(result.machine, show_trace=result.show_trace):
        return deep.force_deep(result.machine, result.value)


def to_nix(result: Result) -> str:
    """Return the value as ``nix-instantiate --eval --strict`` prints it."""
    with guarded(result.machine, show_trace=result.show_trace):
        deep.force_deep(result.machine, result.value)
        return printing.print_value(result.machine, result.value)


def to_json(result: Result) -> str:
    """Return the value as ``nix-instantiate --eval --strict --json`` prints it."""
    with guarded(result.machine, show_trace=result.show_trace):
        return printing.json_value(result.machine, result.value)


@contextmanager
def guarded(machine: EvalMachine, *, show_trace: bool) -> Iterator[None]:
    """Make room on Python's stack, and turn failures into user-visible diagnostics."""
    try:
        with deep_stack(machine.limits.depth):
            yield
    except Failure as failure:
        diagnostic = diagnose(failure, machine, show_trace=show_trace)
        raise DeclarationError(diagnostic) from None
    except RecursionError:
        message = "the evaluation is nested too deeply"
        raise DeclarationError(Diagnostic("DB0213", message, whole(machine))) from None
    finally:
        machine.depth = 0


def _call(
    machine: EvalMachine,
    value: Value,
    directory: str,
    arguments: Mapping[str, Argument],
) -> Value:
    """Call a function with the arguments that it names, as Nix does at the top."""
    if type(value) is Attrs and "__functor" in value.items:
        value = machine.call(force(value.items["__functor"]), value)
    if type(value) is not Lambda or value.signature.parameters is None:
        return value
    parameters = {parameter.name for parameter in value.signature.parameters}
    items: dict[str, Slot] = {}
    for name, argument in arguments.items():
        if name in parameters or value.signature.ellipsis:
            items[name] = _argument(machine, directory, argument)
    return machine.call(value, Attrs(items, {}))


def _argument(machine: EvalMachine, directory: str, argument: Argument) -> Slot:
    if not isinstance(argument, Source):
        return argument
    return Thunk(compile_program(machine, argument, directory, parse(argument)), None)
