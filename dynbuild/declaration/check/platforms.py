"""Checks of the platforms that an image is for."""

from collections.abc import Iterator

from dynbuild.declaration.loaded import Loaded
from dynbuild.errors import Diagnostic, Label


def check_platforms(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report platforms that are said twice, and a list of none."""
    declaration = loaded.declaration
    if "platforms" in declaration.model_fields_set and not declaration.platforms:
        yield Diagnostic(
            "DB0178",
            "'platforms' names no platform",
            loaded.span("platforms"),
            "name one, such as linux/amd64, or leave it out: then it is the engine's",
        )
    first: dict[str, int] = {}
    for at, platform in enumerate(declaration.platforms):
        before = first.setdefault(platform, at)
        if before != at:
            label = Label(loaded.span("platforms", before), "first named here")
            yield Diagnostic(
                "DB0178",
                f"{platform} is named twice",
                loaded.span("platforms", at),
                "remove one; linux/arm64/v8 is linux/arm64, and linux/arm is "
                "linux/arm/v7",
                (label,),
            )
