"""What is told of package groups whose versions are not written down."""

from dynbuild.errors import Diagnostic
from dynbuild.lockfile.images import LockedImages
from dynbuild.lockfile.unresolved import (
    HINT,
    UNRESOLVED,
    due,
    named,
    told_of,
    unresolved_of,
)


def unresolved(several: LockedImages) -> list[Diagnostic]:
    """Warn of groups that should have versions and have none, image by image."""
    told = []
    for name in several.parents_first:
        lock = several.whole(name)
        of = f" of image {name!r}" if name else ""
        for platform in told_of(lock):
            if found := due(lock, platform):
                older = len(unresolved_of(lock, platform)) - len(found)
                more = f"; nor have {older} that came before" if older else ""
                message = f"no versions are written down{of}: {named(found)}{more}"
                told.append(
                    Diagnostic(UNRESOLVED, message, hint=HINT, severity="warning")
                )
    return told
