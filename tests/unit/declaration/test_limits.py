"""Limits of stages, in every way of writing a declaration, each told at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dynbuild.declaration.load import load
from dynbuild.errors import DeclarationError, Diagnostic, LockError
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.spans import Source
from dynbuild.steps.model import Pin, Stage

if TYPE_CHECKING:
    from dynbuild.declaration.syntax import Syntax

TEXTS: dict[Syntax, str] = {
    "toml": '[[stages]]\nname = "a"\ncommands = ["x"]\n{name} = {value}\n',
    "json": '{{"stages": [{{"name": "a", "commands": ["x"],\n"{name}": {value}}}]}}',
    "yaml": "stages:\n- name: a\n  commands: [x]\n  {name}: {value}\n",
    "nix": '{{ stages = [{{ name = "a"; commands = ["x"];\n{name} = {value}; }}]; }}',
}
LINES = {"toml": 4, "json": 2, "yaml": 4, "nix": 2}
SYNTAXES = pytest.mark.parametrize("syntax", TEXTS)


def told(syntax: Syntax, name: str, value: str) -> list[Diagnostic]:
    text = TEXTS[syntax].format(name=name, value=value)
    try:
        load(Source(f"dynbuild.{syntax}", text), syntax)
    except DeclarationError as error:
        return [*error.diagnostics]
    return []


@SYNTAXES
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory", '"6m"'),
        ("memory", '"2g"'),
        ("cpus", "2"),
        ("cpus", "1.5"),
        ("cpus", '"0.25"'),
        ("timeout", '"1s"'),
        ("timeout", '"1h30m"'),
    ],
)
def test_limits(syntax: Syntax, name: str, value: str) -> None:
    assert not told(syntax, name, value)


@SYNTAXES
@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("memory", '"0"', "DB0146"),
        ("memory", '"-1g"', "DB0146"),
        ("memory", '"2GB"', "DB0146"),
        ("memory", '"5m"', "DB0115"),
        ("memory", '"999999999999g"', "DB0115"),
        ("memory", "2", "DB0111"),
        ("cpus", "0", "DB0115"),
        ("cpus", "0.001", "DB0115"),
        ("cpus", "-2", "DB0115"),
        ("cpus", "10000", "DB0115"),
        ("cpus", '"two"', "DB0115"),
        ("cpus", "true", "DB0111"),
        ("timeout", '"0s"', "DB0115"),
        ("timeout", '"-1m"', "DB0147"),
        ("timeout", '"10"', "DB0147"),
        ("timeout", '"1ms"', "DB0115"),
        ("timeout", '"99999h"', "DB0115"),
        ("timeout", "10", "DB0111"),
    ],
)
def test_what_is_no_limit(syntax: Syntax, name: str, value: str, code: str) -> None:
    (one,) = told(syntax, name, value)
    assert one.code == code
    assert one.span is not None
    assert one.span.source.position(one.span.start)[0] == LINES[syntax]
    assert one.hint or code in {"DB0146", "DB0147"}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *(("memory", one) for one in ("0", "lots", "-1g", "1t")),
        *(("cpus", one) for one in ("abc", "0", "nan", "-1", "1e3")),
        *(("timeout", one) for one in ("soon", "0s", "5", "")),
    ],
)
def test_a_lock_that_cannot_be_held_to(key: str, text: str) -> None:
    stage = Stage("a", commands=("true",), memory="2g", cpus="1.5", timeout="1h30m")
    lock = Lock(Pin("debian:12", None), stages={"a": Entry(stage, 1)})
    known = dumps(lock)
    assert loads(known) == lock
    of = {"memory": "2g", "cpus": "1.5", "timeout": "1h30m"}
    with pytest.raises(LockError, match="its limits are none that can be held to"):
        loads(known.replace(f'{key} = "{of[key]}"', f'{key} = "{text}"'))
