"""From text to tree; errors in the text become diagnostics."""

from collections.abc import Callable
from typing import TypeAlias

from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lang.driver import KnownPieces, Piece, Stopped, driver
from dynbuild.lang.scanner import scan
from dynbuild.lang.stack import deep_stack
from dynbuild.lang.syntax import Expression
from dynbuild.lang.syntax_errors import syntax_errors
from dynbuild.spans import Source, Span

Parse: TypeAlias = Callable[[Source], Expression]
"""What parses a source: ``parse``, or what knows a text that is like it."""

MAX_SIZE = 2_000_000
"""Maximum characters of a source."""
MAX_DEPTH = 10_000
"""Maximum nesting of operators, as in 1 ++ 2 ++ 3."""


def parse(
    source: Source,
    known: KnownPieces | None = None,
    pieces: dict[int, Piece] | None = None,
) -> Expression:
    """Return the syntax tree of a source; of pieces, see ``Driver.parse``."""
    text = source.text
    if len(text) > MAX_SIZE:
        raise DeclarationError(
            Diagnostic(
                "DB0206",
                f"{source.name} has more than {MAX_SIZE:,} characters",
                hint="split it into files, and import them",
            )
        )
    if "\0" in text:
        _refuse_null(source)
    try:
        with deep_stack(MAX_DEPTH):
            return _parsed(source, known, pieces)
    except RecursionError:
        diagnostic = Diagnostic("DB0206", f"{source.name} is nested too deeply")
        raise DeclarationError(diagnostic) from None


def _parsed(
    source: Source, known: KnownPieces | None, pieces: dict[int, Piece] | None
) -> Expression:
    try:
        return driver().parse(source.text, known, pieces)  # type: ignore[no-any-return]
    except Stopped as stopped:
        raise DeclarationError(*syntax_errors(source, stopped)) from None


def _refuse_null(source: Source) -> None:
    """Refuse a null byte outside comments, as Nix does."""
    for piece in scan(source.text):
        if "\0" in piece.text and piece.kind != "comment":
            position = piece.start + piece.text.index("\0")
            raise DeclarationError(
                Diagnostic(
                    "DB0201",
                    "a null byte cannot be part of a source",
                    Span(source, position, position + 1),
                )
            )
