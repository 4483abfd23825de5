"""The outputs of a realized image, as named by ``-t``, ``-o`` and ``--push``."""

from pathlib import Path

from dynbuild.building import Load, Nowhere, OciLayout, Output, Push
from dynbuild.errors import DeclarationError, Diagnostic

_PARTS = {"oci-layout", "index.json", "index.json.lock", "blobs", "ingest"}
"""The entries of an image layout (OCI image-spec, image-layout.md), including those of
a write in progress: an interrupt may have left some."""


def outputs(
    tags: tuple[str, ...], layouts: tuple[str, ...], push: Push | None
) -> tuple[Output, ...]:
    """Return the outputs that a command line asks for; nowhere if none.

    Raises DeclarationError for impossible ones, before anything is built for them.
    """
    result: list[Output] = []
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
        result.append(OciLayout(directory))
    if push is not None:
        if not tags:
            message = "--push needs a name for the image"
            hint = "it says which registry: -t HOST/NAME"
            raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
        result.append(push)
    elif tags:
        result.append(Load())
    return tuple(result) or (Nowhere(),)


def _taken(directory: Path) -> str | None:
    """Return the reason why a layout cannot be written to a directory.

    Unrelated files would end up among its blobs, and a project directory that stages
    copy would contain the image.
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
