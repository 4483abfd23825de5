"""Recorded sessions: a text, what is typed into it, what is asked, what is answered.

Each file of ``sessions`` is one. Whatever was typed, in the end the server says of the
text what ``dynbuild check`` says of it, and it never wrote a traceback.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.editor.client import Editor, as_checked, as_told, offset
from tests.space import Space

SESSIONS = sorted(Path(__file__).with_name("sessions").glob("*.toml"))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
async def test_a_session(editor: Editor, space: Space, session: Path) -> None:
    recorded = tomllib.loads(session.read_text())  # noqa: ASYNC240 - it is small
    for name, text in recorded.get("files", {}).items():
        space.write(name, text)
    name = recorded["file"]
    config = recorded.get("declaration", name)
    path = space.write(name, recorded["start"])
    editor.open(path)
    typist = Typist(editor, path)
    for step in recorded["steps"]:
        await typist.make(step)
    told = await editor.diagnostics(path)
    for opened, text in editor.texts.items():
        opened.write_text(text)
    if "end" in recorded:
        assert editor.texts[path] == recorded["end"]
    done = space.run("check", "--json", "-c", config)
    assert as_told(editor.texts[path], told) == as_checked(done.out, name)
    editor.close(path)


@dataclass(slots=True)
class Typist:
    """Who types in a file: at the cursor, key by key."""

    editor: Editor
    path: Path
    at: int = 0

    async def make(self, step: Mapping[str, Any]) -> None:
        """Make the parts of a step, in the order in which they are written."""
        for word, value in step.items():
            # A key of TOML stands once: what comes again has another ending.
            made = re.sub(r"_(?:then|more|last)$", "", word)
            await getattr(self, f"_{made}")(value)

    @property
    def text(self) -> str:
        return self.editor.texts[self.path]

    async def _after(self, anchor: str) -> None:
        self.at = self.text.index(anchor) + len(anchor)

    async def _before(self, anchor: str) -> None:
        self.at = self.text.index(anchor)

    async def _type(self, text: str) -> None:
        for char in text:
            self.editor.replace(self.path, self.at, self.at, char)
            self.at += 1

    async def _erase(self, text: str) -> None:
        for char in reversed(text):
            assert self.text[self.at - 1] == char
            self.editor.replace(self.path, self.at - 1, self.at, "")
            self.at -= 1

    async def _codes(self, codes: list[str]) -> None:
        told = await self.editor.diagnostics(self.path)
        assert sorted(str(one.code) for one in told) == codes

    async def _offers(self, labels: list[str]) -> None:
        await self.editor.diagnostics(self.path)
        offered = await self._completions()
        assert set(labels) <= {one.label for one in offered}

    async def _offers_not(self, labels: list[str]) -> None:
        assert not set(labels) & {one.label for one in await self._completions()}

    async def _complete(self, label: str) -> None:
        """Take one of what is offered."""
        await self.editor.diagnostics(self.path)
        (item,) = [one for one in await self._completions() if one.label == label]
        edit = item.text_edit
        assert isinstance(edit, types.TextEdit)
        start, end = (
            offset(self.text, edit.range.start),
            offset(self.text, edit.range.end),
        )
        self.editor.replace(self.path, start, end, edit.new_text)
        self.at = start + len(edit.new_text)

    async def _completions(self) -> list[types.CompletionItem]:
        uri, where = self.editor.place(self.path, self.at)
        which = types.TextDocumentIdentifier(uri)
        answer = await self.editor.client.text_document_completion_async(
            types.CompletionParams(which, where)
        )
        assert isinstance(answer, types.CompletionList)
        return list(answer.items)

    async def _hover(self, words: list[str]) -> None:
        await self.editor.diagnostics(self.path)
        uri, where = self.editor.place(self.path, self.at)
        answer = await self.editor.client.text_document_hover_async(
            types.HoverParams(types.TextDocumentIdentifier(uri), where)
        )
        said = ""
        if answer is not None:
            assert isinstance(answer.contents, types.MarkupContent)
            said = answer.contents.value
        assert [word for word in words if word not in said] == [], said

    async def _defined(self, places: list[str]) -> None:
        await self.editor.diagnostics(self.path)
        uri, where = self.editor.place(self.path, self.at)
        answer = await self.editor.client.text_document_definition_async(
            types.DefinitionParams(types.TextDocumentIdentifier(uri), where)
        )
        assert isinstance(answer, list)
        assert [self._shown(one) for one in answer] == places

    async def _references(self, places: list[str]) -> None:
        await self.editor.diagnostics(self.path)
        uri, where = self.editor.place(self.path, self.at)
        answer = await self.editor.client.text_document_references_async(
            types.ReferenceParams(
                types.ReferenceContext(include_declaration=True),
                types.TextDocumentIdentifier(uri),
                where,
            )
        )
        assert answer is not None
        assert [self._shown(one) for one in answer] == places

    def _shown(self, place: object) -> str:
        assert isinstance(place, types.Location)
        path = Path(place.uri.removeprefix("file://"))
        root = self.path.parent
        shown = path.relative_to(root if root in path.parents else root.parent)
        start = place.range.start
        return f"{shown}:{start.line + 1}:{start.character + 1}"

    async def _rename(self, new: str) -> None:
        self.editor.apply(await self._renaming(new))

    async def _rename_fails(self, step: list[str]) -> None:
        new, message = step
        with pytest.raises(JsonRpcException, match=message):
            await self._renaming(new)

    async def _renaming(self, new: str) -> types.WorkspaceEdit:
        await self.editor.diagnostics(self.path)
        uri, where = self.editor.place(self.path, self.at)
        answer = await self.editor.client.text_document_rename_async(
            types.RenameParams(types.TextDocumentIdentifier(uri), where, new)
        )
        assert answer is not None
        return answer

    async def _actions(self, titles: list[str]) -> None:
        assert [one.title for one in await self._mends()] == titles

    async def _mend(self, title: str) -> None:
        (action,) = [one for one in await self._mends() if one.title == title]
        assert action.edit is not None
        self.editor.apply(action.edit)

    async def _mends(self) -> list[types.CodeAction]:
        await self.editor.diagnostics(self.path)
        uri, where = self.editor.place(self.path, self.at)
        answer = await self.editor.client.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(uri),
                types.Range(where, where),
                types.CodeActionContext([]),
            )
        )
        return [one for one in answer or () if isinstance(one, types.CodeAction)]

    async def _symbols(self, names: list[str]) -> None:
        await self.editor.diagnostics(self.path)
        which = types.TextDocumentIdentifier(self.path.as_uri())
        answer = await self.editor.client.text_document_document_symbol_async(
            types.DocumentSymbolParams(which)
        )
        assert [one.name for one in answer or ()] == names

    async def _folds(self, lines: list[list[int]]) -> None:
        which = types.TextDocumentIdentifier(self.path.as_uri())
        answer = await self.editor.client.text_document_folding_range_async(
            types.FoldingRangeParams(which)
        )
        found = [[one.start_line + 1, one.end_line + 1] for one in answer or ()]
        assert found == lines

    async def _format(self, options: Mapping[str, Any]) -> None:
        which = types.TextDocumentIdentifier(self.path.as_uri())
        settings = types.FormattingOptions(tab_size=2, insert_spaces=True)
        answer = await self.editor.client.text_document_formatting_async(
            types.DocumentFormattingParams(which, settings)
        )
        assert (answer is not None) == options.get("formats", True)
        changes = {self.path.as_uri(): list(answer or ())}
        self.editor.apply(types.WorkspaceEdit(changes=changes))
