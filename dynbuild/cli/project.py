"""Putting commands and edges together: which project, which engine."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dynbuild.commands.realize_steps import Site
from dynbuild.declaration.load import load
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax import syntax_of
from dynbuild.ports import Builder, Event, Images, Report
from dynbuild.project.content import Tree
from dynbuild.project.discovery import Place, find, read
from dynbuild.project.lockfile import LockFile


@dataclass(frozen=True, slots=True)
class Project:
    """The project that a command line speaks of.

    ``store`` is where its declaration wants the local tier.
    """

    place: Place
    files: Tree
    locks: LockFile
    store: str | None = None


def open_project(config: str | None) -> Project:
    """Find the project. Raises DeclarationError."""
    place = find(Path.cwd(), config)
    return Project(
        place, Tree(place.root), LockFile(Path.cwd() / place.lock, place.lock)
    )


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


@contextmanager
def site(
    project: Project, report: Report, tell: Callable[[str], None]
) -> Iterator[Site]:
    """Where steps are realized: the local tier, BuildKit, and threads for jobs."""
    from dynbuild.engine.buildx import Buildx  # noqa: PLC0415
    from dynbuild.engine.crew import crew  # noqa: PLC0415
    from dynbuild.engine.process import Running  # noqa: PLC0415
    from dynbuild.engine.workshop import Workshop  # noqa: PLC0415
    from dynbuild.tiers.local import Local  # noqa: PLC0415
    from dynbuild.tiers.machine import Machine  # noqa: PLC0415

    running = Running()
    tier = Local(store_of(project), tell)
    machine = Machine(tier, running.pause)
    lock = threading.Lock()

    def one_at_a_time(event: Event) -> None:
        with lock:
            report(event)

    with machine.private() as folder, crew(running) as jobs:
        workshop = Workshop(Buildx(os.environ, running), tier, machine, folder)
        yield Site(tier, machine, workshop, jobs, one_at_a_time)


def store_of(project: Project) -> Path:
    """The directory of the local tier; the environment wins over the declaration."""
    if given := os.environ.get("CACHE_LOCAL_PATH"):
        return Path(given).expanduser().absolute()
    if project.store:
        return project.place.root / Path(project.store).expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "dynbuild"
