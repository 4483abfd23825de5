"""Conflicting commands of two stages, which no layer reveals.

Built separately, as they are realized, both succeed; a plain build of the Dockerfile
runs the later one on the result of the earlier, and fails or writes elsewhere.
"""

import re
from collections.abc import Iterator

from dynbuild.declaration.advice.shared_directories import below
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.scripts.runs import ScriptRun, with_list
from dynbuild.declaration.scripts.script import Command, is_static
from dynbuild.declaration.syntax.edits import within
from dynbuild.declaration.syntax.spelling import spelled
from dynbuild.errors import Diagnostic
from dynbuild.quote import shell


def check_clashes(loaded: Loaded, runs: list[ScriptRun]) -> Iterator[Diagnostic]:
    """Report directories that two stages make, and links that another goes through."""
    edges = loaded.below
    made: dict[str, str] = {}
    linked: dict[str, str] = {}
    for run in runs:
        if run.stage is None or run.stage.build_only:
            continue
        for path, owner in linked.items():
            if _goes_through(run.text, path) and owner not in below(edges, run.name):
                yield _through(loaded, run, path, owner)
        for command in run.commands or ():
            for path in _makes(command):
                owner = made.setdefault(path, run.name)
                if owner != run.name and owner not in below(edges, run.name):
                    yield _both(loaded, run, path, owner)
            if (link := _links(command)) is not None:
                linked.setdefault(link, run.name)


def _both(loaded: Loaded, run: ScriptRun, path: str, owner: str) -> Diagnostic:
    return Diagnostic(
        "DB0615",
        f"{owner!r} makes {path} too: a plain build of the Dockerfile fails here",
        loaded.span(*run.path),
        f"write `mkdir -p {shell(path)}`: it accepts a directory that exists",
        severity="warning",
        mends=within(loaded.span(*run.path), "mkdir ", "mkdir -p "),
    )


def _through(loaded: Loaded, run: ScriptRun, path: str, owner: str) -> Diagnostic:
    wanted = spelled(loaded.syntax, "dependencies", [owner])
    return Diagnostic(
        "DB0616",
        f"{run.owner} goes through {path} without the link that {owner!r} sets there",
        loaded.span(*run.path),
        f"let it stand on {owner!r}: {wanted}",
        severity="warning",
        mends=with_list(
            loaded, run, "dependencies", [owner], f"let it stand on {owner!r}"
        ),
    )


def _makes(command: Command) -> tuple[str, ...]:
    """Return the directories that a command makes, failing where they exist."""
    if command.name != "mkdir" or any(map(_is_content, command.options)):
        return ()
    return tuple(
        path.rstrip("/")
        for path in command.arguments
        if path.startswith("/") and is_static(path)
    )


def _is_content(option: str) -> bool:
    return option == "--parents" or re.match(r"-[A-Za-z]*p", option) is not None


def _goes_through(text: str, path: str) -> bool:
    return re.search(rf"(?<![\w.\-/]){re.escape(path)}/", text) is not None


def _links(command: Command) -> str | None:
    """Return the symlink that a command creates, where its path is explicit."""
    if command.name != "ln":
        return None
    symbolic = any(re.match(r"-[A-Za-z]*s|--symbolic", one) for one in command.options)
    match command.arguments:
        case [_, path] if symbolic and is_static(path):
            return path if re.fullmatch(r"/.*[^/]", path) else None
        case _:
            return None
