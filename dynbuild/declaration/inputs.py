"""The inputs of a declaration in the language, besides its own text."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from dynbuild.lang.files import FileAccess, NoFiles
from dynbuild.lang.limits import Limits
from dynbuild.spans import Source
from dynbuild.values import dataclass

if TYPE_CHECKING:  # else all that reads a declaration would import the parser
    from dynbuild.lang.parser import Parse

ROOT = "/project"
"""The project's directory in the language, the same on every machine."""

Data: TypeAlias = "str | bool | int | float | list[Data] | dict[str, Data]"
"""A value that TOML can represent: an argument as the lock records it."""


class Memory(Protocol):
    """A cache of evaluation results. Questions and answers are plain data."""

    def recall(self, question: tuple[object, ...]) -> object:
        """Return the answer, if it is known and all of its inputs are unchanged."""

    def remember(self, question: tuple[object, ...], answer: object) -> None:
        """Store an answer, derived from the question and the files that were read."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Files, and the arguments of a declaration that is a function.

    ``given`` are the command line's arguments: texts, or expressions evaluated in
    ``directory``; they override ``recorded``, those of the lock. ``shown`` maps the
    path of an imported file to its user-visible spelling.
    """

    files: FileAccess = field(default_factory=NoFiles)
    given: Mapping[str, Source | str] = field(default_factory=dict)
    recorded: Mapping[str, Data] = field(default_factory=dict)
    directory: str = ROOT
    shown: Callable[[str], str] = str
    say: Callable[[str], None] = lambda _: None
    memory: Memory | None = None
    limits: Limits = field(default_factory=Limits)
    parse: "Parse | None" = None
    """Parses what is like what it parsed before, if anything does."""
