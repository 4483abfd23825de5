"""``graph``: the picture of a lock, with the known metrics of its steps."""

from dynbuild.explain.metrics import LookUp
from dynbuild.explain.picture import Picture, picture
from dynbuild.explain.view import common_platform
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import install_order
from dynbuild.ports import Files
from dynbuild.realization.contents import existing_live_digests


def picture_of(
    lock: Lock,
    files: Files,
    platform: str | None,
    look_up: LookUp,
) -> Picture:
    """Return the picture of a lock; leave missing live files open.

    Raises LockError for an invalid lock, DeclarationError for a platform that does not
    exist.
    """
    chosen = platform or common_platform(lock)
    contents = existing_live_digests(install_order(lock), files.content)
    return picture(lock, chosen, look_up, contents)
