"""``lock --merge``: what git calls to merge two locks."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from dynbuild.errors import CommandFailed, Diagnostic, LockError
from dynbuild.lock.codec import dumps, loads
from dynbuild.lock.merge import merge
from dynbuild.lock.model import Lock

TRUNKS = ("origin/HEAD", "main", "master")
"""Where the branch is that others go into, as far as git can tell by name."""


_NEWER = "DB0406"
"""A lock of a newer version: what helps is the same wherever it comes from."""


@dataclass(frozen=True, slots=True)
class MergedText:
    """The lock of both sides as text, and what both changed: there one side's stayed.

    ``kept`` names the side whose order stays in front: "ours" or "theirs".
    """

    text: str
    both: tuple[str, ...]
    kept: str


def merged(
    ancestor: str, ours: str, theirs: str, trunks: Collection[str]
) -> MergedText:
    """Merge three texts as git gives them; that of the ancestor may be empty.

    The side that the trunk has stays in front: others have its layers already. That is
    ours, unless ``trunks``, the locks of the trunk by its possible names, have theirs.
    Raises LockError for a side that is no lock, AnswerIsNoError where the sides do not
    fit together.
    """
    swapped = theirs in trunks and ours not in trunks
    start = _side(ancestor, "the common lock") if ancestor else None
    sides = [_side(ours, "our lock"), _side(theirs, "their lock")]
    main, branch = reversed(sides) if swapped else sides
    try:
        result = merge(start, main, branch)
    except LockError as error:
        told = "; ".join(problem.message for problem in error.diagnostics)
        hint = (
            "the lock is ours as it was: merge the declaration, then `dynbuild lock`,\n"
            "and commit its file"
        )
        message = f"the two locks do not fit together: {told}"
        raise CommandFailed(Diagnostic("DB0418", message, hint=hint)) from None
    return MergedText(dumps(result.lock), result.both, "theirs" if swapped else "ours")


def _side(text: str, name: str) -> Lock:
    try:
        return loads(text, name)
    except LockError as error:
        raise LockError(*(_of_side(one, name) for one in error.diagnostics)) from None


def _of_side(told: Diagnostic, name: str) -> Diagnostic:
    """What is wrong with a side: no file of its name can be restored from git."""
    if told.code == _NEWER:
        return told
    message = told.message
    hint = (
        "the lock is ours as it was; take the side that is whole (`git checkout "
        "--ours` or `--theirs`\nwith the path of the lock), merge the declaration, "
        "then `dynbuild lock`"
    )
    named = message if message.startswith(name) else f"{name}: {message}"
    return replace(told, message=named, hint=hint)
