"""Putting commands and edges together: which project, which engine."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dynbuild.cli.output import tell
from dynbuild.declaration.inputs import Data, Inputs
from dynbuild.declaration.load import load
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax import syntax_of
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.ports import Builder, Images
from dynbuild.project.content import Tree
from dynbuild.project.discovery import Place, find, read
from dynbuild.project.lockfile import LockFile
from dynbuild.project.sources import Sources
from dynbuild.spans import Source

Pairs = Sequence[tuple[str, str]]
Given = Mapping[str, Source | str]
Recorded = Mapping[str, Data]


@dataclass(frozen=True, slots=True)
class Project:
    """The project that a command line speaks of."""

    place: Place
    files: Tree
    locks: LockFile


def open_project(config: str | None) -> Project:
    """Find the project. Raises DeclarationError."""
    place = find(Path.cwd(), config)
    return Project(
        place, Tree(place.root), LockFile(Path.cwd() / place.lock, place.lock)
    )


def load_declaration(project: Project, given: Given, recorded: Recorded) -> Loaded:
    """Read and check the declaration. Raises DeclarationError."""
    place = project.place
    syntax = syntax_of(place.config)
    files = sources(place.root)
    inputs = Inputs(
        files=files,
        given=given,
        recorded=recorded,
        directory=files.directory(Path.cwd()),
        shown=files.name,
        say=tell,
    )
    return load(read(place, Path.cwd()), syntax, inputs)


def given(expressions: Pairs, texts: Pairs) -> Given:
    """The arguments of ``--arg`` and ``--argstr``. Raises DeclarationError."""
    found: dict[str, Source | str] = {}
    for name, value in (*expressions, *texts):
        if name in found:
            message = f"the argument {name!r} is given twice"
            raise DeclarationError(Diagnostic("DB0317", message))
        found[name] = value
    return found | {name: Source(f"--arg {name}", text) for name, text in expressions}


def sources(root: Path) -> Sources:
    """The files of a directory, for the language."""
    return Sources(root, os.path.relpath(root))


def images() -> Images:
    """Registries and the engine's images; imported where they are needed only."""
    from dynbuild.engine.images import DockerImages  # noqa: PLC0415

    return DockerImages(os.environ)


def builder() -> Builder:
    """BuildKit; imported where it is needed only."""
    from dynbuild.engine.buildx import Buildx  # noqa: PLC0415

    return Buildx(os.environ)
