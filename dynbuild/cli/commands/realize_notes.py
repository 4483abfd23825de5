"""What ``--label`` and ``--annotation`` say of an image, which no lock knows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import field

from dynbuild.building import Load, Output, holds_annotations
from dynbuild.cli.commands.realize_settings import BuildSettings
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.values import dataclass

_BUILDX_PLACE = re.compile(r"^(?:manifest|index)(?:-descriptor)?[^=.]*:")
"""What buildx takes before a name, to say where an annotation is to stand."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Labels and annotations, by name."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


NO_NOTES = Notes()


def notes_of(settings: BuildSettings) -> Notes:
    """Return what the command line says of the image. Raises DeclarationError."""
    annotations = _pairs("--annotation", settings.annotations)
    for name in annotations:
        if place := _BUILDX_PLACE.match(name):
            message = f"--annotation takes NAME=TEXT, found {name!r:.60}"
            hint = (
                f"leave {place[0]!r} out: an annotation stands on the manifest, and on "
                "the index where there is one"
            )
            raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    return Notes(_pairs("--label", settings.labels), annotations)


def unheld(settings: BuildSettings, outputs: Sequence[Output]) -> Diagnostic | None:
    """Return a warning if annotations are asked for that no output can hold."""
    if not settings.annotations or any(map(holds_annotations, outputs)):
        return None
    what = "an image that Docker loads" if Load() in outputs else "what has no name"
    message = f"{what} keeps no annotations"
    hint = "--push and -o oci:DIR keep them; a label (--label) is in the image itself"
    return Diagnostic("DB0513", message, hint=hint, severity="warning")


def _pairs(flag: str, given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or not name.strip() or not text.isprintable():
            message = f"{flag} takes NAME=TEXT on one line, found {text!r:.60}"
            raise DeclarationError(Diagnostic("DB0317", message))
        pairs[name] = value
    return pairs
