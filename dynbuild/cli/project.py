"""Putting commands and edges together: which project, which engine."""

import os
from dataclasses import dataclass
from pathlib import Path

from dynbuild.declaration.load import load
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax import syntax_of
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.ports import Builder, Images
from dynbuild.project.content import Tree
from dynbuild.project.discovery import Place, find, read
from dynbuild.project.lockfile import LockFile


@dataclass(frozen=True, slots=True)
class Project:
    """The project that a command line speaks of."""

    place: Place
    files: Tree
    locks: LockFile


def open_project(config: str | None) -> Project:
    """Find the project. Raises DeclarationError."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        message = "the working directory was removed"
        hint = "change to a directory that is there"
        raise DeclarationError(Diagnostic("DB0311", message, hint=hint)) from None
    place = find(here, config)
    return Project(place, Tree(place.root), LockFile(here / place.lock, place.lock))


def load_declaration(project: Project) -> Loaded:
    """Read and check the declaration. Raises DeclarationError."""
    place = project.place
    syntax = syntax_of(place.config)
    return load(read(place, Path.cwd()), syntax)


def images() -> Images:
    """Registries and the engine's images; imported where they are needed only."""
    from dynbuild.engine.images import DockerImages  # noqa: PLC0415

    return DockerImages(os.environ)


def builder() -> Builder:
    """BuildKit; imported where it is needed only."""
    from dynbuild.engine.buildx import Buildx  # noqa: PLC0415

    return Buildx(os.environ)
