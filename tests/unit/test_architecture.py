"""What ARCHITECTURE.md says of the code, where no other tool looks."""

import ast
import importlib
import re
from inspect import isclass, isfunction
from pathlib import Path
from typing import Protocol

import pytest

from dynbuild import ports

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text()
ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| `([\w.]+)` \| .+ \|$", re.MULTILINE)
NOUNS = [
    (module, noun)
    for nouns, module in ROW.findall(TEXT)
    for noun in re.findall(r"\w+", nouns)
]
PORTS = [
    one
    for one in vars(ports).values()
    if isclass(one) and one.__module__ == ports.__name__ and Protocol in one.__bases__
]


@pytest.mark.parametrize(("module", "noun"), NOUNS)
def test_a_noun_stands_where_it_is_said_to(module: str, noun: str) -> None:
    found = getattr(importlib.import_module(f"dynbuild.{module}"), noun)
    assert found.__module__ == f"dynbuild.{module}"


@pytest.mark.parametrize("port", PORTS)
def test_a_port_is_small(port: type) -> None:
    own = [one for one in vars(port).values() if isfunction(one)]
    assert 2 <= sum(not one.__name__.startswith("_") for one in own) <= 5


def test_no_group_repeats_possessively() -> None:
    """Python 3.11.2, which Debian 12 has, matches that wrong (gh-106052)."""
    possessive = re.compile(r"\)[*+?]\+")
    texts = [(ROOT / "grammar" / "dynbuild.lark").read_text()]
    for path in (ROOT / "dynbuild").rglob("*.py"):
        constants = (
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant)
        )
        texts += [value for value in constants if isinstance(value, str)]
    assert [text for text in texts if possessive.search(text)] == []


def test_values_are_declared_in_one_way() -> None:
    """With ``dynbuild.values``: a command makes hundreds at its start."""
    pythons = re.compile(r"^from dataclasses import.*\bdataclass\b", re.MULTILINE)
    files = {*(ROOT / "dynbuild").rglob("*.py")} - {ROOT / "dynbuild" / "values.py"}
    assert [str(one) for one in files if pythons.search(one.read_text())] == []
