"""Random edits in all four syntaxes: no traceback, and in the end what ``check`` says.

An edit deletes, pastes, undoes, or types what is half of something; the texts have
characters of one to four bytes, some outside of the first plane, and both line ends.
"""

import os
import random

import pytest
from lsprotocol import types

from tests.editor.client import Editor, as_checked, as_told, position
from tests.space import Space

SEEDS = range(int(os.environ.get("DYNBUILD_EDITS", "3")))
EDITS = 25

STARTS = {
    "dynbuild.toml": """\
base = "debian:stable-slim"
apt_packages = ["curl"]
env = { MOTTO = "naïve \U0001f600 €" }

[[stages]]
name = "one" # \U0001f600
commands = ["echo \U0001f600 one"]

[[stages]]
name = "two"
dependencies = ["one"]
commands = ["true"]
""",
    "dynbuild.yaml": """\
base: debian:stable-slim
env: { MOTTO: "naïve \U0001f600 €" }
stages:
  - name: one # \U0001f600
    commands: ["echo \U0001f600 one"]
  - name: two
    dependencies: [one]
    commands:
      - "true"
""",
    "dynbuild.json": """\
{
  "base": "debian:stable-slim",
  "env": { "MOTTO": "naïve \U0001f600 €" },
  "stages": [
    { "name": "one", "commands": ["echo \U0001f600 one"] },
    { "name": "two", "dependencies": ["one"], "commands": ["true"] }
  ]
}
""",
    "dynbuild.nix": """\
{ version ? "1 \U0001f600" }:
let
  echo = word: "echo ${word} ${version}";
  one = { name = "one"; commands = [ (echo "\U0001f600 one") ]; };
in
{
  base = "debian:stable-slim";
  env.MOTTO = "naïve \U0001f600 €"; # \U0001f600
  stages = [
    one
    { name = "two"; dependencies = [ one.name ]; commands = [ "true" ]; }
  ];
}
""",
}

TYPED = (
    *"\"'[]{}()=,;:.#\n\t $\\-*/",
    *("\r\n", "\r", "\U0001f600", "é", "\u2028", "\x00", "\x85", "\ufeff"),
    *(
        "''",
        "${",
        "''${",
        '"""',
        "[[stages]]\n",
        "<<<<<<< a\n",
        "let ",
        " in ",
        "with ",
    ),
    *("rec {", "images", "extends = ", "- ", "&a ", "*a", "!!int ", "---\n", "1e999"),
    *("9" * 30, "dependencies", '"*"', "copy = [", "./x", "<dynbuild>", "name", "if "),
)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", STARTS)
async def test_whatever_is_typed(
    editor: Editor, space: Space, name: str, seed: int
) -> None:
    chance = random.Random(f"{name} {seed}")
    start = STARTS[name]
    if seed % 3 == 1:
        start = start.replace("\n", "\r\n")
    path = space.write(name, start)
    editor.open(path, start)
    undone: list[str] = []
    for _ in range(chance.randrange(1, EDITS)):
        text = editor.texts[path]
        begin, end, new = _edit(chance, text, undone)
        begin, end = _at_places(text, begin), _at_places(text, end)
        undone.append(text)
        editor.replace(path, begin, end, new)
        if chance.random() < 0.3:
            await _asked(editor, chance, path, editor.texts[path])
    told = await editor.diagnostics(path)
    text = editor.texts[path]
    path.write_bytes(text.encode())
    done = space.run("check", "--json")
    assert as_told(text, told) == as_checked(done.out, name), repr(text)
    editor.close(path)


def _edit(chance: random.Random, text: str, undone: list[str]) -> tuple[int, int, str]:
    """An edit: from where, to where, what is put there."""
    at = chance.randrange(len(text) + 1)
    match chance.randrange(5):
        case 0:
            return at, min(len(text), at + chance.choice((1, 1, 2, 20))), ""
        case 1:
            other = chance.randrange(len(text) + 1)
            return at, at, text[other : other + chance.randrange(60)]
        case 2 if undone:
            return 0, len(text), undone.pop()
        case 3:
            return at, min(len(text), at + 1), chance.choice(TYPED)
        case _:
            return at, at, chance.choice(TYPED)


def _at_places(text: str, at: int) -> int:
    """The place itself, or before a line end of two characters that it is within."""
    return at - text.startswith("\r\n", at - 1) if at else at


async def _asked(
    editor: Editor, chance: random.Random, path: object, text: str
) -> None:
    """Ask something at some place; any answer will do, but no error."""
    assert hasattr(path, "as_uri")
    which = types.TextDocumentIdentifier(path.as_uri())
    where = position(text, chance.randrange(len(text) + 1))
    client = editor.client
    match chance.randrange(7):
        case 0:
            await client.text_document_completion_async(
                types.CompletionParams(which, where)
            )
        case 1:
            await client.text_document_hover_async(types.HoverParams(which, where))
        case 2:
            await client.text_document_definition_async(
                types.DefinitionParams(which, where)
            )
        case 3:
            await client.text_document_folding_range_async(
                types.FoldingRangeParams(which)
            )
        case 4:
            await client.text_document_document_symbol_async(
                types.DocumentSymbolParams(which)
            )
        case 5:
            answer = await client.text_document_code_action_async(
                types.CodeActionParams(
                    which, types.Range(where, where), types.CodeActionContext([])
                )
            )
            del answer
        case _:
            await client.text_document_references_async(
                types.ReferenceParams(
                    types.ReferenceContext(include_declaration=True), which, where
                )
            )
