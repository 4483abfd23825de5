"""The inputs that a lock leaves open: files that stages copy, images without a pin."""

from collections.abc import Callable, Collection
from contextlib import suppress

from dynbuild.digest import Digest
from dynbuild.errors import CommandFailed, Diagnostic
from dynbuild.explain.view import live_inputs
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed
from dynbuild.ports import Images, NotThereError
from dynbuild.steps.model import Copy
from dynbuild.steps.recipe import content_of, inputs_of

ReadContent = Callable[[str, tuple[str, ...]], Digest]
"""Reads or gathers a path except for some patterns, and returns its digest."""


def contents(steps: Collection[Placed], read: ReadContent) -> dict[Copy, Digest]:
    """Return the digests of the live copies of some steps.

    Raises CommandFailed where a file is missing, or is tracked and differs from the
    lock.
    """
    found: dict[Copy, Digest] = {}
    problems = []
    for placed in steps:
        for copy in inputs_of(placed.step):
            if not copy.of_project:
                continue
            try:
                content = content_of(copy, read)
            except NotThereError as error:
                problems.append(_missing(placed, copy, error))
                continue
            if copy.live:
                found[copy] = content
            elif content != copy.digest:
                problems.append(
                    Diagnostic(
                        "DB0413",
                        f"{copy.path} is not the file that the lock says",
                        hint="run `dynbuild lock`, review and commit its change",
                    )
                )
    if problems:
        raise CommandFailed(*problems)
    return found


def live(steps: Collection[Placed], read: ReadContent) -> dict[Copy, Digest]:
    """Return the digests of live copies, without checking tracked files.

    Raises CommandFailed where a path is missing.
    """
    found: dict[Copy, Digest] = {}
    for placed in steps:
        for copy in live_inputs(placed):
            try:
                found[copy] = read(copy.path, copy.exclude)
            except NotThereError as error:
                raise CommandFailed(_missing(placed, copy, error)) from None
    return found


def existing_live_digests(
    steps: Collection[Placed], read: ReadContent
) -> dict[Copy, Digest]:
    """Return the digests of the live copies whose path exists."""
    found: dict[Copy, Digest] = {}
    for placed in steps:
        for copy in live_inputs(placed):
            with suppress(NotThereError):
                found[copy] = read(copy.path, copy.exclude)
    return found


def local_digests(lock: Lock, images: Images) -> dict[str, Digest]:
    """Return the engine's own digests of the images that the lock does not pin."""
    return {
        pin.image: images.local_digest(pin.image)
        for pin in (lock.base, *lock.images.values())
        if pin.unpinned
    }


def unpinned_digests(lock: Lock, images: Callable[[], Images]) -> dict[str, Digest]:
    """Return the local digests of unpinned images; ask the engine only for those."""
    pins = (lock.base, *lock.images.values())
    if all(pin.digest is not None for pin in pins):
        return {}
    return local_digests(lock, images())


def _missing(placed: Placed, copy: Copy, error: NotThereError) -> Diagnostic:
    message = f"{placed.id} cannot copy {copy.path!r}: {error}"
    return Diagnostic(error.code, message, hint=error.hint)
