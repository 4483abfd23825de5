"""A command takes what its options give: no more, no less, and flags as booleans."""

import importlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from inspect import signature, unwrap
from typing import get_type_hints

import click
import pytest

from dynbuild.cli.main import COMMANDS


def commands() -> Iterator[click.Command]:
    for place, _ in COMMANDS.values():
        module, _, name = place.partition(".")
        found = importlib.import_module(f"dynbuild.cli.commands.{module}")
        command = getattr(found, name)
        if isinstance(command, click.Group):
            yield from command.commands.values()
        else:
            yield command


def taken(command: click.Command) -> dict[str, object]:
    """The parameters of a command's function, or the fields of its settings."""
    assert command.callback is not None
    function = unwrap(command.callback)
    hints = get_type_hints(function)
    of = hints.get("settings")
    if not is_dataclass(of):
        return {name: hints[name] for name in signature(function).parameters}
    hints = get_type_hints(of)
    return {field.name: hints[field.name] for field in fields(of)}


@pytest.mark.parametrize("command", [*commands()], ids=lambda command: command.name)
def test_every_option_has_its_field(command: click.Command) -> None:
    given = [one for one in command.params if one.expose_value]
    assert taken(command).keys() == {one.name for one in given}


@pytest.mark.parametrize("command", [*commands()], ids=lambda command: command.name)
def test_a_flag_is_a_boolean(command: click.Command) -> None:
    of = taken(command)
    for one in command.params:
        if isinstance(one, click.Option) and one.is_flag and one.expose_value:
            assert of[one.name or ""] is bool, one.name
