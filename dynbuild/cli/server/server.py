"""The server: its features, and what the client says of files."""

import gc
import logging
import os
import sys
from pathlib import Path

from lsprotocol import types

from dynbuild.cli.server.checking import Checked
from dynbuild.cli.server.features import add_features
from dynbuild.cli.server.lenses import add_prices, lock_actions
from dynbuild.cli.server.prices import Pricing
from dynbuild.cli.server.protocol import typed
from dynbuild.cli.server.session import DynbuildServer, path_of
from dynbuild.errors import Mend


def _started(server: DynbuildServer, params: types.InitializeParams) -> None:
    """Heed the client's options: prices may be off, as where a folder is no one's.

    Without prices nothing is asked of anyone, registries included.
    """
    options = params.initialization_options
    given = options if isinstance(options, dict) else {}
    if given.get("prices", True) is not True:
        server.pricing = None
    elif given.get("tiers") is True:
        server.pricing = Pricing(tiers=True)
    server.registries = given.get("registries") is True


def _opened(server: DynbuildServer, params: types.DidOpenTextDocumentParams) -> None:
    document = params.text_document
    if path := path_of(document.uri):
        server.state.uris[path] = document.uri
        _take(server, path, document.text, document.version)


def _typed(server: DynbuildServer, params: types.DidChangeTextDocumentParams) -> None:
    which = params.text_document
    path = path_of(which.uri)
    if path is not None and path in server.state.open:
        before = server.state.open[path]
        text = typed(before, params.content_changes, server.encoding)
        _take(server, path, text, which.version)


def _take(server: DynbuildServer, path: Path, text: str, version: int) -> None:
    server.state.open[path] = text
    server.state.versions[path] = version
    server.changed(path)


def _closed(server: DynbuildServer, params: types.DidCloseTextDocumentParams) -> None:
    if path := path_of(params.text_document.uri):
        server.state.open.pop(path, None)
        server.state.versions.pop(path, None)
        server.changed(path)


def _saved(server: DynbuildServer, params: types.DidSaveTextDocumentParams) -> None:
    if path := path_of(params.text_document.uri):
        server.changed(path)


def _ready(server: DynbuildServer, params: types.InitializedParams) -> None:
    """Ask to be told of files that others change: git, above all."""
    del params
    workspace = server.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace else None
    if watching is None or not watching.dynamic_registration:
        return
    patterns = ("**/dynbuild.*", "**/*.nix")
    watchers = [types.FileSystemWatcher(pattern) for pattern in patterns]
    options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    server.client_register_capability(
        types.RegistrationParams([types.Registration("files", method, options)])
    )


def _changed(server: DynbuildServer, params: types.DidChangeWatchedFilesParams) -> None:
    """Check again the open projects that files were changed in."""
    paths = {path for one in params.changes if (path := path_of(one.uri))}
    for config in list(server.state.projects):
        if any(config.parent in path.parents for path in paths):
            server.changed(config)


def _actions(
    server: DynbuildServer, params: types.CodeActionParams
) -> list[types.CodeAction | types.Command]:
    """Return the mends of the diagnostics in a range."""
    path = path_of(params.text_document.uri)
    project = server.state.owner(path) if path else None
    if project is None or project.last is None:
        return []
    places, asked = server.places(project), params.range
    actions: list[types.CodeAction | types.Command] = []
    if path == project.config and asked.start.line == 0:
        actions += lock_actions(project)
    for one in project.last.diagnostics:
        if (
            not one.mends
            or one.span is None
            or project.last.path(one.span.source) != path
        ):
            continue
        told = places.diagnostic(one)
        if told.range.start <= asked.end and asked.start <= told.range.end:
            alone = len(one.mends) == 1
            actions += [
                places.action(mend, told, alone=alone)
                for mend in one.mends
                if _is_of_now(server, project.last, mend)
            ]
    return actions


def _is_of_now(server: DynbuildServer, done: Checked, mend: Mend) -> bool:
    """Whether the edits are of texts that nobody has typed in since the check."""
    sources = [edit.span.source for edit in mend.edits]
    return all(
        server.state.open.get(done.path(source), source.text) == source.text
        for source in sources
    )


def serve(version: str) -> None:
    """Serve one client on standard input and output until it ends the session."""
    # What goes wrong is told to the client; its log would be of answers it has.
    logging.disable(logging.CRITICAL)
    # A collection costs more than a check of a large declaration; see _tidy.
    gc.collect()
    gc.freeze()
    gc.disable()
    server = DynbuildServer(version)
    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(_opened)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(_typed)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(_closed)
    server.feature(types.TEXT_DOCUMENT_DID_SAVE)(_saved)
    server.feature(types.INITIALIZE)(_started)
    server.feature(types.INITIALIZED)(_ready)
    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_changed)
    kinds = types.CodeActionOptions([types.CodeActionKind.QuickFix])
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)(_actions)
    add_features(server)
    add_prices(server)
    # Copies: what it closes in the end is not what the command line closes.
    with (
        os.fdopen(os.dup(sys.stdin.fileno()), "rb") as asked,
        os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answered,
    ):
        server.start_io(asked, answered)
