"""``lock --merge``: git's merge driver for locks."""

from collections.abc import Collection
from dataclasses import replace

from dynbuild.errors import CommandFailed, Diagnostic, LockError
from dynbuild.lockfile.codec import dumps, read
from dynbuild.lockfile.images import AnyLock
from dynbuild.lockfile.images_merge import merge_recipes
from dynbuild.values import dataclass

TRUNKS = ("origin/HEAD", "main", "master")
"""The names under which git may know the branch that others are merged into."""


_NEWER = "DB0406"
"""A lock of a newer version: the remedy is the same wherever it comes from."""


@dataclass(frozen=True, slots=True)
class MergedText:
    """The merged lock as text, and what both sides changed: one side's change is kept.

    ``kept`` names the side whose order stays in front: "ours" or "theirs".
    """

    text: str
    both: tuple[str, ...]
    kept: str


def merged(
    ancestor: str, ours: str, theirs: str, trunks: Collection[str]
) -> MergedText:
    """Merge three texts as git passes them; the ancestor's may be empty.

    The trunk's side stays in front: others have its layers already. That is ours,
    unless ``trunks``, the locks of the trunk by its possible names, contains theirs.
    Raises LockError for a side that is not a lock, CommandFailed if the sides do not
    fit together.
    """
    swapped = theirs in trunks and ours not in trunks
    start = _side(ancestor, "the common lock") if ancestor else None
    sides = [_side(ours, "our lock"), _side(theirs, "their lock")]
    main, branch = reversed(sides) if swapped else sides
    try:
        result = merge_recipes(start, main, branch)
    except LockError as error:
        problems = "; ".join(problem.message for problem in error.diagnostics)
        hint = (
            "the lock is ours as it was: merge the declaration, then `dynbuild lock`,\n"
            "and commit its file"
        )
        message = f"the two locks do not fit together: {problems}"
        raise CommandFailed(Diagnostic("DB0418", message, hint=hint)) from None
    return MergedText(
        dumps(result.recipe), result.both, "theirs" if swapped else "ours"
    )


def _side(text: str, name: str) -> AnyLock:
    try:
        return read(text, name)
    except LockError as error:
        raise LockError(
            *(_of_side(problem, name) for problem in error.diagnostics)
        ) from None


def _of_side(problem: Diagnostic, name: str) -> Diagnostic:
    """Adapt an error to a side: git has no file of that name to restore."""
    if problem.code == _NEWER:
        return problem
    message = problem.message
    hint = (
        "the lock is ours as it was; take the side that is whole (`git checkout "
        "--ours` or `--theirs`\nwith the path of the lock), merge the declaration, "
        "then `dynbuild lock`"
    )
    named = message if message.startswith(name) else f"{name}: {message}"
    return replace(problem, message=named, hint=hint)
