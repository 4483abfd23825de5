"""The requests of the protocol about a place of a file, answered from ``asking``."""

from collections.abc import Sequence
from pathlib import Path

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dynbuild.cli.server.asking import (
    Asked,
    completions,
    definitions,
    hover,
    references,
)
from dynbuild.cli.server.protocol import Places
from dynbuild.cli.server.renames import NotRenamedError, renamed
from dynbuild.cli.server.session import DynbuildServer, path_of
from dynbuild.cli.server.state import Project
from dynbuild.editor.completion import Item, ItemKind
from dynbuild.editor.outline import Symbol, folds, symbols
from dynbuild.errors import DeclarationError
from dynbuild.lang.formatting import format_source
from dynbuild.spans import Source

_KINDS: dict[ItemKind, types.CompletionItemKind] = {
    "field": types.CompletionItemKind.Field,
    "value": types.CompletionItemKind.EnumMember,
    "stage": types.CompletionItemKind.Reference,
    "variable": types.CompletionItemKind.Variable,
    "builtin": types.CompletionItemKind.Function,
    "attribute": types.CompletionItemKind.Property,
    "keyword": types.CompletionItemKind.Keyword,
}


def add_features(server: DynbuildServer) -> None:
    """Register what is answered from the texts alone."""
    triggers = types.CompletionOptions(trigger_characters=[".", '"', "'"])
    server.feature(types.TEXT_DOCUMENT_COMPLETION, triggers)(_complete)
    server.feature(types.TEXT_DOCUMENT_HOVER)(_hover)
    server.feature(types.TEXT_DOCUMENT_DEFINITION)(_define)
    server.feature(types.TEXT_DOCUMENT_REFERENCES)(_refer)
    server.feature(types.TEXT_DOCUMENT_RENAME)(_rename)
    server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)(_outline)
    server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)(_fold)
    server.feature(types.TEXT_DOCUMENT_FORMATTING)(_format)


_At = (
    types.CompletionParams
    | types.HoverParams
    | types.DefinitionParams
    | types.ReferenceParams
    | types.RenameParams
)


def _asked(server: DynbuildServer, params: _At) -> tuple[Asked, Places] | None:
    """Return the place that is asked about, in a file that a project claims."""
    found = _claimed(server, params.text_document.uri)
    if found is None:
        return None
    project, path, text = found
    places = server.places(project)
    at = places.offset(text, params.position)
    root = project.config.parent
    files = server.files
    syntax = project.syntax if path == project.config else "nix"
    return Asked(path, text, at, syntax, root, project.valid, files), places


def _claimed(server: DynbuildServer, uri: str) -> tuple[Project, Path, str] | None:
    path = path_of(uri)
    text = server.state.open.get(path) if path else None
    project = server.state.owner(path) if path else None
    if path is None or text is None or project is None:
        return None
    return project, path, text


def _complete(
    server: DynbuildServer, params: types.CompletionParams
) -> types.CompletionList | None:
    found = _asked(server, params)
    if found is None:
        return None
    asked, places = found
    items = [_item(asked, places, item) for item in completions(asked)]
    return types.CompletionList(is_incomplete=False, items=items)


def _item(asked: Asked, places: Places, item: Item) -> types.CompletionItem:
    where = places.range_in(asked.text, item.start, item.end)
    about = types.MarkupContent(types.MarkupKind.Markdown, item.documentation)
    return types.CompletionItem(
        label=item.label,
        kind=_KINDS[item.kind],
        detail=item.detail or None,
        documentation=about if item.documentation else None,
        text_edit=types.TextEdit(where, item.text),
    )


def _hover(server: DynbuildServer, params: types.HoverParams) -> types.Hover | None:
    found = _asked(server, params)
    if found is None:
        return None
    asked, _ = found
    project = server.state.owner(asked.path)
    place = asked.stage_place()
    priced = project.priced if project else None
    estimate = priced.estimates.get(place.image) if priced and place else None
    cost = estimate.of_stage(place.stage) if estimate and place else None
    text = "\n\n".join(filter(None, [hover(asked), cost]))
    if not text:
        return None
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text))


def _define(
    server: DynbuildServer, params: types.DefinitionParams
) -> list[types.Location]:
    found = _asked(server, params)
    if found is None:
        return []
    asked, places = found
    return [places.location(span) for span in definitions(asked)]


def _refer(
    server: DynbuildServer, params: types.ReferenceParams
) -> list[types.Location]:
    found = _asked(server, params)
    if found is None:
        return []
    asked, places = found
    spans = references(asked)
    if not params.context.include_declaration:
        spans = spans[1:]
    return [places.location(span) for span in spans]


def _rename(
    server: DynbuildServer, params: types.RenameParams
) -> types.WorkspaceEdit | None:
    found = _asked(server, params)
    if found is None:
        return None
    asked, places = found
    try:
        return places.edit(renamed(asked, params.new_name))
    except NotRenamedError as error:
        # The editor shows it where the name was typed.
        raise JsonRpcException(str(error), code=_REQUEST_FAILED) from None


_REQUEST_FAILED = -32803


def _outline(
    server: DynbuildServer, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol]:
    """Return the outline of the last text that was valid."""
    found = _claimed(server, params.text_document.uri)
    if found is None or found[0].valid is None:
        return []
    project, path, _ = found
    valid = project.valid
    if valid is None or valid.loaded is None:
        return []
    name = path.relative_to(project.config.parent).as_posix()
    places = server.places(project)
    return [_symbol(places, one) for one in symbols(valid.loaded, name)]


def _symbol(places: Places, one: Symbol) -> types.DocumentSymbol:
    text = one.key.source.text
    return types.DocumentSymbol(
        name=one.name or "(no name)",
        kind=types.SymbolKind.Class if one.is_stage else types.SymbolKind.Field,
        range=places.range_in(text, one.start, one.end),
        selection_range=places.range(one.key),
        children=[_symbol(places, below) for below in one.below],
    )


def _fold(
    server: DynbuildServer, params: types.FoldingRangeParams
) -> list[types.FoldingRange]:
    found = _claimed(server, params.text_document.uri)
    if found is None:
        return []
    project, path, text = found
    syntax = project.syntax if path == project.config else "nix"
    lines = server.places(project).lines(text)
    ranges = []
    for start, end in folds(text, syntax):
        first, last = lines.position(start)[0], lines.position(end)[0]
        if first < last:
            ranges.append(types.FoldingRange(start_line=first, end_line=last))
    return ranges


def _format(
    server: DynbuildServer, params: types.DocumentFormattingParams
) -> Sequence[types.TextEdit] | None:
    """Format a source in the language as ``fmt`` does; others have formatters."""
    found = _claimed(server, params.text_document.uri)
    if found is None or found[1].suffix != ".nix":
        return None
    project, path, text = found
    try:
        new = format_source(Source(path.name, text))
    except DeclarationError:
        return None  # its mistakes are told already
    if new == text:
        return []
    whole = server.places(project).range_in(text, 0, len(text))
    return [types.TextEdit(whole, new)]
