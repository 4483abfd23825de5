"""One check of a project as an editor has it: what ``dynbuild check`` says of it."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dynbuild.commands import check as verb
from dynbuild.commands.lock import recorded
from dynbuild.declaration.inputs import Inputs
from dynbuild.declaration.load import load
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax import syntax_of
from dynbuild.errors import Diagnostic, DynbuildError
from dynbuild.lang.limits import Limits, limits_of
from dynbuild.lang.parser import Parse
from dynbuild.project.content import Tree
from dynbuild.project.discovery import NAMES, ProjectPaths, declarations_of, read
from dynbuild.project.locks import LockFile
from dynbuild.project.named import is_inside
from dynbuild.project.sources import Sources
from dynbuild.spans import Source
from dynbuild.values import dataclass

TYPED_CALLS, TYPED_ELEMENTS = 1_000_000, 2_000_000
"""The limits of a check in an editor: the command has 50 and 10 times as much."""

Texts = Mapping[Path, str]
"""The texts of files that are open, by their paths without links."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found; ``loaded`` is None for a declaration with mistakes.

    ``read`` are the files that the declaration was evaluated from, with their texts
    where they are open.
    """

    place: ProjectPaths
    texts: Texts
    loaded: Loaded | None
    diagnostics: tuple[Diagnostic, ...]
    read: frozenset[Path]

    @property
    def config(self) -> Path:
        return self.place.root / self.place.config

    def path(self, source: Source) -> Path:
        """Return the file that a source is the text of."""
        return self.place.root / source.name


def place_of(config: Path) -> ProjectPaths:
    """Return the project of a declaration; names in messages start at its root."""
    root = config.parent
    lock = config.with_suffix(".lock").name
    return ProjectPaths(root, config.name, lock, root, root)


def declarations(directory: Path) -> list[Path]:
    """Return the declarations in the nearest directory above that has any."""
    for above in (directory, *directory.parents):
        found = [above / name for name in NAMES if (above / name).is_file()]
        if found:
            return found
    return []


def lock_of(place: ProjectPaths) -> LockFile:
    return LockFile(place.root / place.lock, place.lock, place.lock_within)


def _limits() -> Limits:
    """Return limits that a check of what is typed keeps to, unless the user set some.

    What ends within them takes seconds; a declaration without an end is told instead of
    holding up what is said of all others.
    """
    given = limits_of(os.environ)
    default = Limits()
    return Limits(
        calls=TYPED_CALLS if given.calls == default.calls else given.calls,
        elements=TYPED_ELEMENTS
        if given.elements == default.elements
        else given.elements,
    )


def _typed(one: Diagnostic) -> Diagnostic:
    """Tell of a limit whose it is: the command may still come to an end."""
    lower = f"{TYPED_CALLS:,}", f"{TYPED_ELEMENTS:,}"
    if one.code != "DB0214" or not any(number in one.message for number in lower):
        return one
    message = f"{one.message}, where the editor stops: `dynbuild check` goes on"
    return replace(one, message=message, severity="warning")


def checked(place: ProjectPaths, texts: Texts, parse: Parse | None = None) -> Checked:
    """Check a project with the texts that are open instead of those of its files.

    Nothing outside of the project is read, and no one is asked: neither an engine nor
    a registry nor a tier.
    """
    config = place.root / place.config
    files = Sources(place.root, open=texts)
    loaded = None
    try:
        declarations_of(Path(), place.root)
        source = (
            Source(place.config, texts[config])
            if config in texts and is_inside(config, place.root)
            else read(place, place.root)
        )
        inputs = Inputs(
            files,
            recorded=recorded(lock_of(place)),
            shown=files.name,
            limits=_limits(),
            parse=parse,
        )
        loaded = load(source, syntax_of(place.config), inputs)
        noted = verb.check(loaded, Tree(place.root))
        diagnostics = (*loaded.warnings, *noted)
    except DynbuildError as error:
        diagnostics = tuple(map(_typed, error.diagnostics))
    return Checked(place, texts, loaded, diagnostics, frozenset(files.read_files()))
