"""Saves the tables of the grammar in the wheel: making them takes a while.

Marshalled plain data, as ``dynbuild.lang.grammar`` reads it; nothing is pickled.
"""

import marshal
import tempfile
from pathlib import Path
from typing import Any

import lark
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from lark.grammar import Rule
from lark.lexer import TerminalDef

GRAMMAR = "grammar/dynbuild.lark"


class Tables(BuildHookInterface):  # type: ignore[type-arg]
    """Adds one file to the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        text = (Path(self.root) / GRAMMAR).read_text("utf-8")
        parser = lark.Lark(
            text, parser="lalr", lexer="contextual", maybe_placeholders=False
        )
        data, memo = parser.memo_serialize([TerminalDef, Rule])
        self._made = tempfile.TemporaryDirectory()
        path = Path(self._made.name) / "tables.bin"
        path.write_bytes(marshal.dumps((lark.__version__, text, data, memo), 4))
        build_data["force_include"][str(path)] = "dynbuild/grammar/tables.bin"
