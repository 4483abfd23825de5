"""What a text costs, as ``dynbuild why`` tells it, from what this machine knows."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from dynbuild.cli.consent import agreed
from dynbuild.cli.server.checking import Checked
from dynbuild.commands import lock as locking
from dynbuild.commands.downloads import UNFETCHED
from dynbuild.commands.lock_requests import NO_OPTIONS
from dynbuild.commands.lock_snapshots import unknown
from dynbuild.commands.lock_start import no_lock
from dynbuild.commands.programs import unasked
from dynbuild.commands.why import Edges, Explanation, estimate
from dynbuild.digest import Digest
from dynbuild.editor.lens import Estimate
from dynbuild.environment.history import history_of
from dynbuild.environment.project import Project
from dynbuild.environment.wiring import near_of, store_of, tiers_of
from dynbuild.errors import DeclarationError, Diagnostic, DynbuildError
from dynbuild.explain.past import Provenance
from dynbuild.explain.view import common_platform
from dynbuild.lockfile.images import as_images
from dynbuild.lockfile.model import Lock
from dynbuild.ports import Tier
from dynbuild.project.cache.facts import FileObservations
from dynbuild.project.content import Tree
from dynbuild.project.discovery import ProjectPaths
from dynbuild.project.edits import WorkingTree
from dynbuild.project.hashes import Hashes
from dynbuild.project.locks import LockFile
from dynbuild.steps.model import Pin
from dynbuild.tiers.declared import Cache, declared_in
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Priced:
    """What a checked text costs; ``stale`` says in what the lock does not fit it.

    The explanations and the estimates are by image; the only image has no name.
    """

    checked: Checked
    explanations: Mapping[str, Explanation]
    estimates: Mapping[str, Estimate]
    stale: Diagnostic | None


@dataclass(slots=True)
class Unasked:
    """Implements ``ports.Images`` without registries and engine: nothing is pinned."""

    unknown: list[str] = field(default_factory=list)

    def pin(self, reference: str) -> Pin:
        self.unknown.append(reference)
        return Pin(reference, None)

    def local_digest(self, reference: str) -> Digest:
        raise DeclarationError(Diagnostic("DB0301", f"{reference} is not looked up"))


@dataclass(frozen=True, slots=True)
class Pricing:
    """How prices are found: with hashes of files that are known already.

    ``tiers`` says whether shared tiers are asked too, where the user agreed to them.
    """

    hashes: Hashes = field(default_factory=Hashes)
    tiers: bool = False

    def priced(self, checked: Checked) -> Priced | None:
        """Return what the lock of a text would run; None where nobody can tell."""
        try:
            return self._priced(checked)
        except (DynbuildError, OSError):
            return None  # the commands say why

    def _priced(self, checked: Checked) -> Priced | None:
        loaded = checked.loaded
        if loaded is None:
            return None
        project = self.project(checked)
        images = Unasked()
        edges = locking.Edges(
            project.files,
            project.locks,
            project.edits,
            lambda: images,
            lambda _: UNFETCHED,
            unasked,
            unknown,
            lambda: None,
        )
        locked = locking.lock(loaded, edges, NO_OPTIONS)
        several, told = as_images(locked.lock), dict[str, Explanation]()
        estimates: dict[str, Estimate] = {}
        for name in several.parents_first:
            lock = several.whole(name)
            edges_of = self._edges(project.of_image(name), lock, checked)
            told[name] = estimate(lock, [], edges_of)
            unasked_of = tuple(images.unknown)
            estimates[name] = _estimate(told[name], lock, unasked_of)
        stale = None
        if locked.text is not None:
            have = project.locks.read() is not None
            error = locking.stale(locked) if have else no_lock()
            (stale,) = error.diagnostics
        return Priced(checked, told, estimates, stale)

    def project(self, checked: Checked) -> Project:
        """Return the project with its own paths, wherever the server was started."""
        place, root = checked.place, checked.place.root
        config, lock = root / place.config, root / place.lock
        paths = ProjectPaths(root, str(config), str(lock), root, root)
        facts = FileObservations()
        files = Tree(root, facts, hashed=self.hashes.of)
        return Project(
            paths,
            files,
            LockFile(lock, place.lock, root),
            LockFile(lock.with_suffix(".sum"), place.lock, root),
            WorkingTree(files),
            facts,
        )

    def _edges(self, project: Project, lock: Lock, checked: Checked) -> Edges:
        assert checked.loaded is not None
        cache = agreed(project, declared_in(checked.loaded.declaration))
        return Edges(
            files=project.files,
            locks=project.locks,
            tiers=self._tiers(project.place.root, cache),
            history=history_of(project, _unheard),
            images=Unasked,
            platform=lambda: common_platform(lock),
        )

    def _tiers(self, root: Path, cache: Cache) -> dict[Provenance, Tier]:
        if self.tiers:
            return tiers_of(root, cache, _unheard)
        return {"local": near_of(store_of(root, cache.local), cache, _unheard)}


def _unheard(_: Diagnostic) -> None:
    pass


def _estimate(told: Explanation, lock: Lock, unknown: tuple[str, ...]) -> Estimate:
    stages = {name: entry.seq for name, entry in lock.stages.items()}
    return Estimate(
        runs=told.runs,
        price=told.price,
        seqs=stages,
        stands_on={
            placed.id: [name for name in placed.on if name in stages]
            for placed in told.order
        },
        sources=told.sources,
        seconds=told.seconds,
        unknown=unknown,
    )
