"""What was built, as the JSON that ``--metadata-file`` asks for."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from dynbuild.building import Built
from dynbuild.errors import CommandFailed, Diagnostic
from dynbuild.lockfile.images import ONLY
from dynbuild.project.writing import is_refused, put


def check_writable(path: str) -> None:
    """Refuse a file that could not be written, before anything is built."""
    place = Path(path)
    target = place if place.exists() else place.parent
    if place.is_dir() or is_refused(place) or not os.access(target, os.W_OK):
        message = f"cannot write {path}"
        hint = "name a file, not a link, in a directory that can be written"
        raise CommandFailed(Diagnostic("DB0316", message, hint=hint))


def write_metadata(path: str, made: Mapping[str, Built]) -> None:
    """Write what is known of images, by name. Raises CommandFailed."""
    found: Mapping[str, object] = {n: _metadata(one) for n, one in made.items()}
    text = json.dumps(found.get(ONLY, found), indent=2)
    try:
        put(Path(path), text + "\n")
    except OSError as error:
        raise CommandFailed(
            Diagnostic(
                "DB0316", f"cannot write {path}: {(error.strerror or '').lower()}"
            )
        ) from None


def _metadata(built: Built) -> Mapping[str, object]:
    steps = [
        {"step": step.step, "seconds": step.seconds, "ran": step.ran}
        | ({"platform": step.platform} if step.platform else {})
        | ({"builder": step.builder} if step.builder else {})
        for step in built.steps
    ]
    return {**built.metadata, "dynbuild.steps": steps}
