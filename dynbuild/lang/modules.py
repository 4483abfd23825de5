"""Files as values: each is read, compiled and evaluated at most once."""

from dynbuild.lang.coerce import decode
from dynbuild.lang.failure import Failure, Frame
from dynbuild.lang.files import FileRefused
from dynbuild.lang.machine import Machine
from dynbuild.lang.parser import parse
from dynbuild.lang.paths import join, parent
from dynbuild.lang.program import compile_program
from dynbuild.lang.values import Code, Env, Thunk, Value, force
from dynbuild.spans import Source, Span


def import_file(machine: Machine, path: str) -> Value:
    """Return the value of a file; while it is evaluated, importing it is a cycle."""
    try:
        path = machine.files.resolve(path)
        if machine.files.kind(path) == "directory":
            path = machine.files.resolve(join(path, "default.nix"))
    except FileRefused as refused:
        raise Failure("DB0220", refused.message, hint=refused.hint) from None
    if path not in machine.modules:
        machine.modules[path] = Thunk(_loader(machine, path), None)
    return force(machine.modules[path])


def _loader(machine: Machine, path: str) -> Code:
    """Return the code that reads a file and evaluates it."""

    def load(_: Env) -> Value:
        try:
            data = machine.files.read(path)
        except FileRefused as refused:
            raise Failure("DB0220", refused.message, hint=refused.hint) from None
        source = Source(path, decode(data))
        machine.labels[load] = Frame(f"while evaluating '{path}'", Span(source, 0, 1))
        machine.enter()
        code = compile_program(machine, source, parent(path), parse(source))
        value = code(None)
        machine.depth -= 1
        return value

    return load
