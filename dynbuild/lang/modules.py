"""Files as values: each is read, compiled and evaluated at most once."""

from dataclasses import replace

from dynbuild.errors import DeclarationError
from dynbuild.lang.coerce import decode
from dynbuild.lang.failure import Failure, TraceFrame
from dynbuild.lang.files import FileAccess, FileRefused
from dynbuild.lang.grammar import library_text
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.parser import parse
from dynbuild.lang.paths import join, parent
from dynbuild.lang.program import compile_program
from dynbuild.lang.refusals import LIBRARY
from dynbuild.lang.syntax import Expression
from dynbuild.lang.values import Code, EvalEnv, Thunk, Value, force
from dynbuild.spans import Source, Span

_MAX_LINKS = 40
"""The limit of Linux (path_resolution(7))."""
_READERS = {".json": "builtins.fromJSON", ".toml": "builtins.fromTOML"}


def import_file(machine: EvalMachine, path: str) -> Value:
    """Return the value of a file; importing it during its evaluation is a cycle."""
    if path == LIBRARY:
        return _library(machine)
    try:
        path = _named(machine.files, path)
    except FileRefused as refused:
        raise Failure("DB0220", refused.message, hint=refused.hint) from None
    if path not in machine.modules:
        machine.modules[path] = Thunk(_loader(machine, path), None)
    return force(machine.modules[path])


def _library(machine: EvalMachine) -> Value:
    """Return the library that comes with dynbuild; no file of the project is read."""
    if LIBRARY not in machine.modules:
        source = Source(LIBRARY[1:], library_text())
        code = compile_program(machine, source, "/", parse(source))
        machine.modules[LIBRARY] = Thunk(code, None)
    return force(machine.modules[LIBRARY])


def _named(files: FileAccess, path: str) -> str:
    """Return the path against which a file's own relative paths are resolved.

    As in Nix, that is the path as named: a link is followed only in the place of the
    imported file itself, not in the directories above.
    """
    # Refuses a path that leads out of the project, or in a circle.
    real = files.resolve(path)
    for _ in range(_MAX_LINKS):
        if files.kind(path) != "symlink":
            break
        path = files.link(path)
    else:
        raise FileRefused(f"'{path}' is a link in a circle")
    if files.kind(real) != "directory":
        return path
    path = join(path, "default.nix")
    if files.kind(path) is None:
        hint = "of a directory, its default.nix is imported"
        raise FileRefused(f"'{path}' does not exist", hint)
    files.resolve(path)
    return path


def _loader(machine: EvalMachine, path: str) -> Code:
    """Return the code that reads a file and evaluates it."""

    def load(_: EvalEnv) -> Value:
        try:
            data = machine.files.read(path)
        except FileRefused as refused:
            raise Failure("DB0220", refused.message, hint=refused.hint) from None
        source = Source(path, decode(data))
        machine.labels[load] = TraceFrame(
            f"while evaluating '{path}'", Span(source, 0, 1)
        )
        machine.enter()
        code = compile_program(machine, source, parent(path), _parsed(machine, source))
        value = code(None)
        machine.depth -= 1
        return value

    return load


def _parsed(machine: EvalMachine, source: Source) -> Expression:
    """Return the tree of a file; one that is clearly not Nix gets a hint."""
    try:
        return machine.parse(source)
    except DeclarationError as error:
        reader = _READERS.get(source.name[-5:])
        if reader is None:
            raise
        hint = f"to read data, write {reader} (builtins.readFile ./path)"
        raise DeclarationError(replace(error.diagnostics[0], hint=hint)) from None
