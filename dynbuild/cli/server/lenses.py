"""Prices in the text, and what brings the lock up to date: lenses and commands."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from lsprotocol import types

from dynbuild import api
from dynbuild.cli.render.why_data import answer_data
from dynbuild.cli.server.checking import Checked
from dynbuild.cli.server.newer import newer_images
from dynbuild.cli.server.prices import Pricing
from dynbuild.cli.server.session import DynbuildServer, path_of
from dynbuild.cli.server.state import Project
from dynbuild.commands.lock_requests import LockOptions
from dynbuild.editor.moved import moved
from dynbuild.editor.stages import stage_places
from dynbuild.environment.model import Environment
from dynbuild.errors import DynbuildError
from dynbuild.lockfile.images import ONLY

UPDATE, UPGRADE = "dynbuild.lock", "dynbuild.upgradeBase"
OUTDATED, WHY = "dynbuild.outdated", "dynbuild.why"


def add_prices(server: DynbuildServer) -> None:
    """Register lenses, and the commands that the user alone starts."""
    server.feature(types.TEXT_DOCUMENT_CODE_LENS)(_lenses)
    server.command(UPDATE)(_update)
    server.command(UPGRADE)(_upgrade)
    server.command(OUTDATED)(_outdated)
    server.command(WHY)(_why)


def _lenses(
    server: DynbuildServer, params: types.CodeLensParams
) -> list[types.CodeLens]:
    """Return what the text costs, on its first line, and each stage, on its own."""
    path = path_of(params.text_document.uri)
    project = server.state.owner(path) if path else None
    if path is None or project is None or project.priced is None:
        return []
    priced = project.priced
    loaded = priced.checked.loaded
    assert loaded is not None
    text = server.state.open.get(path, "")
    places = server.places(project)
    lenses: list[types.CodeLens] = []

    def told(offset: int, words: str) -> None:
        where = places.range_in(text, offset, offset)
        lenses.append(types.CodeLens(where, types.Command(words, "")))

    name = path.relative_to(project.config.parent).as_posix()
    then = priced.checked.texts.get(path, text)
    for image, estimate in priced.estimates.items():
        key = loaded.key("images", image) if image else None
        if key is not None and key.source.name == name:
            told(moved(key.start, text, then), f"{image}: {estimate.summary()}")
        elif key is None and path == project.config:
            told(0, estimate.summary())
    seen: set[int] = set()
    for one in stage_places(loaded):
        start = one.span.start
        # What an image inherits is told once, of the image that has it.
        if one.defines and one.span.source.name == name and start not in seen:
            seen.add(start)
            if words := priced.estimates[one.image].of_stage(one.stage):
                told(moved(start, text, then), words)
    return lenses


def lock_actions(project: Project) -> list[types.Command]:
    """Return what brings the lock up to date, where it is stale or its pins old."""
    uri = project.config.as_uri()
    actions = []
    if project.priced and project.priced.stale:
        title = "Update dynbuild.lock"
        actions.append(types.Command(title, UPDATE, arguments=[uri]))
    if project.newer:
        title = "Pin the newest images"
        actions.append(types.Command(title, UPGRADE, arguments=[uri]))
    return actions


def _named(server: DynbuildServer, uri: str) -> tuple[Project, Checked] | None:
    path = path_of(uri)
    project = server.state.owner(path) if path else None
    if project is None or project.last is None or project.last.loaded is None:
        return None
    return project, project.last


async def _update(server: DynbuildServer, uri: str) -> None:
    await _lock(server, uri, LockOptions())


async def _upgrade(server: DynbuildServer, uri: str) -> None:
    await _lock(server, uri, LockOptions(upgrade_base=True))


async def _lock(server: DynbuildServer, uri: str, options: LockOptions) -> None:
    """Write the lock, as ``dynbuild lock`` does: registries may be asked."""
    found = _named(server, uri)
    if found is None:
        _show(server, "correct the mistakes of the declaration first", warning=True)
        return
    project, done = found
    own = [one for one in done.texts.items() if project.claims(one[0])]
    if any(_is_unsaved(path, text) for path, text in own):
        message = "save the declaration first: a lock is of what is saved"
        _show(server, message, warning=True)
        return
    loop = asyncio.get_running_loop()
    said = await loop.run_in_executor(None, partial(_locked, done, options))
    project.newer = ()
    _show(server, said)
    server.changed(project.config)


def _is_unsaved(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8-sig") != text
    except (OSError, UnicodeDecodeError):
        return True


def _locked(done: Checked, options: LockOptions) -> str:
    assert done.loaded is not None
    environment = Environment(Pricing().project(done))
    try:
        locked = api.lock(done.loaded, environment, options)
    except DynbuildError as error:
        return error.diagnostics[0].message
    count = len(locked.changes)
    if locked.text is None:
        return f"{done.place.lock} is up to date"
    return f"wrote {done.place.lock}: {count} change{'s' * (count != 1)}"


async def _why(server: DynbuildServer, uri: str) -> dict[str, Any] | None:
    """Return what ``dynbuild why --json`` prints, once the last text has a price."""
    found = _named(server, uri)
    priced = found[0].priced if found else None
    if priced is None or found is None or priced.checked is not found[1]:
        return None
    answers = {name: answer_data(one) for name, one in priced.explanations.items()}
    return answers.get(ONLY, answers)


async def _outdated(server: DynbuildServer, uri: str) -> None:
    """Ask registries for newer images, since the user asked for that."""
    found = _named(server, uri)
    if found is None:
        return
    project, done = found
    loop = asyncio.get_running_loop()
    newer = await loop.run_in_executor(None, partial(newer_images, done))
    project.newer = newer
    if not newer:
        _show(server, "all images are the newest, as far as registries tell")
    server.changed(project.config)


def _show(server: DynbuildServer, text: str, *, warning: bool = False) -> None:
    kind = types.MessageType.Warning if warning else types.MessageType.Info
    server.window_show_message(types.ShowMessageParams(kind, f"dynbuild: {text}"))
