"""Directories in memory, as a declaration has them."""

from __future__ import annotations

import pytest

from dynbuild.declaration.load import load
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.spans import Source


def told(tmpfs: str) -> list[Diagnostic]:
    text = f'[[stages]]\nname = "a"\ncommands = ["true"]\ntmpfs = {tmpfs}\n'
    try:
        load(Source("x.toml", text), "toml")
    except DeclarationError as error:
        return [*error.diagnostics]
    return []


@pytest.mark.parametrize("size", ["1", "64m", "1G", "512K"])
def test_a_size_is_an_amount_of_memory(size: str) -> None:
    assert not told(f'["/run", {{ target = "/tmp", size = "{size}" }}]')


@pytest.mark.parametrize(
    ("size", "meant"),
    [("64MB", "64M"), ("64 MiB", "64M"), ("1g ", "1g"), ("half", None), ("0", None)],
)
def test_another_spelling_is_told(size: str, meant: str | None) -> None:
    (one,) = told(f'[{{ target = "/tmp", size = "{size}" }}]')
    assert one.code == "DB0146"
    assert one.hint == (meant and f"write {meant!r}")


@pytest.mark.parametrize(
    ("tmpfs", "code"),
    [
        ('["tmp"]', "DB0142"),
        ('["/dev"]', "DB0138"),
        ('["/a,b"]', "DB0138"),
        ('["/a", "/a/"]', "DB0138"),
        ('["/a/.wh.b"]', "DB0157"),
    ],
)
def test_its_path_is_that_of_a_mount(tmpfs: str, code: str) -> None:
    assert [one.code for one in told(tmpfs)] == [code]
