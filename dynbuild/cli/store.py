"""What the local tier and this machine know of steps, for commands that explain."""

import os
from contextlib import suppress
from pathlib import Path

from dynbuild.cli.output import tell
from dynbuild.cli.project import Project, given, load_declaration
from dynbuild.cli.site import store_of
from dynbuild.commands.diff import LookUp
from dynbuild.commands.known import known_of
from dynbuild.commands.lock import recorded
from dynbuild.commands.stepwise.told import seconds_of
from dynbuild.digest import Digest
from dynbuild.errors import DynbuildError
from dynbuild.explain.known import NOTHING_KNOWN, Known
from dynbuild.tiers.local import Local
from dynbuild.tiers.machine import Machine


def looked_up(project: Project | None) -> LookUp:
    """A look into the tiers of a project; without one, of the environment."""

    def look_up(digests: set[Digest], platform: str) -> Known:
        root = _store(project)
        if not root.is_dir():
            return NOTHING_KNOWN
        tier = Local(root, tell)
        seconds = seconds_of(Machine(tier, _never))
        return known_of(digests, platform, [("local", tier)], seconds)

    return look_up


def _never(seconds: float) -> None:
    raise AssertionError(f"nothing is waited for, {seconds} s")


def _store(project: Project | None) -> Path:
    """Where the local tier is; a declaration that cannot be read says nothing of it."""
    declared = None
    if project is None:
        return store_of(Path.cwd(), None)
    if "CACHE_LOCAL_PATH" not in os.environ:
        with suppress(DynbuildError):
            loaded = load_declaration(project, given((), ()), recorded(project.locks))
            declared = loaded.declaration.cache.local
    return store_of(project.place.root, declared)
