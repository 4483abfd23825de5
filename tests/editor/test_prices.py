"""Prices in an editor are those of ``dynbuild why``, of texts that nobody saved yet."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types

from dynbuild.commands.target import target_of
from dynbuild.declaration.load import load
from dynbuild.environment.wiring import made, near_of
from dynbuild.history.sqlite import Sqlite
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.update import update
from dynbuild.project.content import Tree
from dynbuild.spans import Source
from dynbuild.tiers.declared import Cache
from tests.e2e import locks
from tests.e2e.test_images import START as SEVERAL
from tests.editor.client import LONGEST, Editor, apart
from tests.pins import pinned
from tests.realized import PLATFORM, Machine
from tests.space import Space

pytestmark = pytest.mark.asyncio(loop_scope="module")

DECLARATION = """\
apt_packages = ["curl"]

[[stages]]
name = "one"
commands = ["echo one"]

[[stages]]
name = "two"
dependencies = ["one"]
commands = ["echo two"]

[[stages]]
name = "three"
commands = ["echo three"]
"""


def realized(space: Space) -> Path:
    """A project that was locked and realized, all in the local store."""
    path = space.write("dynbuild.toml", DECLARATION)
    loaded = load(Source("dynbuild.toml", DECLARATION), "toml")
    lock = update(None, target_of(loaded, Tree(space.root), pinned))
    space.write("dynbuild.lock", dumps(lock))
    machine = Machine(seconds={"apt.1": 9.0, "one": 40.0, "two": 200.0, "three": 3.0})
    machine.realize(lock)
    store = Path(space.environment["XDG_CACHE_HOME"]) / "dynbuild"
    made(store)
    near = near_of(store, Cache(), lambda one: pytest.fail(one.message))
    for number in range(machine.number + 1):
        near.write(f"{number}".encode())
    for held in machine.held:
        layers = tuple(replace(layer, size=1) for layer in held.record.layers)
        near.record(replace(held.record, layers=layers))
    history = Sqlite(
        Path(space.environment["XDG_STATE_HOME"]) / "dynbuild" / "history.sqlite",
        str(space.root / "dynbuild.lock"),
        lambda: 1.0,
        0.0,
        lambda one: pytest.fail(one.message),
    )
    for build in machine.builds:
        history.keep(build)
    return path


@pytest.fixture
def home(space: Space, monkeypatch: pytest.MonkeyPatch) -> Space:
    variables = apart(Path(f"{space.root}-home"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return replace(space, environment={**space.environment, **variables})


@pytest_asyncio.fixture(loop_scope="module")
async def editor(home: Space) -> AsyncIterator[Editor]:
    errors = home.root / "stderr"
    started = await Editor.start(errors, home.root)
    yield started
    await started.stop()
    assert "Traceback" not in errors.read_text()


async def why(editor: Editor, path: Path) -> Any:
    """What the server says of the newest text, once it says something."""
    await editor.diagnostics(path)
    asked = types.ExecuteCommandParams("dynbuild.why", [path.as_uri()])
    async with asyncio.timeout(LONGEST):
        while True:
            answer = await editor.client.workspace_execute_command_async(asked)
            if answer is not None:
                return json.loads(json.dumps(answer, default=vars))
            await asyncio.sleep(0.05)


async def said(editor: Editor) -> str:
    """What the server shows next."""
    async with asyncio.timeout(LONGEST):
        while not editor.messages:
            editor.told.clear()
            await editor.told.wait()
    return editor.messages.pop().message


async def lenses(editor: Editor, path: Path) -> list[tuple[int, str]]:
    which = types.TextDocumentIdentifier(path.as_uri())
    found = await editor.client.text_document_code_lens_async(
        types.CodeLensParams(which)
    )
    return [
        (one.range.start.line + 1, one.command.title)
        for one in found or ()
        if one.command
    ]


async def test_a_price_is_what_why_tells(home: Space, editor: Editor) -> None:
    path = realized(home)
    editor.open(path)
    told = await why(editor, path)
    command = ("why", "--json", "--platform", PLATFORM)
    assert told == json.loads(home.ok(*command).out)
    assert await lenses(editor, path) == [
        (1, "≈ runs nothing again"),
        (4, "seq 2 · on the base · held: local · took 40 s"),
        (8, "seq 3 · on one · held: local · took 3 min"),
        (13, "seq 4 · on the base · held: local · took 3.0 s"),
    ]
    # An edit that is not saved costs what it would cost once it is locked.
    at = editor.texts[path].index("echo one") + len("echo one")
    editor.replace(path, at, at, " more")
    told = await why(editor, path)
    assert (await lenses(editor, path))[:2] == [
        (1, "≈ runs 2 steps again, about 4 min"),
        (4, "seq 5 · on the base · runs again, ≈ 40 s"),
    ]
    stale = [one for one in await editor.diagnostics(path) if one.code == "DB0411"]
    assert [one.source for one in stale] == ["dynbuild lock"]
    path.write_text(editor.texts[path])
    home.ok("lock")
    assert told == json.loads(home.ok(*command).out)
    editor.close(path)


async def test_what_nobody_can_know_counts_as_at_least(
    home: Space, editor: Editor
) -> None:
    path = realized(home)
    editor.open(path)
    await why(editor, path)
    editor.replace(path, 0, 0, 'base = "nowhere.invalid/image:new"\n')
    await why(editor, path)
    assert (await lenses(editor, path))[0][1].startswith(
        "≈ runs 4 steps again, at leas"
    )
    editor.close(path)


async def test_the_lock_is_brought_up_to_date_from_the_editor(
    home: Space, editor: Editor
) -> None:
    path = realized(home)
    editor.open(path)
    await why(editor, path)
    at = editor.texts[path].index("echo three")
    editor.replace(path, at, at, "true && ")
    await why(editor, path)
    start = types.Range(types.Position(0, 0), types.Position(0, 0))
    which = types.TextDocumentIdentifier(path.as_uri())
    asked = types.CodeActionParams(which, start, types.CodeActionContext([]))
    answer = await editor.client.text_document_code_action_async(asked)
    (action,) = answer or ()
    assert isinstance(action, types.Command)
    assert action.title == "Update dynbuild.lock"
    run = types.ExecuteCommandParams(action.command, action.arguments)
    before = home.read("dynbuild.lock")
    await editor.client.workspace_execute_command_async(run)
    assert "save the declaration first" in await said(editor)
    assert home.read("dynbuild.lock") == before
    path.write_text(editor.texts[path])
    await editor.client.workspace_execute_command_async(run)
    assert await said(editor) == "dynbuild: wrote dynbuild.lock: 1 change"
    home.ok("lock", "--check")
    editor.close(path)


async def test_each_of_several_images_has_its_price(
    home: Space, editor: Editor
) -> None:
    locks.committed(home, SEVERAL)
    path = home.root / "dynbuild.toml"
    editor.open(path)
    command = ("why", "--json", "--platform", PLATFORM)
    told = await why(editor, path)
    assert told.keys() == {"common", "api", "worker"}
    assert told == json.loads(home.ok(*command).out)
    at = editor.texts[path].index("make app")
    editor.replace(path, at, at, "true && ")
    told = await why(editor, path)
    # At the name of each image; what is inherited once, of the image that has it.
    rows = editor.texts[path].split("\n")
    places = [
        (rows[line - 1], text.split(": ")[0])
        for line, text in await lenses(editor, path)
    ]
    assert places == [
        ("[images.common]", "common"),
        ("[images.api]", "api"),
        ("[images.worker]", "worker"),
        (
            "[images.common.stages.deps]",
            "seq 2 · on the base · runs again, not measured yet",
        ),
        ("[images.api.stages.app]", "seq 4 · on deps · runs again, not measured yet"),
        (
            "[images.worker.stages.app]",
            "seq 5 · on deps · runs again, not measured yet",
        ),
    ]
    path.write_text(editor.texts[path])
    locks.lock(home, editor.texts[path])
    assert told == json.loads(home.ok(*command).out)
    editor.close(path)


async def test_a_restricted_folder_has_no_prices(home: Space) -> None:
    path = realized(home)
    errors = home.root / "stderr"
    editor = await Editor.start(errors, home.root, {"prices": False})
    editor.open(path)
    await editor.diagnostics(path)
    await asyncio.sleep(1)
    assert await lenses(editor, path) == []
    await editor.stop()
    assert "Traceback" not in errors.read_text()
