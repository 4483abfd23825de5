"""The parser's tables: saved in the wheel, else generated once from the grammar."""

import marshal
from functools import cache
from importlib.machinery import SourceFileLoader as FileLoader

import lark
from lark import Lark

from dynbuild.lang.build import TreeBuilder

GRAMMAR = "grammar/dynbuild.lark"
TABLES = "grammar/tables.bin"


def grammar_text() -> str:
    """Return the grammar, from the installed package or the top of the checkout."""
    try:
        return str(_data(GRAMMAR), "utf-8")
    except OSError:
        return str(_data(f"../{GRAMMAR}"), "utf-8")


def library_text() -> str:
    """Return the source of ``import <dynbuild>``."""
    return str(_data("lang/library.nix"), "utf-8")


@cache
def parser() -> Lark:
    """Return a parser that produces the syntax tree directly."""
    return _saved() or Lark(
        grammar_text(),
        parser="lalr",
        lexer="contextual",
        maybe_placeholders=False,
        transformer=TreeBuilder(),
    )


def _saved() -> Lark | None:
    """Return a parser with the tables of hatch_build.py, if they match the grammar."""
    try:
        data = _data(TABLES)
    except OSError:
        return None
    version, text, tables, memo = marshal.loads(data)  # noqa: S302  # of the wheel
    if version != lark.__version__ or text != grammar_text():
        return None
    lark_parser = Lark.__new__(Lark)
    lark_parser._load({"data": tables, "memo": memo}, transformer=TreeBuilder())  # noqa: SLF001
    return lark_parser


def _data(path: str) -> bytes:
    directory = __file__.replace("\\", "/").rsplit("/", 2)[0]
    loader = __spec__.loader
    assert isinstance(loader, FileLoader)
    return loader.get_data(f"{directory}/{path}")
