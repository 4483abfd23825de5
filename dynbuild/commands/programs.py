"""Which programs bases lack: asked where no lock shows that they have them."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TypeAlias

from dynbuild.lockfile.images import AnyLock, as_images
from dynbuild.lockfile.model import Lock
from dynbuild.steps.managers.script import SHELL
from dynbuild.steps.model import Pin

Lacks: TypeAlias = Callable[[Pin, str], bool]
"""Whether a base is known to lack a program."""


def unasked(base: Pin, program: str) -> bool:
    """Know of nothing but what is empty that it lacks something."""
    del program
    return base.empty


def lacking(recipes: Iterable[AnyLock], asked: Lacks) -> Lacks:
    """Return what asks for the programs of an image that no lock has.

    Nobody is asked for what a lock has something run by: it was asked for then. Nor for
    an image whose history shows a shell, or one that only the engine has: there the
    first step that runs tells.
    """
    known = cache(lambda: frozenset(_runs(recipes)))

    def lacks(base: Pin, program: str) -> bool:
        if base.empty:
            return True
        if base.digest is None or base.shows_shell:
            return False
        return (base.digest, program) not in known() and asked(base, program)

    return lacks


def _runs(recipes: Iterable[AnyLock]) -> Iterator[tuple[str | None, str]]:
    """Yield the images that something runs on in a lock, with what runs it."""
    for recipe in recipes:
        several = as_images(recipe)
        for name in several.images:
            yield from _runs_of(several.whole(name))


def _runs_of(lock: Lock) -> Iterator[tuple[str | None, str]]:
    own = (lock.base.digest, lock.shell[0])
    ours = (lock.base.digest, SHELL[0])
    if lock.packages or lock.sources or lock.user:
        yield ours
    if lock.scripts or any(setup.commands for setup in lock.setups):
        yield own
    for entry in lock.stages.values():
        if entry.stage.base is not None and entry.stage.base not in lock.images:
            continue  # what two merged changes left; the update mends it
        ground = lock.on(entry.stage.own_base)
        if entry.stage.commands:
            shell = entry.stage.shell or ground.shell
            yield ground.base.digest, shell[0]
        if entry.packages or entry.sources:
            yield ground.base.digest, SHELL[0]
