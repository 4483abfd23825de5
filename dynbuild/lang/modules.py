"""Files as values: each is read, compiled and evaluated at most once."""

from dynbuild.lang.coerce import decode
from dynbuild.lang.failure import Failure
from dynbuild.lang.files import FileRefused
from dynbuild.lang.machine import Machine
from dynbuild.lang.parser import parse
from dynbuild.lang.paths import join, parent
from dynbuild.lang.program import compile_program
from dynbuild.lang.values import Env, Thunk, Value, force
from dynbuild.spans import Source


def import_file(machine: Machine, path: str) -> Value:
    """Return the value of a file; while it is evaluated, importing it is a cycle."""
    try:
        path = machine.files.resolve(path)
        if machine.files.kind(path) == "directory":
            path = machine.files.resolve(join(path, "default.nix"))
    except FileRefused as refused:
        raise Failure("DB0220", refused.message, hint=refused.hint) from None
    if path not in machine.modules:
        machine.modules[path] = Thunk(_load, (machine, path))
    return force(machine.modules[path])


def _load(job: Env) -> Value:
    machine, path = job
    try:
        data = machine.files.read(path)
    except FileRefused as refused:
        raise Failure("DB0220", refused.message, hint=refused.hint) from None
    source = Source(path, decode(data))
    machine.enter()
    value = compile_program(machine, source, parent(path), parse(source))(None)
    machine.depth -= 1
    return value
