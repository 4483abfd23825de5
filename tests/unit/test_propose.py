"""What ``init`` proposes for a project is a declaration."""

import pytest

from dynbuild.commands.propose import proposed
from dynbuild.declaration.load import load
from dynbuild.declaration.schema import Declaration
from dynbuild.spans import Source


def declared(**files: str) -> Declaration:
    named = {name.replace("_", ".", 1): text for name, text in files.items()}
    text = proposed(named)
    assert text is not None
    return load(Source("dynbuild.toml", text), "toml").declaration


def commands(declaration: Declaration) -> str:
    return "\n".join(line for stage in declaration.stages for line in stage.commands)


def test_nothing_is_proposed_for_nothing() -> None:
    assert proposed({}) is None
    assert proposed({"uv.lock": ""}) is None


def test_go() -> None:
    found = declared(go_mod="module example.org/a/tool\n\ngo 1.24.1\n")
    assert found.cmd == ("tool",)
    assert found.stages[0].copies[0].image == "golang:1.24"
    assert declared(go_mod="").cmd == ("app",)


def test_rust() -> None:
    assert declared(Cargo_toml='[package]\nname = "a b"\n').cmd == ("a-b",)
    assert declared(Cargo_toml="[workspace]\n").cmd == ("app",)
    assert declared(Cargo_toml="= broken").cmd == ("app",)
    assert declared(Cargo_toml="package = 3").cmd == ("app",)


@pytest.mark.parametrize(
    ("lock", "command"),
    [
        ("package-lock.json", "npm ci --omit=dev"),
        ("pnpm-lock.yaml", "pnpm install"),
        ("yarn.lock", "yarn install"),
        ("other", "npm install"),
    ],
)
def test_node(lock: str, command: str) -> None:
    text = proposed({"package.json": "{}", lock: ""})
    assert text is not None
    found = load(Source("dynbuild.toml", text), "toml").declaration
    assert command in commands(found)


@pytest.mark.parametrize(
    ("package", "cmd"),
    [
        ('{"scripts": {"start": "x"}}', ("npm", "start")),
        ('{"scripts": {}, "main": "m.js"}', ("node", "m.js")),
        ('{"scripts": {}}', ("node", "index.js")),
        ("broken", ("node", "index.js")),
        ("[]", ("node", "index.js")),
    ],
)
def test_what_node_runs(package: str, cmd: tuple[str, ...]) -> None:
    assert declared(package_json=package).cmd == cmd


def test_python() -> None:
    assert "-r /tmp/requirements.txt" in commands(declared(requirements_txt="x\n"))
    assert "uv sync" in commands(declared(pyproject_toml="", uv_lock=""))
    assert "poetry install" in commands(declared(pyproject_toml="", poetry_lock=""))
    assert commands(declared(pyproject_toml="")) == "pip install --no-cache-dir ."
