"""Failures of an evaluation, as the evaluator passes them on; worded last.

``CODES`` is the table of the language's stable error codes that docs/language.md shows.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from dynbuild.errors import Label, Mend
from dynbuild.spans import Span
from dynbuild.values import dataclass

if TYPE_CHECKING:
    from dynbuild.lang.values import Code, Thunk

CODES = {
    "DB0201": "the source does not follow the grammar",
    "DB0202": "the source uses a part of Nix that dynbuild leaves out",
    "DB0203": "a name is not defined",
    "DB0204": "an attribute is defined twice",
    "DB0205": "a function has two arguments of one name",
    "DB0206": "the source is too large or too deeply nested",
    "DB0210": "a value is not of the kind that is needed",
    "DB0211": "a set has no such attribute",
    "DB0212": "a value needs itself (infinite recursion)",
    "DB0213": "calls or values are nested too deeply",
    "DB0214": "the evaluation makes more calls or larger values than its limits allow",
    "DB0215": "a function is called with a missing or an unexpected argument",
    "DB0216": "the declaration itself gives up (throw, abort)",
    "DB0217": "an assertion is false",
    "DB0218": "a number does not fit into 64 bits, or is divided by zero",
    "DB0219": "a built-in cannot work with the value of an argument",
    "DB0220": "a file cannot be read, or lies outside of the project",
    "DB0221": "a regular expression is wrong or too complex",
    "DB0222": "a value cannot be written in this form",
    "DB0223": "a file or text is not valid Nix, JSON or TOML",
}


MAX_MESSAGE = 2_000
"""Maximum characters of a message: a name or text in it can be of any length."""


def short(message: str) -> str:
    """Return a message, truncated if it is too long to read."""
    if len(message) > MAX_MESSAGE:
        return message[:MAX_MESSAGE] + " …"
    return message


@dataclass(frozen=True, slots=True)
class TraceFrame:
    """The activity at a source location when an evaluation failed."""

    text: str
    span: Span | None


TraceStep: TypeAlias = "TraceFrame | Code"
"""A frame, or the code of the value being evaluated: a key of its machine's labels."""


class Failure(Exception):  # noqa: N818  # control flow, not an error of dynbuild
    """A failed evaluation.

    ``steps`` grows from the inside out as the failure propagates. ``knot`` is the
    value that depends on itself, ``tied`` the number of steps from it back to itself.
    """

    def __init__(  # noqa: PLR0913  # all parts of a diagnostic, by keyword
        self,
        code: str,
        message: str,
        *,
        span: Span | None = None,
        hint: str | None = None,
        labels: Sequence[Label] = (),
        culprit: object = None,
        mends: Sequence[Mend] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.span = span
        self.hint = hint
        self.labels = tuple(labels)
        self.mends = tuple(mends)
        self.culprit = culprit
        """The mismatching operand, so that it alone can be shown."""
        self.steps: list[TraceStep] = []
        self.argument: tuple[str, int] | None = None
        """The mismatching argument: the built-in's name, and the index from 0."""
        self.knot: Thunk | None = None
        self.tied = 0

    def again(self, steps: int) -> "Failure":
        """Return a copy of the failure as it was after this many steps."""
        twin = type(self)(
            self.code,
            self.message,
            span=self.span,
            hint=self.hint,
            labels=self.labels,
            mends=self.mends,
        )
        twin.argument = self.argument
        twin.steps = self.steps[:steps]
        twin.knot, twin.tied = self.knot, self.tied
        return twin


class Catchable(Failure):
    """A failure that ``builtins.tryEval`` catches: ``throw`` and ``assert``."""
