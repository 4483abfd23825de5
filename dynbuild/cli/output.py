"""Output of results and diagnostics: data on stdout, all else on stderr."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from dynbuild.cli.progress import Color, use_color
from dynbuild.cli.progress_text import lines, printable
from dynbuild.errors import CommandFailed, Diagnostic, render
from dynbuild.project.writing import put
from dynbuild.quote import shell
from dynbuild.spans import Span

if TYPE_CHECKING:
    from dynbuild.lockfile.changes import Change, Verb

_STYLES = {"error": "\033[1;31m", "warning": "\033[1;33m", "hint": "\033[36m"}
_MARKS: "dict[Verb, str]" = {
    "added": "+",
    "changed": "~",
    "upgraded": "^",
    "moved": ">",
    "renamed": "=",
    "removed": "-",
    "repacked": "#",
}

_ADVISED = re.compile(
    r"`dynbuild (?:lock|realize|build|check|why|diff|graph|status|outdated)"
    r"(?=[ `])(?! --merge)"
)

_asked: ContextVar[str | None] = ContextVar("asked")
"""The declaration that the command line names, for this run."""


def note_asked(config: str) -> None:
    """Record the declaration that the command line names."""
    _asked.set(config)


def show(diagnostics: Iterable[Diagnostic], color: Color = "auto") -> None:
    """Write diagnostics to stderr, errors and warnings coloured on a terminal."""
    colored = use_color(sys.stderr, color, os.environ)
    for diagnostic in diagnostics:
        text = "\n".join(lines(asked_again(render(diagnostic))))
        sys.stderr.write((_colored(text) if colored else text) + "\n")


def shows(color: Color = "auto") -> Callable[[Diagnostic], None]:
    """Return what shows one diagnostic, for edges that warn."""
    return lambda diagnostic: show([diagnostic], color)


def diagnostic_data(diagnostic: Diagnostic) -> dict[str, object]:
    """Return a diagnostic for ``--json``; positions start at 1, ends are exclusive."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "hint": diagnostic.hint and asked_again(diagnostic.hint),
        "place": diagnostic.span and _place(diagnostic.span),
        "labels": [
            {"message": label.text, "place": _place(label.span)}
            for label in diagnostic.labels
        ],
    }


def _place(span: Span) -> dict[str, object]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


def tell(text: str) -> None:
    """Write human-readable lines to stderr."""
    sys.stderr.write("\n".join(lines(asked_again(text))) + "\n")


def asked_again(text: str) -> str:
    """Return the text with this run's ``-c`` added to the commands that it suggests."""
    named = _asked.get(None)
    if named is None:
        return text
    return _ADVISED.sub(lambda match: f"{match[0]} -c {shell(named)}", text)


def say(text: str) -> None:
    """Write human-readable lines to stdout."""
    sys.stdout.write("\n".join(lines(text)) + "\n")


def give(text: str) -> None:
    """Write machine-readable text to stdout; sanitise it for a terminal."""
    sys.stdout.write("\n".join(lines(text)) if sys.stdout.isatty() else text)


def data(value: object) -> None:
    """Write JSON to stdout, with terminal control characters escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    sys.stdout.write("".join(map(_escaped, text)) + "\n")


def _escaped(char: str) -> str:
    if char.isprintable() or char == "\n":
        return char
    # Others occur only in strings; beyond 16 bits, JSON needs a surrogate pair.
    return json.dumps(char)[1:-1]


def written(text: str, output: str | None) -> None:
    """Write text to a file, else to stdout. Raises CommandFailed."""
    if output is None:
        give(text)
        return
    try:
        put(Path(output), text)
    except OSError as error:
        reason = (error.strerror or "error").lower()
        message = f"cannot write {output}: {reason}"
        hint = "name a file, not a link, in a directory that can be written"
        raise CommandFailed(Diagnostic("DB0316", message, hint=hint)) from None
    tell(f"wrote {output}")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return aligned columns, separated by two spaces; safe to show."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in shown)


def changes_text(changes: "Sequence[Change]") -> str:
    """Return one line per change: mark, kind, name, old and new seq, and reason."""
    return table([change_row(change) for change in changes]) if changes else ""


def changes_data(changes: "Sequence[Change]") -> list[dict[str, object]]:
    """Return the changes for ``--json``."""
    return [_change_data(change) for change in changes]


def _change_data(change: "Change") -> dict[str, object]:
    found: dict[str, object] = {
        "change": change.verb,
        "kind": change.kind,
        "name": change.name,
        "seq_before": change.before,
        "seq_after": change.after,
        "details": list(change.details),
    }
    return found | {"image": change.image} if change.image else found


def change_row(change: "Change") -> tuple[str, str, str, str, str]:
    """Return a change as cells: mark, kind, name, old and new seq, and reason."""
    name = change.called.split("\n", 1)[0]
    before, after = change.before, change.after
    match before, after:
        case None, None:
            seq = ""
        case None, int():
            seq = f"seq {after}"
        case int(), None:
            seq = f"was seq {before}"
        case _ if before == after:
            seq = f"stays at {after}"
        case _:
            seq = f"seq {before} to {after}"
    verb = f"{change.verb}: " if change.verb not in ("added", "removed") else ""
    return (
        f" {_MARKS[change.verb]}",
        change.kind,
        name,
        seq,
        (verb + ", ".join(change.details)).rstrip(": ")
        if change.details
        else change.verb,
    )


def _colored(text: str) -> str:
    def style(match: re.Match[str]) -> str:
        return f"{_STYLES[match[1]]}{match[0]}\033[0m"

    text = re.sub(r"\b(error|warning)\[DB\d+\]", style, text)
    return re.sub(r"^  (hint):", style, text, flags=re.MULTILINE)
