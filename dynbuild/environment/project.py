"""A project that was found, its declaration, and the engine that it is built with."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dynbuild.digest import Digest
from dynbuild.environment.preferences import usual_builder
from dynbuild.ports import Builder, Images
from dynbuild.project.cache.facts import FileObservations
from dynbuild.project.cache.memory import EvaluationCache
from dynbuild.project.cache.store import directory_of
from dynbuild.project.content import Tree
from dynbuild.project.discovery import ProjectPaths, find, find_lock, read, see_search
from dynbuild.project.edits import WorkingTree
from dynbuild.project.image_locks import HeldLocks, ImageLocks
from dynbuild.project.locks import LockFile
from dynbuild.project.named import is_inside
from dynbuild.project.sources import Sources
from dynbuild.spans import Source
from dynbuild.values import dataclass

if TYPE_CHECKING:
    from dynbuild.declaration.inputs import Data
    from dynbuild.declaration.loaded import Loaded
    from dynbuild.steps.model import Pin

Given = Mapping[str, Source | str]
"""Arguments of a declaration by name: expressions, or texts as they are."""

Recorded = Mapping[str, "Data"]
"""Arguments that the lock records."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project: its place, its files, its lock, the digests that belong to it."""

    place: ProjectPaths
    files: Tree
    locks: HeldLocks
    sums: LockFile
    edits: WorkingTree
    facts: FileObservations
    """The facts looked at so far, in the end all that an answer is based on."""
    image: str = ""
    """The image that this is about, if there are several."""

    def of_image(self, image: str) -> "Project":
        """Return the project as if its lock held no other image.

        The only image has no name.
        """
        if not image:
            return self
        return replace(self, locks=ImageLocks(self.locks, image), image=image)


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
    named = str(Path(place.lock).with_suffix(".sum"))
    sums = LockFile(start / named, named, place.lock_within)
    tree = Tree(place.root, facts)
    return Project(place, tree, locks, sums, WorkingTree(tree), facts)


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
    from dynbuild.lang.limits import limits_of  # noqa: PLC0415

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
        limits=limits_of(os.environ),
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
    from dynbuild.environment.images import RegistryImages  # noqa: PLC0415

    return RegistryImages(os.environ)


def lacks(pin: "Pin", program: str) -> bool:
    """Implements ``commands.programs.Lacks``; imported only when needed."""
    from dynbuild.environment import programs  # noqa: PLC0415

    return programs.lacks(pin, program, os.environ)


def made_at(pin: "Pin") -> str | None:
    """Return when an image says that it was made; imported only when needed."""
    from dynbuild.tiers.oci.images import made_at  # noqa: PLC0415

    return made_at(pin, os.environ)


def now() -> str:
    """Return the time, as snapshots spell it."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


def fetch(url: str) -> Digest | None:
    """Implements ``fetching.Fetch``; imported only when needed."""
    from dynbuild.tiers.http.fetching import content_digest  # noqa: PLC0415

    return content_digest(url, os.environ)


def download(url: str) -> bytes | None:
    """Implements ``fetching.Download``; imported only when needed."""
    from dynbuild.tiers.http.fetching import content  # noqa: PLC0415

    return content(url, os.environ, 64 << 20)


def builder() -> Builder:
    """Return BuildKit, imported only when needed; its own builder is the user's first.

    Raises DeclarationError for what the user's configuration may not hold.
    """
    from dynbuild.engine.buildx import Buildx  # noqa: PLC0415

    usual = usual_builder(os.environ)
    return Buildx({**os.environ, "BUILDX_BUILDER": usual} if usual else os.environ)
