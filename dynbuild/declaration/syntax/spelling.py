"""The spelling of a field in each syntax, for hints to copy into the file."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import starmap

from dynbuild.declaration.syntax import Syntax

Spellable = str | int | Sequence["Spellable"] | Mapping[str, "Spellable"]


def spelled(syntax: Syntax, field: str, value: Spellable) -> str:
    """Return ``field = value``: ``copy = [{ from = ".", to = "/app" }]``."""
    match syntax:
        case "toml":
            return f"{field} = {_value(syntax, value)}"
        case "nix":
            return f"{field} = {_value(syntax, value)};"
        case "json":
            return f"{_text(field)}: {_value(syntax, value)}"
        case _:
            return f"{field}: {_value(syntax, value)}"


def _value(syntax: Syntax, value: Spellable) -> str:
    match value:
        case str():
            return (
                _text(value).replace("${", "\\${") if syntax == "nix" else _text(value)
            )
        case bool() | int():
            return json.dumps(value)
        case Mapping() if syntax == "nix":
            return f"{{ {' '.join(starmap(partial(spelled, syntax), value.items()))} }}"
        case Mapping():
            pairs = (spelled(syntax, name, below) for name, below in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case _ if syntax == "nix":
            return f"[ {' '.join(_value(syntax, item) for item in value)} ]"
        case _:
            return f"[{', '.join(_value(syntax, item) for item in value)}]"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
