"""The arguments of a declaration, as the command line gives them."""

from collections.abc import Mapping, Sequence

from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.spans import Source

Pairs = Sequence[tuple[str, str]]


def arguments_of(expressions: Pairs, texts: Pairs) -> Mapping[str, Source | str]:
    """Return the arguments of ``--arg`` and ``--argstr``. Raises DeclarationError."""
    arguments: dict[str, Source | str] = {}
    for name, value in (*expressions, *texts):
        if name in arguments:
            message = f"the argument {name!r} is given twice"
            raise DeclarationError(Diagnostic("DB0317", message))
        arguments[name] = value
    return arguments | {
        name: Source(f"--arg {name}", text) for name, text in expressions
    }
