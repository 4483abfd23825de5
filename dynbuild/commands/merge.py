"""``lock --merge``: what git calls to merge two locks."""

from collections.abc import Collection
from dataclasses import dataclass

from dynbuild.errors import AnswerIsNoError, Diagnostic, LockError
from dynbuild.lock.codec import dumps, loads
from dynbuild.lock.merge import merge

TRUNKS = ("origin/HEAD", "main", "master")
"""Where the branch is that others go into, as far as git can tell by name."""


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
    start = loads(ancestor, "the common lock") if ancestor else None
    sides = [loads(ours, "our lock"), loads(theirs, "their lock")]
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
        raise AnswerIsNoError(Diagnostic("DB0418", message, hint=hint)) from None
    return MergedText(dumps(result.lock), result.both, "theirs" if swapped else "ours")
