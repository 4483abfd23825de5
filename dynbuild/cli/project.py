"""What command lines add to a project: arguments, and answers that are kept."""

import os
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from dynbuild.cli.output import tell
from dynbuild.environment import project as projects
from dynbuild.environment.project import Given, Project, Recorded
from dynbuild.project.cache import replay
from dynbuild.project.cache.store import directory_of, recall, remember
from dynbuild.values import dataclass

if TYPE_CHECKING:
    from dynbuild.declaration.loaded import Loaded


@dataclass(frozen=True, slots=True)
class Fresh:
    """The fact that a lock is up to date, with its declared tiers in JSON.

    ``quiet`` if an update has nothing to say of it, neither a warning.
    """

    cache: str
    quiet: bool = False


def load_declaration(
    project: Project, arguments: Given, recorded: Recorded
) -> "Loaded":
    """Read and check the declaration. Raises DeclarationError."""
    loaded = projects.load_declaration(project, arguments, recorded, tell)
    if not arguments and project.facts.complete:
        facts = project.facts.listed()
        cache = loaded.declaration.cache.model_dump_json()
        remember(directory_of(os.environ), _tiers(project, recorded), facts, (cache,))
    return loaded


def keep(project: Project, out: str, err: str) -> None:
    """Store the output of this command, which had exit status 0."""
    replay.keep(sys.argv[1:], os.environ, project.facts, out, err)


def known_fresh(project: Project, arguments: object) -> Fresh | None:
    """Return the note that the lock is up to date, if nothing changed since."""
    match recall(directory_of(os.environ), _fit(project, arguments)):
        case (_, (str() as cache, bool() as quiet)):
            return Fresh(cache, quiet)
        case _:
            return None


def note_fresh(project: Project, arguments: object, fresh: Fresh) -> None:
    """Record that the lock is up to date with the declaration for arguments."""
    facts = project.facts
    if facts.complete:
        question = _fit(project, arguments)
        noted = (fresh.cache, fresh.quiet)
        remember(directory_of(os.environ), question, facts.listed(), noted)


def note_written(
    project: Project, arguments: object, fresh: Fresh, text: str | None
) -> None:
    """Record that the lock is up to date with the declaration it was made of.

    ``text`` is what was written, if it was: not what another process wrote since.
    """
    at = ("content", str(Path.cwd() / project.place.lock))
    if at not in project.facts.observations:
        return
    if text is not None:
        project.facts.take([(*at, sha256(text.encode()).hexdigest())])
    note_fresh(project, arguments, fresh)


def known_tiers(project: Project, recorded: Recorded) -> str | None:
    """Return the tiers that the declaration names, in JSON, if nothing changed since.

    It is called with the arguments that its lock has ``recorded``.
    """
    match recall(directory_of(os.environ), _tiers(project, recorded)):
        case (_, (str() as cache,)):
            return cache
        case _:
            return None


def _tiers(project: Project, recorded: Recorded) -> object:
    arguments = sorted(recorded.items())
    return ("tiers", str(Path.cwd()), str(project.place.config), arguments)


def _fit(project: Project, arguments: object) -> object:
    return ("fresh tiers", str(Path.cwd()), str(project.place.config), arguments)
