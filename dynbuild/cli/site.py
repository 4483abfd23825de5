"""Where steps are realized: the local tier, BuildKit, and threads for jobs."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dynbuild.cli.project import Project
from dynbuild.commands.stepwise.steps import Site
from dynbuild.engine.buildx import Buildx
from dynbuild.engine.crew import crew
from dynbuild.engine.process import Running
from dynbuild.engine.workshop import Workshop
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.explain.past import Source
from dynbuild.ports import Event, Report, Tier
from dynbuild.tiers.local import Local
from dynbuild.tiers.machine import Machine


@contextmanager
def site(
    project: Project, declared: str | None, report: Report, tell: Callable[[str], None]
) -> Iterator[Site]:
    """The site of a project; ``declared`` is where it wants the local tier to be.

    ``tell`` hears of what is damaged there.
    """
    running = Running()
    tier = Local(store_of(project.place.root, declared), tell)
    machine = Machine(tier, running.pause)
    lock = threading.Lock()

    def one_at_a_time(event: Event) -> None:
        with lock:
            report(event)

    with machine.private() as folder, crew(running) as jobs:
        workshop = Workshop(Buildx(os.environ, running), tier, machine, folder)
        yield Site(tier, machine, workshop, jobs, one_at_a_time)


def tiers_of(
    root: Path, declared: str | None, tell: Callable[[str], None]
) -> dict[Source, Tier]:
    """The tiers of a project, near to far."""
    return {"local": Local(store_of(root, declared), tell)}


def store_of(root: Path, declared: str | None) -> Path:
    """The directory of the local tier; the environment wins over the declaration.

    Raises DeclarationError for one that buildx could not name.
    """
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    if given := os.environ.get("CACHE_LOCAL_PATH"):
        store = Path(given).expanduser().absolute()
    elif declared:
        store = root / Path(declared).expanduser()
    else:
        store = Path(home).expanduser() / "dynbuild"
    if set(":@") & set(str(store)):
        message = f"the store {store} has ':' or '@' in its path"
        hint = "buildx takes them for a part of an image's name: set CACHE_LOCAL_PATH"
        raise DeclarationError(Diagnostic("DB0612", message, hint=hint))
    return store
