"""An editor without a screen: files that are open, and what the server says of them."""

import asyncio
import json
import os
import re
import sys
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types
from pytest_lsp import LanguageClient

from tests.space import GIT_ALONE

LONGEST = 60.0
"""Seconds after which an answer is missed."""


@dataclass(slots=True)
class Editor:
    """A client of one server, with the texts of its open files."""

    client: LanguageClient
    texts: dict[Path, str] = field(default_factory=dict)
    versions: dict[Path, int] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)
    messages: list[types.ShowMessageParams] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    @staticmethod
    async def start(
        errors: Path, root: Path, options: object = None, **variables: str
    ) -> "Editor":
        """Start a server whose stderr goes to a file."""
        client = LanguageClient()
        editor = Editor(client)

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def _published(_: object, params: types.PublishDiagnosticsParams) -> None:
            client.diagnostics[params.uri] = params.diagnostics
            if params.version is not None:
                editor.answered[params.uri] = params.version
            editor.told.set()

        @client.feature(types.WINDOW_SHOW_MESSAGE)
        def _shown(_: object, params: types.ShowMessageParams) -> None:
            editor.messages.append(params)
            editor.told.set()

        script = 'exec "$0" -m dynbuild lsp --stdio 2>"$1"'
        words = ("sh", "-c", script, sys.executable, str(errors))
        await client.start_io(*words, env={**os.environ, **variables})
        await client.initialize_session(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(),
                root_uri=root.as_uri(),
                initialization_options=options,
            )
        )
        return editor

    async def stop(self) -> None:
        await self.client.shutdown_session()
        await self.client.stop()

    def open(self, path: Path, text: str | None = None) -> None:
        self.texts[path] = path.read_text() if text is None else text
        self.versions[path] = 1
        item = types.TextDocumentItem(path.as_uri(), "nix", 1, self.texts[path])
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def close(self, path: Path) -> None:
        which = types.TextDocumentIdentifier(path.as_uri())
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(which))
        del self.texts[path]

    def replace(self, path: Path, start: int, end: int, text: str) -> None:
        """Replace a part of a file, as one change."""
        before = self.texts[path]
        where = types.Range(position(before, start), position(before, end))
        self.texts[path] = before[:start] + text + before[end:]
        self.versions[path] += 1
        which = types.VersionedTextDocumentIdentifier(
            self.versions[path], path.as_uri()
        )
        change = types.TextDocumentContentChangePartial(where, text)
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(which, [change])
        )

    async def diagnostics(self, path: Path) -> Sequence[types.Diagnostic]:
        """Return what is said of the newest text of a file."""
        uri = path.as_uri()
        async with asyncio.timeout(LONGEST):
            while self.answered.get(uri, 0) < self.versions[path]:
                self.told.clear()
                await self.told.wait()
        return self.client.diagnostics[uri]

    def place(self, path: Path, offset: int) -> tuple[str, types.Position]:
        return path.as_uri(), position(self.texts[path], offset)

    def apply(self, edit: types.WorkspaceEdit) -> None:
        """Make the edits of files, open or not."""
        for uri, edits in (edit.changes or {}).items():
            path = Path(uri.removeprefix("file://"))
            is_open = path in self.texts
            text = self.texts[path] if is_open else path.read_text()
            spans = [
                (offset(text, one.range.start), offset(text, one.range.end), one)
                for one in edits
            ]
            for start, end, one in sorted(spans, key=lambda span: -span[0]):
                if is_open:
                    self.replace(path, start, end, one.new_text)
                else:
                    text = text[:start] + one.new_text + text[end:]
                    path.write_text(text)


def apart(home: Path) -> dict[str, str]:
    """Return variables with which a server knows nothing of this machine."""
    places = {
        "HOME": home,
        "XDG_CACHE_HOME": home / "cache",
        "XDG_STATE_HOME": home / "state",
    }
    return {name: str(path) for name, path in places.items()} | {
        "DOCKER_HOST": "unix:///nowhere.sock",
        **GIT_ALONE,
    }


_BREAK = re.compile(r"\r\n|\n|\r")


def position(text: str, offset: int) -> types.Position:
    """Return a place as the protocol counts it by default: in UTF-16."""
    starts = _starts(text)
    line = bisect_right(starts, offset) - 1
    row = text[starts[line] : offset]
    return types.Position(line, len(row.encode("utf-16-le", "surrogatepass")) // 2)


def offset(text: str, position: types.Position) -> int:
    start = _starts(text)[position.line]
    units = text[start:].encode("utf-16-le", "surrogatepass")
    row = units[: 2 * position.character].decode("utf-16-le", "surrogatepass")
    return start + len(row)


def _starts(text: str) -> list[int]:
    """Return where lines begin; no other characters than these end one."""
    return [0, *(match.end() for match in _BREAK.finditer(text))]


def as_checked(output: str, file: str) -> list[tuple[object, ...]]:
    """Return what ``check --json`` says of a file, as rows to compare."""
    rows = []
    for one in json.loads(output):
        place = one["place"] or {"file": file, "line": 1, "column": 1}
        if place["file"] == file:
            message = one["message"] + (f"\nhint: {one['hint']}" * bool(one["hint"]))
            place = place["line"] - 1, place["column"] - 1
            rows.append((one["code"], one["severity"], message, *place))
    return sorted(rows)


def as_told(
    text: str, diagnostics: Sequence[types.Diagnostic]
) -> list[tuple[object, ...]]:
    """Return what the server says, as the same rows; what is of the lock left out."""
    rows = []
    for one in diagnostics:
        if one.source != "dynbuild":
            continue
        severity = "error" if one.severity == types.DiagnosticSeverity.Error else None
        start = offset(text, one.range.start)
        line = one.range.start.line
        column = start - _starts(text)[line]
        rows.append((one.code, severity or "warning", one.message, line, column))
    return sorted(rows)
