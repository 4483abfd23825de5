"""The environment of a command: a project, the tiers that count, and who listens."""

from collections.abc import Callable
from dataclasses import field

from dynbuild.building import BuildEvent
from dynbuild.digest import sha256, short
from dynbuild.environment.project import Project
from dynbuild.errors import Diagnostic
from dynbuild.tiers.declared import Cache
from dynbuild.values import dataclass


def _ignore(_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Environment:
    """Where to work, and whom to tell.

    ``cache`` has the tiers of the declaration that count in this run; ``trusted`` says
    that the user agreed to them: what a run builds without consent is kept apart.
    ``report`` receives the events of builds, from any thread, one at a time; ``tell``
    receives warnings that are no part of a result.
    """

    project: Project
    cache: Cache = field(default_factory=Cache)
    trusted: bool = False
    report: Callable[[BuildEvent], None] = _ignore
    tell: Callable[[Diagnostic], None] = _ignore

    @property
    def owner(self) -> str:
        """What tells the cache mounts of this project from those of others.

        Two checkouts differ in their files' timestamps, which tools compare with those
        of files in cache mounts: each has mounts of its own.
        """
        agreed = "agreed" if self.trusted else "not agreed"
        text = f"{self.project.place.root}\0{agreed}"
        return short(sha256(text.encode("utf-8", "surrogateescape")))
