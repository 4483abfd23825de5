"""Saves the tables of the grammar in the wheel: making them takes a while.

Marshalled plain data, as ``dynbuild.lang.grammar`` reads it; nothing is pickled. Equal
sources give equal bytes: lark numbers tokens and states in the order of sets, so they
are numbered anew; and marshal before version 3 does not tell how often a value is
referred to.
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
        data["parser"]["parser"] = numbered(data["parser"]["parser"])
        self._made = tempfile.TemporaryDirectory()
        path = Path(self._made.name) / "tables.bin"
        path.write_bytes(marshal.dumps((lark.__version__, text, data, memo), 2))
        build_data["force_include"][str(path)] = "dynbuild/grammar/tables.bin"


def numbered(table: dict[str, Any]) -> dict[str, Any]:
    """Number a parse table's tokens by name, its states as they are reached by these.

    A state maps tokens to actions: (0, state) shifts, (1, rule) reduces.
    """
    names, states = table["tokens"], table["states"]
    tokens = {old: new for new, old in enumerate(sorted(names, key=names.get))}
    order = [table["start_states"][name] for name in sorted(table["start_states"])]
    for state in order:  # it grows meanwhile
        for token in sorted(states[state], key=tokens.get):
            action, argument = states[state][token]
            if action == 0 and argument not in order:
                order.append(argument)
    place = {old: new for new, old in enumerate(order)}

    def action_of(found: tuple[int, Any]) -> tuple[int, Any]:
        action, argument = found
        return (action, place[argument] if action == 0 else argument)

    return {
        "tokens": {new: names[old] for old, new in tokens.items()},
        "states": {
            place[old]: {
                tokens[token]: action_of(states[old][token])
                for token in sorted(states[old], key=tokens.get)
            }
            for old in order
        },
        "start_states": {
            name: place[old] for name, old in sorted(table["start_states"].items())
        },
        "end_states": {
            name: place[old] for name, old in sorted(table["end_states"].items())
        },
    }
