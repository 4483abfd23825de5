"""Values of dynbuild as the types of the protocol."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from lsprotocol import types

from dynbuild.editor.lines import Encoding, Lines
from dynbuild.errors import Diagnostic, Edit, Mend
from dynbuild.spans import Source, Span

CHECK = "dynbuild"
"""The source of diagnostics that ``dynbuild check`` has too."""


def typed(
    text: str,
    changes: Iterable[types.TextDocumentContentChangeEvent],
    encoding: Encoding,
) -> str:
    """Return a text after changes, each of the text that the one before it left."""
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            lines = Lines(text, encoding)
            start, end = change.range.start, change.range.end
            before = text[: lines.offset(start.line, start.character)]
            text = before + change.text + text[lines.offset(end.line, end.character) :]
        else:
            text = change.text
    return text


class Places:
    """The places of one project in units of the client; texts are indexed once."""

    def __init__(
        self, root: Path, encoding: Encoding, uris: Mapping[Path, str]
    ) -> None:
        self._root = root
        self._encoding = encoding
        self._uris = uris
        self._lines: dict[str, Lines] = {}

    def uri(self, source: Source) -> str:
        return self.uri_of(self._root / source.name)

    def uri_of(self, path: Path) -> str:
        """Return what the client calls a file, if it opened it."""
        return self._uris.get(path) or path.as_uri()

    def lines(self, text: str) -> Lines:
        if text not in self._lines:
            self._lines[text] = Lines(text, self._encoding)
        return self._lines[text]

    def range(self, span: Span) -> types.Range:
        return self.range_in(span.source.text, span.start, span.end)

    def range_in(self, text: str, start: int, end: int) -> types.Range:
        lines = self.lines(text)
        return types.Range(
            types.Position(*lines.position(start)), types.Position(*lines.position(end))
        )

    def offset(self, text: str, position: types.Position) -> int:
        return self.lines(text).offset(position.line, position.character)

    def location(self, span: Span) -> types.Location:
        return types.Location(self.uri(span.source), self.range(span))

    def diagnostic(self, one: Diagnostic) -> types.Diagnostic:
        """Return a diagnostic; the hint is a line of its message."""
        return types.Diagnostic(
            range=self.range(one.span) if one.span else _START,
            message=f"{one.message}\nhint: {one.hint}" if one.hint else one.message,
            severity=types.DiagnosticSeverity.Error
            if one.severity == "error"
            else types.DiagnosticSeverity.Warning,
            code=one.code,
            source=CHECK,
            related_information=[
                types.DiagnosticRelatedInformation(
                    self.location(label.span), label.text
                )
                for label in one.labels
            ],
        )

    def noted(self, one: Diagnostic, source: str) -> types.Diagnostic:
        """Return what is no mistake of the text, at its beginning."""
        message = f"{one.message}\nhint: {one.hint}" if one.hint else one.message
        kind = types.DiagnosticSeverity.Information
        return types.Diagnostic(_START, message, kind, one.code, source=source)

    def action(
        self, mend: Mend, diagnostic: types.Diagnostic, *, alone: bool
    ) -> types.CodeAction:
        """Return the action that makes a mend."""
        return types.CodeAction(
            title=mend.title[:1].upper() + mend.title[1:],
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[diagnostic],
            is_preferred=alone,
            edit=self.edit(mend.edits),
        )

    def edit(self, edits: Iterable[Edit]) -> types.WorkspaceEdit:
        changes: dict[str, list[types.TextEdit]] = {}
        for edit in edits:
            written = types.TextEdit(self.range(edit.span), edit.text)
            changes.setdefault(self.uri(edit.span.source), []).append(written)
        return types.WorkspaceEdit(changes=changes)


_START = types.Range(types.Position(0, 0), types.Position(0, 0))
