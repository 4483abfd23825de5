"""The formatter: from a source to its one layout. There are no options.

It is made in three steps: the concrete tree (concrete.py), its document (layouts.py and
the modules named after its parts), and the lines of that (lines.py).
"""

import re

from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lang import (
    layout_bodies,  # noqa: F401  # each names the nodes that it lays out
    layout_calls,  # noqa: F401
    layout_operators,  # noqa: F401
    layout_sets,  # noqa: F401
    layout_texts,  # noqa: F401
)
from dynbuild.lang.concrete import concrete_tree
from dynbuild.lang.documents import Group
from dynbuild.lang.layouts import lay, token
from dynbuild.lang.lines import lines_of
from dynbuild.lang.parser import MAX_DEPTH, parse
from dynbuild.lang.stack import deep_stack
from dynbuild.spans import Source

_CRLF = re.compile(r"(?<!\r)\r\n")


def format_source(source: Source) -> str:
    """Return the formatted source. Raises ``DeclarationError`` if it does not parse."""
    parse(source)
    # A line end in a literal is a line end, however it is written.
    text = _CRLF.sub("\n", source.text)
    try:
        with deep_stack(MAX_DEPTH):
            tree, end = concrete_tree(text).children
            return lines_of([Group(lay(tree)), token(end)])
    except RecursionError:
        problem = Diagnostic("DB0206", f"{source.name} is nested too deeply to format")
        raise DeclarationError(problem) from None
