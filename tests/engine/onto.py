"""What tests of ``realize --onto`` share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.engine.progress import steps_run

if TYPE_CHECKING:
    from tests.engine.managers import Image


def onto(image: Image, base: str, *flags: str) -> tuple[set[str], dict[str, Any]]:
    """Realize on a base; return the stages that ran, and what is told of it."""
    words = ("realize", "--onto", base, "-t", image.tag, "--progress", "rawjson")
    done = image.space.ok(*words, "--metadata-file", "made.json", *flags)
    told = json.loads(image.space.read("made.json"))
    found: dict[str, Any] = told["dynbuild.onto"]
    return {*steps_run(done.err)}, found
