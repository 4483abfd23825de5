"""The parser's tables, made from the grammar file once per process."""

from functools import cache
from importlib.machinery import SourceFileLoader as FileLoader

from lark import Lark

from dynbuild.lang.build import TreeBuilder

GRAMMAR = "grammar/dynbuild.lark"


def grammar_text() -> str:
    """Return the grammar, from the installed package or the top of the checkout."""
    here = __file__.replace("\\", "/").rsplit("/", 2)[0]
    loader = __spec__.loader
    assert isinstance(loader, FileLoader)
    try:
        return str(loader.get_data(f"{here}/{GRAMMAR}"), "utf-8")
    except OSError:
        return str(loader.get_data(f"{here}/../{GRAMMAR}"), "utf-8")


@cache
def parser() -> Lark:
    """Return a parser whose result is the syntax tree itself."""
    return Lark(
        grammar_text(),
        parser="lalr",
        lexer="contextual",
        maybe_placeholders=False,
        transformer=TreeBuilder(),
    )
