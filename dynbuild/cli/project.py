"""Wiring of commands and edges: the project, the engine."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dynbuild.cli.output import tell
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.ports import Builder, Images
from dynbuild.project.cache import replay
from dynbuild.project.cache.facts import FileObservations
from dynbuild.project.cache.memory import Memory
from dynbuild.project.cache.store import directory_of, recall, remember
from dynbuild.project.content import Tree
from dynbuild.project.discovery import NAMES, ProjectPaths, find, find_lock, read
from dynbuild.project.lockfile import LockFile
from dynbuild.project.named import is_inside
from dynbuild.project.sources import Sources
from dynbuild.spans import Source

if TYPE_CHECKING:
    from dynbuild.declaration.inputs import Data
    from dynbuild.declaration.loaded import Loaded

Pairs = Sequence[tuple[str, str]]
Given = Mapping[str, Source | str]
Recorded = Mapping[str, "Data"]


@dataclass(frozen=True, slots=True)
class Fresh:
    """The fact that a lock is up to date, with its declared tiers in JSON."""

    cache: str


@dataclass(frozen=True, slots=True)
class Project:
    """The project that a command line refers to."""

    place: ProjectPaths
    files: Tree
    locks: LockFile
    facts: FileObservations
    """The facts looked at so far, in the end all that an answer is based on."""

    def keep(self, out: str, err: str) -> None:
        """Store the output of this command, which had exit status 0."""
        replay.keep(sys.argv[1:], os.environ, self.facts, out, err)

    def known_fresh(self, arguments: object) -> Fresh | None:
        """Return the note that the lock is up to date, if nothing changed since."""
        match recall(directory_of(os.environ), self._fit(arguments)):
            case (_, (str() as cache,)):
                return Fresh(cache)
            case _:
                return None

    def note_fresh(self, arguments: object, fresh: Fresh) -> None:
        """Record that the lock is up to date with the declaration for arguments."""
        if self.facts.complete:
            answer = (fresh.cache,)
            question = self._fit(arguments)
            remember(directory_of(os.environ), question, self.facts.listed(), answer)

    def _fit(self, arguments: object) -> object:
        return ("fresh tiers", str(Path.cwd()), str(self.place.config), arguments)


def open_project(config: str | None, *, lock_alone: bool = False) -> Project:
    """Find the project; ``lock_alone`` needs only a lock. Raises DeclarationError."""
    start = Path.cwd()
    place = find_lock(start, config) if lock_alone else find(start, config)
    facts = FileObservations()
    see_search(facts, start if config is None else start / config)
    found = ((place.config, place.config_within), (place.lock, place.lock_within))
    for path, within in ((start / name, within) for name, within in found):
        facts.see("real", of=str(path))
        if within is None or is_inside(path, within):
            facts.see("content", of=str(path))
    locks = LockFile(start / place.lock, place.lock, place.lock_within)
    return Project(place, Tree(place.root, facts), locks, facts)


def see_search(facts: FileObservations, start: Path) -> None:
    """Record where a declaration is looked for, and whether there is one."""
    for directory in (start, *start.parents):
        facts.see("mode", of=str(directory))
        for name in NAMES:
            facts.see("mode", of=str(directory / name))


def load_declaration(project: Project, given: Given, recorded: Recorded) -> "Loaded":
    """Read and check the declaration. Raises DeclarationError."""
    # The schema is the slowest import, and an unchanged declaration needs none.
    from dynbuild.declaration.inputs import Inputs  # noqa: PLC0415
    from dynbuild.declaration.load import load  # noqa: PLC0415
    from dynbuild.declaration.syntax import syntax_of  # noqa: PLC0415

    place = project.place
    syntax = syntax_of(place.config)
    files = Sources(place.root, os.path.relpath(place.root))
    inputs = Inputs(
        files=files,
        given=given,
        recorded=recorded,
        directory=files.directory(Path.cwd()),
        shown=files.name,
        say=_say(project.facts),
        memory=Memory(directory_of(os.environ), place.root, files.facts),
    )
    loaded = load(read(place, Path.cwd()), syntax, inputs)
    project.facts.take(files.facts.listed())
    return loaded


def _say(facts: FileObservations) -> Callable[[str], None]:
    """Return a printer for ``trace``; its output rules out a cached answer."""

    def say(text: str) -> None:
        facts.complete = False
        tell(text)

    return say


def given(expressions: Pairs, texts: Pairs) -> Given:
    """Return the arguments of ``--arg`` and ``--argstr``. Raises DeclarationError."""
    found: dict[str, Source | str] = {}
    for name, value in (*expressions, *texts):
        if name in found:
            message = f"the argument {name!r} is given twice"
            raise DeclarationError(Diagnostic("DB0317", message))
        found[name] = value
    return found | {name: Source(f"--arg {name}", text) for name, text in expressions}


def images() -> Images:
    """Return registries and the engine's images; imported only when needed."""
    from dynbuild.engine.images import DockerImages  # noqa: PLC0415

    return DockerImages(os.environ)


def builder() -> Builder:
    """Return BuildKit; imported only when needed."""
    from dynbuild.engine.buildx import Buildx  # noqa: PLC0415

    return Buildx(os.environ)
