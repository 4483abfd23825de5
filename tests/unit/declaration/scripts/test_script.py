"""Shell commands are split where that is safe, and left alone elsewhere."""

import pytest

from dynbuild.declaration.grammar import is_secret
from dynbuild.declaration.scripts.script import Command, commands_of


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("a b && c; d | e", [("a", "b"), ("c",), ("d",), ("e",)]),
        ("a 'b c' # d; e", [("a", "b c")]),
        ("a \\\n  b\nc", [("a", "b"), ("c",)]),
        ("(cd x && y)", [("cd", "x"), ("y",)]),
        ("a b 2>/dev/null c", [("a", "b", "c")]),
        ("X=1 sudo -E a b", [("a", "b")]),
        ("", []),
        ("; a", [("a",)]),
        ("A=1", [()]),
    ],
)
def test_commands(text: str, commands: list[tuple[str, ...]]) -> None:
    assert [command.words for command in commands_of(text) or ()] == commands


@pytest.mark.parametrize(
    "text", ["a || b", "if a; then b; fi", "a $(b)", "a 'b", "a <<E"]
)
def test_what_is_more_than_commands(text: str) -> None:
    assert commands_of(text) is None


def test_what_is_known_of_a_command() -> None:
    (command,) = commands_of("A=1 sudo make -j4 all > log") or ()
    assert command == Command(("make", "-j4", "all"), sudo=True, writes=True)
    assert (command.name, command.arguments) == ("make", ("all",))
    assert command.options == ("-j4",)


@pytest.mark.parametrize(
    "name",
    ["TOKEN", "NPM_TOKEN", "DB_PASSWORD", "MYPASSWORD2", "SECRET_KEY", "API_KEY"],
)
def test_secrets(name: str) -> None:
    assert is_secret(name, "abc")
    assert not is_secret(name, "$OTHER")
    assert not is_secret(name, "/run/secrets/x")
    assert not is_secret(name, "")


@pytest.mark.parametrize(
    "name",
    ["TOKENIZERS_PARALLELISM", "PASSWORD_FILE", "SECRETARY", "KEYBOARD", "MONKEY"],
)
def test_no_secrets(name: str) -> None:
    assert not is_secret(name, "abc")
