"""One session with an editor: what changes is checked, and what is found is told."""

import asyncio
import gc
import os
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.uris import to_fs_path

from dynbuild.cli.server.checking import Checked, checked, place_of
from dynbuild.cli.server.newer import AGAIN, newer_images
from dynbuild.cli.server.prices import Pricing
from dynbuild.cli.server.protocol import Places
from dynbuild.cli.server.sources import NixFiles
from dynbuild.cli.server.state import Project, State
from dynbuild.editor.lines import Encoding
from dynbuild.project.discovery import NAMES

_REST = 1.0
"""Seconds without a change after which memory is tidied."""

_PAUSE = 0.3
"""Seconds without a change after which a price is asked for."""

LOCK = "dynbuild lock"
"""The source of diagnostics of the lock, which ``dynbuild check`` has not."""


class DynbuildProtocol(LanguageServerProtocol):
    """The protocol, whose library does not keep the texts: ``protocol.typed`` does.

    The library ends lines at more characters than the protocol (U+2028, form feeds),
    and moves the places of a change to its lines before a handler sees them.
    """

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(
        self, params: types.DidChangeTextDocumentParams
    ) -> Generator[object, None, None]:
        handler = self.fm.features.get(types.TEXT_DOCUMENT_DID_CHANGE)
        if handler is not None:
            yield handler, (params,), None


class DynbuildServer(LanguageServer):
    """The state of one session with an editor.

    The protocol is spoken in one thread. A second one checks, one project at a time:
    while it works, changes only wait for the next check, which is of the newest texts.
    """

    def __init__(self, version: str) -> None:
        super().__init__("dynbuild", version, protocol_cls=DynbuildProtocol)
        self.state = State()
        self.files = NixFiles()
        self.checker = ThreadPoolExecutor(1, thread_name_prefix="check")
        self.pricer = ThreadPoolExecutor(1, thread_name_prefix="price")
        self.asker = ThreadPoolExecutor(1, thread_name_prefix="ask")
        self.pricing: Pricing | None = Pricing()
        self.registries = False
        """Whether the user lets registries be asked for newer images, unbidden."""
        self._rest: asyncio.TimerHandle | None = None

    def changed(self, path: Path) -> None:
        """Check the projects that a change of a file concerns."""
        self._busy()
        for project in list(self.state.concerned(path)):
            project.wanted += 1
            if not project.checking:
                project.checking = True
                _started(self._check(project))

    def places(self, project: Project) -> Places:
        return Places(project.config.parent, self.encoding, self.state.uris)

    @property
    def encoding(self) -> Encoding:
        """What a column counts, as was agreed with the client."""
        match self.workspace.position_encoding:
            case types.PositionEncodingKind.Utf8:
                return "utf-8"
            case types.PositionEncodingKind.Utf32:
                return "utf-32"
            case _:  # what the protocol has where nothing was agreed
                return "utf-16"

    async def _check(self, project: Project) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                count = project.wanted
                place = place_of(project.config)
                texts, versions = self.state.texts(), dict(self.state.versions)
                work = partial(checked, place, texts, project.parses.parse)
                project.take(await loop.run_in_executor(self.checker, work))
                project.versions = versions
                self._tell(project)
                if count == project.wanted:
                    break
        except Exception as error:  # noqa: BLE001 - told: silence would show what was
            kind = type(error).__name__
            words = f"dynbuild: the check failed, a bug of dynbuild ({kind}: {error})"
            message = types.ShowMessageParams(types.MessageType.Error, words)
            self.window_show_message(message)
            return
        finally:
            project.checking = False
        self._tidy(loop)
        if project.pause is not None:
            project.pause.cancel()
        if self.pricing is not None:
            later = partial(self._price_later, project)
            project.pause = loop.call_later(_PAUSE, later)

    def _price_later(self, project: Project) -> None:
        project.pause = None
        _started(self._price(project))

    async def _price(self, project: Project) -> None:
        """Find what the last text costs, beside all else; tell it if it is the last."""
        done = project.last
        if self.pricing is None or done is None or done.loaded is None:
            return
        loop = asyncio.get_running_loop()
        work = partial(self.pricing.priced, done)
        priced = await loop.run_in_executor(self.pricer, work)
        if project.last is not done or priced is None:
            return
        project.priced = priced
        self._tell(project)
        workspace = self.client_capabilities.workspace
        lenses = workspace.code_lens if workspace else None
        if lenses and lenses.refresh_support:
            self.workspace_code_lens_refresh(None)
        if self.registries and loop.time() >= project.ask_at:
            project.ask_at = loop.time() + AGAIN
            _started(self._ask(project, done))

    async def _ask(self, project: Project, done: Checked) -> None:
        """Ask for newer images, beside all else, and tell what was found."""
        loop = asyncio.get_running_loop()
        work = partial(newer_images, done)
        project.newer = await loop.run_in_executor(self.asker, work)
        self._tell(project)

    def _tell(self, project: Project) -> None:
        """Publish what the last check found, of every file that it speaks of."""
        done, versions = project.last, project.versions
        assert done is not None
        places = self.places(project)
        claimed = filter(project.claims, versions)
        by_file: dict[Path, list[types.Diagnostic]] = {path: [] for path in claimed}
        for one in done.diagnostics:
            path = done.path(one.span.source) if one.span else project.config
            by_file.setdefault(path, []).append(places.diagnostic(one))
        priced = project.priced
        if priced and priced.checked is done and (stale := priced.stale):
            by_file.setdefault(project.config, []).append(places.noted(stale, LOCK))
        for one in project.newer:
            by_file.setdefault(project.config, []).append(places.noted(one, LOCK))
        for path in project.told - by_file.keys():
            by_file[path] = []
        project.told = {path for path, found in by_file.items() if found}
        for path, found in by_file.items():
            uri = places.uri_of(path)
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri, found, versions.get(path))
            )

    def _busy(self) -> None:
        if self._rest is not None:
            self._rest.cancel()

    def _tidy(self, loop: asyncio.AbstractEventLoop) -> None:
        """Collect garbage once nobody types: amid a check it takes as long as that."""
        self._busy()
        self._rest = loop.call_later(_REST, gc.collect)


_tasks: set[asyncio.Task[None]] = set()


def _started(work: "asyncio._CoroutineLike[None]") -> None:
    """Start what runs by itself; the loop alone would forget it."""
    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def path_of(uri: str) -> Path | None:
    """Return the path of a file on this machine, links resolved; else None.

    A declaration is where its name is, as ``dynbuild check`` takes it: its directory is
    the project, wherever a link in its place leads.
    """
    name = to_fs_path(uri) if uri.startswith("file:") else None
    if not name or "\0" in name:
        return None
    path = Path(name)
    if path.name in NAMES:
        return Path(os.path.realpath(path.parent)) / path.name
    return Path(os.path.realpath(path))  # resolve raises at a link to itself
