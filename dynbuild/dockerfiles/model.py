"""A Dockerfile as its instructions, and what became of each of them."""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from dynbuild.values import dataclass

Outcome = Literal["translated", "differs", "left", "unused"]
"""What became of an instruction: ``differs`` is translated, with something to know;
``left`` is for the user to do; ``unused`` is in no stage that the image needs."""


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A document of an instruction; ``expands`` unless its name was quoted."""

    name: str
    text: str
    expands: bool


@dataclass(frozen=True, slots=True)
class CommentedLine:
    """A comment within an instruction, and how much of its text stands before it."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; ``words`` are its arguments as BuildKit's parser splits them.

    ``text`` is what follows its name and its flags, on one line; ``breaks`` are the
    places in it where the file has the ends of its lines.
    """

    name: str
    line: int
    last: int
    words: tuple[str, ...]
    flags: tuple[str, ...] = ()
    text: str = ""
    breaks: tuple[int, ...] = ()
    is_json: bool = False
    heredocs: tuple[Heredoc, ...] = ()
    comments: tuple[str, ...] = ()
    inner: tuple[CommentedLine, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildStage:
    """A FROM, and the instructions below it."""

    index: int
    name: str | None
    start: Instruction
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A whole file: its arguments before the first FROM, and its build stages."""

    name: str
    escape: str
    arguments: tuple[Instruction, ...]
    stages: tuple[BuildStage, ...]
    header: tuple[str, ...] = ()
    """Comments before the first instruction that an empty line sets apart."""
    footer: tuple[str, ...] = ()

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """All of them, in order."""
        below = (
            one for stage in self.stages for one in (stage.start, *stage.instructions)
        )
        return (*self.arguments, *below)


@dataclass(frozen=True, slots=True)
class Note:
    """What became of an instruction: the field that has it, or the reason why none."""

    instruction: Instruction
    outcome: Outcome
    where: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Paths:
    """What a text is known to read and to write: absolute paths, and all below them."""

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy of a stage of the declaration, as its fields."""

    fields: Mapping[str, object]
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of commands, and the comments above it."""

    text: str
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A stage of the declaration, before it has a name and its dependencies.

    ``of`` is the build stage that it is from; ``paths`` is None where its texts are not
    understood whole. ``fields`` has what stands in it beside copies and commands.
    """

    of: int
    wanted: str
    copies: tuple[Copied, ...] = ()
    commands: tuple[Line, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, object] = field(default_factory=dict)
    comments: tuple[str, ...] = ()
    paths: Paths | None = None
