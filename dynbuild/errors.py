"""What can go wrong, as values: diagnostics with a place, and one exception per exit.

Exceptions carry objects; the sentence is made last, by ``render``. Everything that is
not one of these classes is a bug of dynbuild and stays a traceback.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import ClassVar, Literal

from dynbuild.spans import Span, excerpt
from dynbuild.values import dataclass

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@\"]+@")
_QUERY = re.compile(r"(https?://[^\s?\"]+)\?[^\s\"]+")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_MOST = 300
"""Maximum characters of foreign words that are shown."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that a diagnostic speaks of, and what is there."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A text to write in place of a span; at an empty span it is inserted."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Mend:
    """A way to do what a hint says: its name, and edits that are made together."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong: what, where, and what to do next where that is sure.

    ``code`` is stable (``DB0101``) and listed in docs/errors.md. ``mends`` are for
    editors; where they are empty, only a person can do what the hint says.
    """

    code: str
    message: str
    span: Span | None = None
    hint: str | None = None
    labels: tuple[Label, ...] = ()
    severity: Severity = "error"
    mends: tuple[Mend, ...] = ()


def render(diagnostic: Diagnostic) -> str:
    """The diagnostic as people read it, without colour, no newline at the end."""
    place = f"{diagnostic.span.place}: " if diagnostic.span else ""
    lines = [f"{place}{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"]
    if diagnostic.span:
        lines += excerpt(diagnostic.span)
    for label in diagnostic.labels:
        lines.append(f"{label.span.place}: {label.text}")
        lines += excerpt(label.span)
    if diagnostic.hint:
        first, *rest = diagnostic.hint.split("\n")
        lines.append(f"  hint: {first}")
        lines += [f"        {line}".rstrip() for line in rest]
    return "\n".join(lines)


def inert(text: str, margin: str = "    ") -> str:
    """Return foreign text of several lines so that none can pass for one of ours.

    All but the first get a margin; control characters are written out.
    """
    first, *rest = _UNSEEN.sub(_written_out, text).split("\n")
    return "\n".join([first, *(f"{margin}{line}" for line in rest)])


def _written_out(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]):02x}"


def did_you_mean(name: str, known: Sequence[str]) -> str | None:
    """``did you mean 'x'?`` for the nearest known names, or None when none is near."""
    near = nearest(name, known)
    if not near:
        return None
    return f"did you mean {' or '.join(repr(match) for match in near)}?"


def nearest(name: str, known: Sequence[str]) -> list[str]:
    """Return the known names that may be meant, at most three, the nearest first."""
    return get_close_matches(name, known, n=3, cutoff=0.6)


def respellings(span: Span, name: str, others: Sequence[str]) -> tuple[Mend, ...]:
    """Return a mend for each other name that may stand in place of one, in its quotes.

    There is none where the place is not written plainly.
    """
    written = span.source.text[span.start : span.end]
    for quote in ("", '"', "'"):
        if written == f"{quote}{name}{quote}":
            return tuple(
                Mend(f"change to {other!r}", (Edit(span, f"{quote}{other}{quote}"),))
                for other in others
            )
    return ()


def redact_urls(text: str) -> str:
    """The text without the user names, passwords and signatures that URLs may hold."""
    return _QUERY.sub(r"\1", _CREDENTIALS.sub("", text))


def clean(text: str) -> str:
    """Return foreign text on one line, short, without the credentials in URLs."""
    line = " ".join(redact_urls(_CONTROL.sub(" ", text)).split())
    return line if len(line) <= _MOST else f"{line[: _MOST - 3]}..."


class DynbuildError(Exception):
    """What ends a command: one or more diagnostics and the exit status they mean."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("\n".join(map(render, diagnostics)))
        self.diagnostics = diagnostics


class CommandFailed(DynbuildError):  # noqa: N818 - it is an answer
    """The command did its work and the answer is no: build failed, lock stale."""

    exit_code = 1


class DeclarationError(DynbuildError):
    """The user's declaration or command line is wrong."""

    exit_code = 2


class LockError(DynbuildError):
    """The lock has merge conflicts, contradicts itself, or is newer than dynbuild."""

    exit_code = 3


class UnreachableError(DynbuildError):
    """The engine or a required tier does not answer; trying again may help."""

    exit_code = 4
