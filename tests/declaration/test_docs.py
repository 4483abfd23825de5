"""The examples of the reference pages are true, and the pages are complete."""

import re
from pathlib import Path
from typing import Any

import pytest

from dynbuild.declaration.editors import json_schema
from dynbuild.declaration.load import load
from dynbuild.declaration.syntax import syntax_of
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.spans import Source

ROOT = Path(__file__).parents[2]
ERRORS = (ROOT / "docs/errors.md").read_text()
REFERENCE = (ROOT / "docs/declaration.md").read_text()
BLOCK = re.compile(r"^```(toml|json|yaml|nix)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ARGUMENTS = {"DB0163", "DB0164", "DB0165"}  # tested in tests/e2e/test_arguments.py
SECTION = re.compile(r"^### (DB01\d\d): [^\n]*\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
SECTIONS = dict(SECTION.findall(ERRORS + "\n##"))


def told(suffix: str, text: str) -> tuple[Diagnostic, ...]:
    try:
        return load(Source(f"x.{suffix}", text), syntax_of(f"x.{suffix}")).warnings
    except DeclarationError as error:
        return error.diagnostics


@pytest.mark.parametrize("code", SECTIONS)
def test_an_example_makes_its_mistake_and_no_other(code: str) -> None:
    for suffix, text in BLOCK.findall(SECTIONS[code]):
        assert {one.code for one in told(suffix, text)} == {code}


def test_every_code_is_listed_and_used() -> None:
    sources = "".join(
        path.read_text() for path in (ROOT / "dynbuild/declaration").rglob("*.py")
    )
    assert set(re.findall(r"DB01\d\d", sources)) == set(SECTIONS)
    without = {code for code, text in SECTIONS.items() if not BLOCK.search(text)}
    assert without == {"DB0106", "DB0107", "DB0108", "DB0109", *ARGUMENTS}


@pytest.mark.parametrize(("suffix", "text"), BLOCK.findall(REFERENCE))
def test_examples_are_right(suffix: str, text: str) -> None:
    assert not told(suffix, text)


def fields(schema: dict[str, Any]) -> set[str]:
    return set(schema["properties"]).union(
        *(definition["properties"] for definition in schema["$defs"].values())
    )


def test_every_field_is_explained_and_shown() -> None:
    examples = "".join(text for _, text in BLOCK.findall(REFERENCE))
    for name in fields(json_schema()) - {"$schema"}:
        assert f"`{name}`" in REFERENCE, name
        assert re.search(rf"\b{name}\b", examples), name
