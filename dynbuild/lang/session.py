"""A conversation in the language: expressions, and names that stay bound."""

import re
from collections.abc import Callable

from dynbuild.lang import deep, printing
from dynbuild.lang.evaluator import guarded
from dynbuild.lang.files import FileAccess
from dynbuild.lang.limits import Limits
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.parser import parse
from dynbuild.lang.program import compile_program, initial_names
from dynbuild.lang.scanner import scan
from dynbuild.lang.values import Attrs, Slot, Thunk, Value, a_kind, force
from dynbuild.spans import Source

_BINDING = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_'-]*)\s*=(?!=)(.*)", re.DOTALL)
_PATH = re.compile(r"[A-Za-z_][\w.'-]*\Z")


class Session:
    """One machine whose names grow by what is entered."""

    def __init__(
        self,
        directory: str,
        files: FileAccess,
        say: Callable[[str], None],
        limits: Limits | None = None,
    ) -> None:
        self._machine = EvalMachine(files, say, limits)
        self._machine.names = initial_names()
        self._directory = directory

    def bind(self, name: str, source: Source) -> None:
        """Bind a name to an expression, which is evaluated when it is needed."""
        with guarded(self._machine, show_trace=False):
            self._machine.names[name] = self._slot(source)

    def value(self, text: str) -> str:
        """Return the value of an expression as Nix prints it; of a binding, nothing."""
        if match := _BINDING.fullmatch(text.rstrip().removesuffix(";")):
            self.bind(match[1], Source("-", match[2]))
            return ""
        with guarded(self._machine, show_trace=False):
            value = force(self._slot(Source("-", text)))
            deep.force_deep(self._machine, value)
            return printing.print_value(self._machine, value)

    def kind(self, text: str) -> str:
        """Return what kind of value an expression has."""
        with guarded(self._machine, show_trace=False):
            value = force(self._slot(Source("-", text)))
            if type(value) is not Attrs:
                return a_kind(value)
            return f"a set of {', '.join(sorted(value.items)) or 'nothing'}"

    def completions(self, text: str) -> list[str]:
        """Return what the last name of a text can become; nothing is evaluated."""
        match = _PATH.search(text)
        *front, last = (match[0] if match else "").split(".")
        items: dict[str, Slot] = self._machine.names
        for name in front:
            value = _settled(items.get(name))
            if type(value) is not Attrs:
                return []
            items = value.items
        start = ".".join([*front, ""])
        found = sorted(name for name in items if name.startswith(last))
        return [start + name for name in found if last or not name.startswith("__")]

    def _slot(self, source: Source) -> Thunk:
        self._machine.root, self._machine.directory = source, self._directory
        self._machine.renew()
        tree = parse(source)
        code = compile_program(self._machine, source, self._directory, tree)
        return Thunk(code, None)


def _settled(slot: Slot) -> Value:
    if type(slot) is Thunk:
        return slot.value if slot.code is None else None
    return slot  # type: ignore[return-value]  # type() does not narrow the rest


def is_open(text: str) -> bool:
    """Whether a text has a bracket or a string that is not closed yet."""
    *_, last = scan(f"{text}\n0")
    return last.inside is not None
