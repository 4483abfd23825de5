"""The parser's tables, made from the grammar file once per process."""

from functools import cache

from lark import Lark

from dynbuild.lang.build import TreeBuilder

GRAMMAR = "grammar/dynbuild.lark"


def grammar_text() -> str:
    """The grammar, from the installed package or from the top of the checkout."""
    here = __file__.replace("\\", "/").rsplit("/", 2)[0]
    loader = __spec__.loader
    try:
        return str(loader.get_data(f"{here}/{GRAMMAR}"), "utf-8")
    except OSError:
        return str(loader.get_data(f"{here}/../{GRAMMAR}"), "utf-8")


@cache
def parser() -> Lark:
    """A parser whose result is the syntax tree itself."""
    return Lark(
        grammar_text(),
        parser="lalr",
        lexer="contextual",
        maybe_placeholders=False,
        transformer=TreeBuilder(),
    )
