"""A stranger's folder: what opening it in an editor does, and what it does not do."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types

from dynbuild.commands.target import target_of
from dynbuild.declaration.load import load
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.update import update
from dynbuild.project.content import Tree
from dynbuild.spans import Source
from tests.editor.client import LONGEST, Editor, apart
from tests.pins import pinned
from tests.space import Space

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def editor(space: Space) -> AsyncIterator[Editor]:
    errors = Path(f"{space.root}-stderr")
    home = Path(f"{space.root}-home")
    started = await Editor.start(errors, space.root, None, **apart(home))
    yield started
    await started.stop()
    assert errors.read_text() == ""  # noqa: ASYNC240 - it is small


async def test_no_cache_of_a_declaration_is_asked(space: Space, editor: Editor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)  # noqa: FBT003 - the name is its own
        port = server.getsockname()[1]
        text = (
            f'[cache]\nregistry = "127.0.0.1:{port}/stolen"\nlocal = "their-store"\n'
            f'minio = {{ endpoint = "127.0.0.1:{port}" }}\n'
            '[[stages]]\nname = "one"\ncommands = ["true"]\n'
        )
        path = space.write("dynbuild.toml", text)
        loaded = load(Source("dynbuild.toml", text), "toml")
        lock = update(None, target_of(loaded, Tree(space.root), pinned))
        space.write("dynbuild.lock", dumps(lock))
        editor.open(path)
        await editor.diagnostics(path)
        asked = types.ExecuteCommandParams("dynbuild.why", [path.as_uri()])
        async with asyncio.timeout(LONGEST):
            while True:
                if await editor.client.workspace_execute_command_async(asked):
                    break
                await asyncio.sleep(0.05)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert not (space.root / "their-store").exists()
    editor.close(path)


async def test_files_of_nobody_are_left_alone(space: Space, editor: Editor) -> None:
    """A file that no declaration imports is another server's."""
    other = space.write("other.nix", "{ pkgs }: pkgs.hello }")
    space.write("dynbuild.nix", '{ stages.one.commands = [ "true" ]; }')
    plain = space.write("pyproject.toml", "[project")
    config = space.root / "dynbuild.nix"
    for path in (other, plain, config):
        editor.open(path)
    await editor.diagnostics(config)
    assert editor.client.diagnostics.keys() == {config.as_uri()}
    which = types.TextDocumentIdentifier(other.as_uri())
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    params = types.DocumentFormattingParams(which, options)
    assert await editor.client.text_document_formatting_async(params) is None
    hovered = types.HoverParams(which, types.Position(0, 3))
    assert await editor.client.text_document_hover_async(hovered) is None
    for path in (other, plain, config):
        editor.close(path)


async def test_what_others_change_is_noticed(space: Space, editor: Editor) -> None:
    path = space.write(
        "dynbuild.toml",
        '[[stages]]\nname = "one"\ncopy = [{ from = "a", to = "/a" }]\n',
    )
    editor.open(path)
    assert [one.code for one in await editor.diagnostics(path)] == ["DB0305"]
    made = space.write("a", "a")
    kind = types.FileChangeType.Created
    event = types.FileEvent(made.as_uri(), kind)
    editor.client.workspace_did_change_watched_files(
        types.DidChangeWatchedFilesParams([event])
    )
    async with asyncio.timeout(LONGEST):
        while editor.client.diagnostics[path.as_uri()]:
            editor.told.clear()
            await editor.told.wait()
    editor.close(path)
