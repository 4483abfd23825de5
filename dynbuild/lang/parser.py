"""From text to tree; what is wrong with the text becomes diagnostics."""

from lark.exceptions import UnexpectedInput

from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lang.grammar import parser
from dynbuild.lang.syntax import Expression
from dynbuild.spans import Source, Span

MAX_SIZE = 2_000_000
"""Characters of a source."""


def parse(source: Source) -> Expression:
    """The syntax tree of a source."""
    if len(source.text) > MAX_SIZE:
        raise DeclarationError(
            Diagnostic(
                "DB0206",
                f"{source.name} has more than {MAX_SIZE:,} characters",
                hint="split it into files, and import them",
            )
        )
    text = source.text.removeprefix("\ufeff")
    try:
        return parser().parse(text)  # type: ignore[return-value]  # the transformer's
    except UnexpectedInput as error:
        at = error.pos_in_stream or 0
        raise DeclarationError(
            Diagnostic("DB0201", "syntax error", Span(source, at, at + 1))
        ) from None
