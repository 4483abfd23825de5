"""What a declaration in the language may ask for, beside its own text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from dynbuild.lang.files import Files, NoFiles
from dynbuild.spans import Source

ROOT = "/project"
"""What the language calls the project's directory, on every machine."""

Data: TypeAlias = "str | bool | int | float | list[Data] | dict[str, Data]"
"""A value that TOML can write: an argument as the lock records it."""


class Memory(Protocol):
    """What evaluating gave before. Questions and answers are plain data."""

    def recall(self, question: tuple[object, ...]) -> object:
        """The answer, if it is known and all that it was made from is as it was."""

    def remember(self, question: tuple[object, ...], answer: object) -> None:
        """Keep an answer, made from the question and the files that were read."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Files, and what is passed to a declaration that is a function.

    ``given`` are the arguments of the command line, texts or expressions that are
    meant in ``directory``; ``recorded`` are those of the lock, which they override.
    ``shown`` spells the path of an imported file as people see it.
    """

    files: Files = field(default_factory=NoFiles)
    given: Mapping[str, Source | str] = field(default_factory=dict)
    recorded: Mapping[str, Data] = field(default_factory=dict)
    directory: str = ROOT
    shown: Callable[[str], str] = str
    say: Callable[[str], None] = lambda _: None
    memory: Memory | None = None
