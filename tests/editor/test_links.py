"""Declarations behind links, and two in one folder: as the commands take them."""

from dataclasses import replace

import pytest
from lsprotocol import types

from tests.editor.client import Editor, as_checked, as_told
from tests.space import Space

MISTAKEN = "{ base = 1; }\n"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_folder_behind_a_link_is_told_of_by_its_name(
    editor: Editor, space: Space
) -> None:
    space.write("real/dynbuild.nix", MISTAKEN)
    (space.root / "link").symlink_to("real")
    path = space.root / "link/dynbuild.nix"
    editor.open(path)
    (told,) = await editor.diagnostics(path)
    assert told.code == "DB0111"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("target", ["inside/other.nix", "../dynbuild.nix"])
async def test_a_linked_declaration_is_told_of_as_check_does(
    editor: Editor, space: Space, target: str
) -> None:
    project = space.root / "project"
    project.mkdir()
    path = project / "dynbuild.nix"
    space.write(f"project/{target}", MISTAKEN)
    path.symlink_to(target)
    editor.open(path)
    told = await editor.diagnostics(path)
    done = replace(space, root=project).run("check", "--json")
    assert as_told(MISTAKEN, told) == as_checked(done.out, path.name)
    assert told


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ["nul%00/dynbuild.nix", "round/dynbuild.nix"])
async def test_what_no_file_can_be_is_no_declaration(
    editor: Editor, space: Space, name: str
) -> None:
    (space.root / "round").symlink_to("round")
    uri = f"{space.root.as_uri()}/{name}"
    item = types.TextDocumentItem(uri, "nix", 1, MISTAKEN)
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    which = types.TextDocumentIdentifier(uri)
    asked = types.HoverParams(which, types.Position(0, 50))
    assert await editor.client.text_document_hover_async(asked) is None
    assert editor.messages == []


@pytest.mark.asyncio(loop_scope="module")
async def test_two_declarations_in_a_folder_are_told_of_as_check_does(
    editor: Editor, space: Space
) -> None:
    path = space.write("dynbuild.nix", MISTAKEN)
    other = space.write("dynbuild.toml", "")
    editor.open(path)
    told = await editor.diagnostics(path)
    done = space.run("check", "--json")
    assert [one.code for one in told] == ["DB0312"]
    assert as_told(MISTAKEN, told) == as_checked(done.out, path.name)
    other.unlink()
    editor.replace(path, 0, 0, " ")
    (left,) = await editor.diagnostics(path)
    assert left.code == "DB0111"
