"""``graph``: a lock as people see it, with what is known of its steps."""

from collections.abc import Callable

from dynbuild.commands.diff import LookUp
from dynbuild.digest import Digest
from dynbuild.explain.picture import Picture, picture
from dynbuild.explain.view import common_platform, view
from dynbuild.lock.model import Lock
from dynbuild.lock.order import install_order
from dynbuild.ports import Files, NotThereError
from dynbuild.steps.model import Copy
from dynbuild.steps.recipe import copies_of


def seen(
    lock: Lock,
    files: Files,
    platform: str | None,
    look_up: LookUp,
) -> Picture:
    """The picture of a lock; live files that are not there are left open.

    Raises LockError for a lock that is not sound, DeclarationError for a platform that
    there is not.
    """
    chosen = platform or common_platform(lock)
    contents = _live(lock, files.content)
    digests = set(view(lock, chosen, contents=contents).digests.values())
    known = look_up(digests, chosen)
    return picture(lock, chosen, known, contents)


def _live(
    lock: Lock, content: Callable[[str, tuple[str, ...]], Digest]
) -> dict[Copy, Digest]:
    found = {}
    for placed in install_order(lock):
        for copy in copies_of(placed.step):
            if copy.live:
                try:
                    found[copy] = content(copy.path, copy.exclude)
                except NotThereError:
                    continue
    return found
