"""Every mistake has a file, and the words for it a snapshot that was read."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from dynbuild.declaration.load import load
from dynbuild.declaration.syntax import decode, syntax_of
from dynbuild.errors import DeclarationError, Diagnostic, render
from tests.snapshot_files import files

FOLDER = Path(__file__).parent / "mistakes"
FILES = sorted(path.name for path in FOLDER.iterdir() if path.is_file())


def mistakes(name: str, data: bytes) -> tuple[Diagnostic, ...]:
    with pytest.raises(DeclarationError) as caught:
        load(decode(name, data), syntax_of(name))
    return caught.value.diagnostics


@pytest.mark.parametrize("name", FILES)
def test_words(name: str, snapshot: SnapshotAssertion) -> None:
    found = mistakes(name, (FOLDER / name).read_bytes())
    text = "\n".join(map(render, found))
    assert "hunter" not in text
    assert text == snapshot(extension_class=files("txt"))


def dumped(value: Any) -> dict[str, bytes]:
    return {
        "x.json": json.dumps(value).encode(),
        "x.yaml": yaml.safe_dump(value, allow_unicode=True, sort_keys=False).encode(),
    }


@pytest.mark.parametrize(
    "name",
    [name for name in FILES if name.endswith(".toml")],
)
def test_the_same_words_in_every_syntax(name: str) -> None:
    data = (FOLDER / name).read_bytes()
    try:
        value = tomllib.loads(data.decode())
        json.dumps(value)
    except (ValueError, TypeError):
        return  # a mistake that only TOML can make, or only TOML can say
    found = {(one.code, one.message) for one in mistakes(name, data)}
    for other, text in dumped(value).items():
        assert {(one.code, one.message) for one in mistakes(other, text)} == found
