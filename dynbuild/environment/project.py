"""A project that was found, its declaration, and the engine that it is built with."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dynbuild.ports import Builder, Images
from dynbuild.project.cache.facts import FileObservations
from dynbuild.project.cache.memory import EvaluationCache
from dynbuild.project.cache.store import directory_of
from dynbuild.project.content import Tree
from dynbuild.project.discovery import NAMES, ProjectPaths, find, find_lock, read
from dynbuild.project.edits import WorkingTree
from dynbuild.project.locks import LockFile
from dynbuild.project.named import is_inside
from dynbuild.project.sources import Sources
from dynbuild.spans import Source

if TYPE_CHECKING:
    from dynbuild.declaration.inputs import Data
    from dynbuild.declaration.loaded import Loaded

Given = Mapping[str, Source | str]
"""Arguments of a declaration by name: expressions, or texts as they are."""

Recorded = Mapping[str, "Data"]
"""Arguments that the lock records."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project: its place, its files, its lock."""

    place: ProjectPaths
    files: Tree
    locks: LockFile
    edits: WorkingTree
    facts: FileObservations
    """The facts looked at so far, in the end all that an answer is based on."""


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
    tree = Tree(place.root, facts)
    return Project(place, tree, locks, WorkingTree(tree), facts)


def see_search(facts: FileObservations, start: Path) -> None:
    """Record where a declaration is looked for, and whether there is one."""
    for directory in (start, *start.parents):
        facts.see("mode", of=str(directory))
        for name in NAMES:
            facts.see("mode", of=str(directory / name))


def load_declaration(
    project: Project, given: Given, recorded: Recorded, say: Callable[[str], None]
) -> "Loaded":
    """Read and check the declaration; ``say`` is given what ``trace`` prints.

    Raises DeclarationError.
    """
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
        say=_say(project.facts, say),
        memory=EvaluationCache(directory_of(os.environ), place.root, files.facts),
    )
    loaded = load(read(place, Path.cwd()), syntax, inputs)
    project.facts.take(files.facts.listed())
    return loaded


def _say(facts: FileObservations, say: Callable[[str], None]) -> Callable[[str], None]:
    """Return a printer for ``trace``; its output rules out a cached answer."""

    def said(text: str) -> None:
        facts.complete = False
        say(text)

    return said


def images() -> Images:
    """Return registries and the engine's images; imported only when needed."""
    from dynbuild.engine.images import DockerImages  # noqa: PLC0415

    return DockerImages(os.environ)


def builder() -> Builder:
    """Return BuildKit; imported only when needed."""
    from dynbuild.engine.buildx import Buildx  # noqa: PLC0415

    return Buildx(os.environ)
