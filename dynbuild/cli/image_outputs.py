"""Where a realized image goes: what ``-t``, ``-o`` and ``--push`` name."""

from pathlib import Path

from dynbuild.building import Load, Nowhere, OciLayout, Output, Push
from dynbuild.errors import DeclarationError, Diagnostic

_PARTS = {"oci-layout", "index.json", "index.json.lock", "blobs", "ingest"}
"""What an image layout holds (OCI image-spec, image-layout.md), and while it is written
to: an interrupt may have left a part of it."""


def outputs(
    tags: tuple[str, ...], layouts: tuple[str, ...], *, push: bool
) -> tuple[Output, ...]:
    """What a command line asks for; nowhere if nothing.

    Raises DeclarationError for what cannot be, before anything is built for it.
    """
    found: list[Output] = []
    for output in layouts:
        kind, _, directory = output.partition(":")
        if kind != "oci" or not directory:
            raise _refused(
                f"-o {output}: an output is oci:DIR",
                "-t NAME loads the image into Docker, --push pushes it",
            )
        if (why := _taken(Path(directory))) is not None:
            hint = "name a new or empty directory, or an image layout to add to"
            raise _refused(f"-o {output}: {directory} {why}", hint)
        found.append(OciLayout(directory))
    if push:
        if not tags:
            message = "--push needs a name for the image"
            hint = "it says which registry: -t HOST/NAME"
            raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
        found.append(Push())
    elif tags:
        found.append(Load())
    return tuple(found) or (Nowhere(),)


def _taken(directory: Path) -> str | None:
    """What keeps a layout from being written there.

    Files of others would lie among its blobs, and a directory of the project that
    stages copy would hold the image.
    """
    try:
        others = {path.name for path in directory.iterdir()} - _PARTS
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return "is not a directory"
    except OSError as error:
        return f"cannot be read: {(error.strerror or 'error').lower()}"
    return f"holds {min(others)!r}, which is of no image layout" if others else None


def _refused(message: str, hint: str) -> DeclarationError:
    return DeclarationError(Diagnostic("DB0318", message, hint=hint))
