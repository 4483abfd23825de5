"""Pins that have newer images: registries are asked where the user agreed to it."""

from dynbuild.cli.server.checking import Checked
from dynbuild.cli.server.prices import Pricing
from dynbuild.commands.outdated import outdated_images
from dynbuild.environment.project import images
from dynbuild.errors import Diagnostic, DynbuildError
from dynbuild.lockfile.codec import read
from dynbuild.lockfile.images import as_images

AGAIN = 3600.0
"""Seconds after which registries are asked again, where nobody asks for it."""


def newer_images(checked: Checked) -> tuple[Diagnostic, ...]:
    """Return a note for each image that is newer than the lock pins it.

    What a registry does not tell is left out: ``dynbuild outdated`` says why.
    """
    text = Pricing().project(checked).locks.read()
    if text is None:
        return ()
    try:
        several = as_images(read(text))
        found = [
            one
            for name in several.parents_first
            for one in outdated_images(several.whole(name), images())
        ]
    except (DynbuildError, OSError):
        return ()
    names = dict.fromkeys(one.name for one in found if one.state == "outdated")
    return tuple(
        Diagnostic(
            "DB0302",
            f"{name} has a newer image than the lock pins",
            hint="`dynbuild lock --upgrade-base` pins it",
            severity="warning",
        )
        for name in names
    )
