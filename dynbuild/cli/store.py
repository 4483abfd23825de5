"""The tiers of a project, and step metrics, for commands that explain."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from dynbuild.cli.consent import accepted
from dynbuild.cli.output import shows
from dynbuild.cli.project import known_tiers, load_declaration
from dynbuild.commands.lock import recorded
from dynbuild.commands.step_metrics import step_metrics
from dynbuild.digest import StepDigest
from dynbuild.environment.history import history_of
from dynbuild.environment.project import Project, Recorded
from dynbuild.environment.wiring import tiers_of
from dynbuild.errors import DynbuildError
from dynbuild.explain.metrics import LookUp, StepMetrics
from dynbuild.explain.past import Provenance
from dynbuild.ports import Tier
from dynbuild.tiers.declared import Cache, cache_of, declared_in


def cache_in(project: Project | None) -> Cache:
    """Return the caches that count for a project, or else those of the environment.

    A declaration that cannot be read declares none.
    """
    if project is None:
        return Cache()
    declared = Cache()
    with suppress(DynbuildError):
        declared = _declared(project, recorded(project.locks))
    return accepted(project, declared).cache


def _declared(project: Project, given: Recorded) -> Cache:
    """Return the caches that a declaration names: all of it is read for them."""
    if (known := known_tiers(project, given)) is not None:
        return cache_of(known)
    return declared_in(load_declaration(project, {}, given).declaration)


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
