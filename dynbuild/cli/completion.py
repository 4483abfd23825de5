"""What a shell is told to complete: the stages of the lock."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress

import click

from dynbuild.declaration.grammar import STAGE_NAME
from dynbuild.environment.project import open_project
from dynbuild.errors import DynbuildError


def stages(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Return the stages of the lock that begin so; nothing where none can be read.

    Only names are read: a shell asks at each key, and takes the answer as it is.
    """
    del parameter
    found: object = {}
    with suppress(DynbuildError, OSError, ValueError):
        project = open_project(context.params.get("config"), lock_alone=True)
        found = tomllib.loads(project.locks.read() or "")
    return [name for name in _names(found) if name.startswith(incomplete)]


def _names(lock: object) -> Iterator[str]:
    """Yield the stages of a lock; of several images with the name of theirs."""
    match lock:
        case {"stages": dict(stages)}:
            yield from (name for name in stages if re.fullmatch(STAGE_NAME, name))
        case {"images": dict(images)}:
            for image, part in images.items():
                if re.fullmatch(STAGE_NAME, image):
                    yield from (f"{image}/{stage}" for stage in _names(part))
        case _:
            pass
