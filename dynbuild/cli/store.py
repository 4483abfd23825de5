"""What the local tier and this machine know of steps, for commands that explain."""

import os
from contextlib import suppress
from pathlib import Path

from dynbuild.cli.output import tell
from dynbuild.cli.past import history_of
from dynbuild.cli.project import Project, given, load_declaration
from dynbuild.cli.site import store_of
from dynbuild.commands.diff import LookUp
from dynbuild.commands.known import known_of
from dynbuild.commands.lock import recorded
from dynbuild.digest import Digest
from dynbuild.errors import DynbuildError
from dynbuild.explain.known import NOTHING_KNOWN, Known
from dynbuild.tiers.local import Local


def looked_up(project: Project | None) -> LookUp:
    """A look into the tiers of a project; without one, of the environment."""

    def look_up(digests: set[Digest], platform: str) -> Known:
        root = _store(project)
        if not root.is_dir():
            return NOTHING_KNOWN
        tier = Local(root, tell)
        seconds = history_of(project).seconds(platform) if project else {}
        return known_of(digests, platform, [("local", tier)], seconds)

    return look_up


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
