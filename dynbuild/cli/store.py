"""The tiers of a project, and step metrics, for commands that explain."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from dynbuild.cli.arguments import arguments_of
from dynbuild.cli.consent import accepted
from dynbuild.cli.output import shows
from dynbuild.cli.project import load_declaration
from dynbuild.commands.lock import recorded
from dynbuild.commands.step_metrics import step_metrics
from dynbuild.digest import StepDigest
from dynbuild.environment.history import history_of
from dynbuild.environment.project import Project
from dynbuild.environment.wiring import tiers_of
from dynbuild.errors import DynbuildError
from dynbuild.explain.metrics import LookUp, StepMetrics
from dynbuild.explain.past import Provenance
from dynbuild.ports import Tier
from dynbuild.tiers.declared import Cache, declared_in


def cache_in(project: Project | None) -> Cache:
    """Return the caches that count for a project, or else those of the environment.

    A declaration that cannot be read declares none.
    """
    declared = Cache()
    if project is not None:
        with suppress(DynbuildError):
            loaded = load_declaration(
                project, arguments_of((), ()), recorded(project.locks)
            )
            declared = declared_in(loaded.declaration)
    return accepted(project, declared).cache if project else declared


def tiers_in(project: Project | None) -> dict[Provenance, Tier]:
    """Return the tiers of a project, near to far, or else those of the environment."""
    return opened(project, cache_in(project))


def opened(project: Project | None, cache: Cache) -> dict[Provenance, Tier]:
    """Return the tiers that caches name, near to far."""
    root = project.place.root if project else Path.cwd()
    return tiers_of(root, cache, shows())


def looked_up(project: Project | None, tiers: Mapping[Provenance, Tier]) -> LookUp:
    """Return a look-up of metrics in tiers and in the history of a project."""

    def look_up(digests: set[StepDigest], platform: str) -> StepMetrics:
        seconds = history_of(project, shows()).seconds(platform) if project else {}
        return step_metrics(digests, tiers, seconds)

    return look_up
