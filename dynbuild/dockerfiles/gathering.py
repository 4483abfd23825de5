"""What was translated so far, and what waits within a build stage for its part."""

from collections.abc import Mapping
from dataclasses import field, replace

from dynbuild.declaration.check.shells import SHELL, may_hold
from dynbuild.dockerfiles.copying import Taken
from dynbuild.dockerfiles.known import SYSTEM, both
from dynbuild.dockerfiles.model import (
    BuildStage,
    Copied,
    Dockerfile,
    Instruction,
    Line,
    Outcome,
    Part,
    Paths,
)
from dynbuild.dockerfiles.sources import Sources
from dynbuild.dockerfiles.state import State, has_shell
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Noted:
    """A note whose stage has no name yet: it is that of a part, by its number."""

    instruction: Instruction
    outcome: Outcome
    where: str = ""
    reason: str = ""
    part: int | None = None


@dataclass(slots=True)
class Walk:
    """All that was translated, of all build stages that the image needs."""

    dockerfile: Dockerfile
    sources: Sources
    arguments: Mapping[str, str]
    parts: list[Part] = field(default_factory=list)
    notes: list[Noted] = field(default_factory=list)
    ends: dict[int, State] = field(default_factory=dict)
    packages: dict[int, tuple[str, ...]] = field(default_factory=dict)
    own_packages: set[int] = field(default_factory=set)
    package_comments: dict[int, tuple[str, ...]] = field(default_factory=dict)
    caches: dict[str, int] = field(default_factory=dict)
    """How many parts mount a cache at a path."""
    comments: dict[int, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Comments at the end of a build stage that no part has, by their field."""


@dataclass(slots=True)
class Reading:
    """What waits, within one build stage, for a part that takes it.

    ``paths`` are what the copies that wait touch, ``before`` what all parts did before
    them: what a list of packages has to know.
    """

    stage: BuildStage
    state: State
    copies: list[Copied] = field(default_factory=list)
    files: dict[str, object] = field(default_factory=dict)
    add: list[Mapping[str, object]] = field(default_factory=list)
    paths: Paths | None = field(default_factory=Paths)
    before: Paths | None = field(default_factory=Paths)
    comments: list[str] = field(default_factory=list)
    copying: list[tuple[Instruction, str]] = field(default_factory=list)
    waiting: list[tuple[Instruction, Outcome, str, str]] = field(default_factory=list)

    @property
    def has_files(self) -> bool:
        return bool(self.copies or self.files or self.add)

    @property
    def rest(self) -> dict[str, object]:
        """The fields of the files that wait, beside the copies."""
        given: dict[str, object] = {}
        if self.files:
            given["files"] = dict(self.files)
        if self.add:
            given["add"] = list(self.add)
        return given


def wait(
    reading: Reading,
    one: Instruction,
    where: str,
    outcome: Outcome = "translated",
    reason: str = "",
) -> None:
    """Let an instruction, and its comments, go with the next part that runs."""
    reading.comments += one.comments
    reading.waiting.append((one, outcome, where, reason))


def take_in(reading: Reading, one: Instruction, taken: Taken) -> None:
    """Let what an instruction copies wait."""
    reading.copies += taken.copies
    reading.files |= dict(taken.files)
    reading.add += [copied.fields for copied in taken.add]
    reading.paths = both(reading.paths, taken.paths)
    if not taken.copies:
        reading.comments += one.comments
    reading.copying.append((one, taken.reason))


def add(walked: Walk, reading: Reading, part: Part, *, runs: Noted | None) -> None:
    """Add a part, with the files that wait; if it runs, with all that does."""
    number = len(walked.parts)
    for copying, reason in reading.copying if part.copies or reading.rest else ():
        outcome: Outcome = "differs" if reason else "translated"
        walked.notes.append(Noted(copying, outcome, "copy", reason, number))
    if runs is not None:
        for waiting, outcome, where, reason in reading.waiting:
            walked.notes.append(Noted(waiting, outcome, where, reason, number))
        walked.notes.append(replace(runs, part=number))
        reading.waiting = []
    reading.before = both(reading.before, part.paths)
    walked.parts.append(part)


def clear_files(reading: Reading) -> None:
    reading.copies, reading.files, reading.add = [], {}, []
    reading.copying, reading.paths = [], Paths()


def flush(walked: Walk, reading: Reading) -> None:
    """Write a part of the files that wait, without a RUN."""
    if not reading.has_files:
        return
    targets = [str(one.fields["to"]) for one in reading.copies]
    targets += [*reading.files, *(str(one["to"]) for one in reading.add)]
    comments: tuple[str, ...] = ()
    if not reading.waiting:
        comments, reading.comments = tuple(reading.comments), []
    part = Part(
        reading.stage.index,
        targets[-1].rstrip("/").rsplit("/", 1)[-1] or "files",
        tuple(reading.copies),
        fields=reading.rest,
        comments=comments,
        paths=reading.paths,
    )
    add(walked, reading, part, runs=None)
    clear_files(reading)


def brings_shell(walked: Walk, reading: Reading) -> bool:
    """Whether something that was copied to a build stage may have brought a shell."""
    lineage = walked.sources.lineage(reading.stage.index)
    parts = [part.copies for part in walked.parts if part.of in lineage]
    copies = [one for of in (*parts, reading.copies) for one in of]
    return may_hold([str(one.fields["to"]) for one in copies], SHELL)


def _leave_unmade(reading: Reading, path: str) -> None:
    """Say of the last WORKDIR that nothing makes its directory."""
    reason = f"no shell can make {path}: what is copied there makes it, for its owner"
    waiting = enumerate(reading.waiting)
    for at in [at for at, (one, *_) in waiting if one.name == "WORKDIR"][-1:]:
        one, _, where, _ = reading.waiting[at]
        reading.waiting[at] = one, "differs", where, reason
    reading.state = replace(reading.state, unmade=None)


def make_directory(walked: Walk, reading: Reading) -> None:
    """Write a part that makes what WORKDIR makes, where nothing else does."""
    if reading.state.unmade is None:
        return
    path, user = reading.state.unmade
    if not has_shell(reading.state.image):
        _leave_unmade(reading, path)
        return
    flush(walked, reading)
    name = path.rsplit("/", 1)[-1]
    part = Part(
        reading.stage.index,
        f"{name}-directory",
        commands=(Line(f"mkdir -p {path}"),),
        paths=Paths(SYSTEM, frozenset({path})),
    )
    if user is not None:
        # As in Docker, a working directory is made for the user of its stage.
        part = replace(
            part,
            commands=(Line("true"),),
            fields={"user": user, "workdir": path},
            paths=None,
        )
    add(walked, reading, part, runs=None)
    reading.state = replace(reading.state, unmade=None)
