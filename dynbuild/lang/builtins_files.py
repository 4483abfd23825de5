"""Built-ins that read files, all through the port."""

from collections.abc import Callable
from typing import TypeVar

from dynbuild.lang.builtins import builtin
from dynbuild.lang.coerce import decode
from dynbuild.lang.failure import Failure
from dynbuild.lang.files import FileRefused
from dynbuild.lang.hashing import digest
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.modules import import_file
from dynbuild.lang.paths import normalise
from dynbuild.lang.values import Attrs, Value, marked

_T = TypeVar("_T")


def ask_port(question: Callable[[str], _T], path: str) -> _T:
    """Return the port's answer; its refusal becomes a failure."""
    try:
        return question(path)
    except FileRefused as refused:
        raise Failure("DB0220", refused.message, hint=refused.hint) from None


@builtin("import path:path", "The value of a file; of a directory, its default.nix.")
def _import(machine: EvalMachine, path: str) -> Value:
    return import_file(machine, normalise(path))


@builtin("readFile path:path", "The content of a file.")
def _read_file(machine: EvalMachine, path: str) -> str:
    data = ask_port(machine.files.read, normalise(path))
    if b"\0" in data:
        raise Failure("DB0220", f"'{path}' has a null byte, which no string can have")
    machine.charge(len(data) >> 4)
    return decode(data)


@builtin("readDir path:path", "The names in a directory, and what each is.")
def _read_dir(machine: EvalMachine, path: str) -> Attrs:
    return Attrs(dict(ask_port(machine.files.list, normalise(path))), {})


@builtin("readFileType path:path", "regular, directory, symlink or unknown.")
def _read_file_type(machine: EvalMachine, path: str) -> str:
    kind = ask_port(machine.files.kind, normalise(path))
    if kind is None:
        raise Failure("DB0220", f"'{path}' does not exist")
    return kind


@builtin("pathExists path:path", "Whether there is something at the path.")
def _path_exists(machine: EvalMachine, path: str) -> bool:
    place = normalise(path)
    try:
        if not path.endswith(("/", "/.")):
            return machine.files.kind(place) is not None
        return machine.files.kind(machine.files.resolve(place)) == "directory"
    except FileRefused:
        return False


@builtin("hashFile algorithm:string path:path", "The digest of a file, as hashString.")
def _hash_file(machine: EvalMachine, algorithm: str, path: str) -> str:
    data = ask_port(machine.files.read, normalise(path))
    machine.charge(len(data) >> 8)
    return digest(algorithm, data)


@builtin("toPath text:text", "An absolute path, normalised; rather write a path.")
def _to_path(_: EvalMachine, text: str) -> Value:
    if not text.startswith("/"):
        raise Failure("DB0219", f"'{text}' is not an absolute path")
    return marked(normalise(text), text)
