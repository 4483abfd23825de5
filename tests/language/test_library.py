"""The library that comes with dynbuild, ``import <dynbuild>``."""

import pytest

from dynbuild.errors import DeclarationError
from dynbuild.lang import MemoryFiles, evaluate, to_nix
from dynbuild.spans import Source

FILES = MemoryFiles(
    {
        "/pyproject.toml": """
[project]
name = "app"
version = "1.2"
requires-python = ">=3.12"
dependencies = ["flask>=3", "uvicorn"]
optional-dependencies.cli = ["click"]

[dependency-groups]
test = ["pytest"]
dev = ["ruff", { include-group = "test" }]
""",
        "/bare.toml": "[tool.x]\n",
        "/package.json": '{"name": "web", "engines": {"node": ">=20"}, '
        '"dependencies": {"express": "^4", "@a/b": "1"}, "scripts": {"build": "vite"}}',
    }
)


def value(expression: str) -> str:
    source = f"let lib = import <dynbuild>; in {expression}"
    return to_nix(evaluate(Source("/x.nix", source), files=FILES))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("(lib.fromPyproject ./pyproject.toml).name", '"app"'),
        ("(lib.fromPyproject ./pyproject.toml).python", '">=3.12"'),
        ("(lib.fromPyproject ./pyproject.toml).packages", '[ "flask>=3" "uvicorn" ]'),
        ("(lib.fromPyproject ./pyproject.toml).extras", '{ cli = [ "click" ]; }'),
        (
            "(lib.fromPyproject ./pyproject.toml).groups",
            '{ dev = [ "ruff" "pytest" ]; test = [ "pytest" ]; }',
        ),
        (
            "{ inherit (lib.fromPackageJson ./package.json) packages node; }",
            '{ node = ">=20"; packages = [ "@a/b@1" "express@^4" ]; }',
        ),
        (
            "lib.matrix { b = [ 1 2 ]; a = [ 3 4 ]; } |> map (x: [ x.a x.b ])",
            "[ [ 3 1 ] [ 3 2 ] [ 4 1 ] [ 4 2 ] ]",
        ),
        ("lib.matrix { }", "[ { } ]"),
        ("lib.matrix { a = [ ]; b = [ 1 ]; }", "[ ]"),
        ("lib.optional true 1 ++ lib.optional false 2", "[ 1 ]"),
        ("builtins.attrNames (import <dynbuild>) == builtins.attrNames lib", "true"),
    ],
)
def test_functions(expression: str, expected: str) -> None:
    assert value(expression) == expected


def test_a_file_without_a_project_is_told() -> None:
    with pytest.raises(DeclarationError, match=r"bare\.toml has no \[project\]"):
        value("(lib.fromPyproject ./bare.toml).packages")


def test_no_other_library_is_found() -> None:
    with pytest.raises(DeclarationError, match="there is no search path"):
        value("import <nixpkgs>")
