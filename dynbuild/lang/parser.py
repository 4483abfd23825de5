"""From text to tree; what is wrong with the text becomes diagnostics."""

from lark.exceptions import UnexpectedInput

from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lang.grammar import parser
from dynbuild.lang.syntax import Expression
from dynbuild.lang.syntax_errors import syntax_errors
from dynbuild.spans import Source

MAX_SIZE = 2_000_000
"""Characters of a source."""


def parse(source: Source) -> Expression:
    """The syntax tree of a source."""
    text = source.text
    if len(text) > MAX_SIZE:
        raise DeclarationError(
            Diagnostic(
                "DB0206",
                f"{source.name} has more than {MAX_SIZE:,} characters",
                hint="split it into files, and import them",
            )
        )
    try:
        return parser().parse(text)  # type: ignore[return-value]  # the transformer's
    except UnexpectedInput:
        raise DeclarationError(*syntax_errors(source, text)) from None
