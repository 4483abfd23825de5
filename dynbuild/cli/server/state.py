"""What the server knows: files that are open, projects, and their last checks."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path

from dynbuild.cli.server.checking import Checked, Texts, declarations
from dynbuild.cli.server.prices import Priced
from dynbuild.declaration.syntax import MAX_SIZE, Syntax, syntax_of
from dynbuild.errors import Diagnostic
from dynbuild.lang.reparse import Parses
from dynbuild.project.discovery import NAMES
from dynbuild.values import dataclass


@dataclass(slots=True)
class Project:
    """A declaration with an open file; ``valid`` is the last check without mistakes."""

    config: Path
    last: Checked | None = None
    valid: Checked | None = None
    versions: Mapping[Path, int] = field(default_factory=dict)
    """Those of the texts of the last check: what comes later is of other texts."""
    wanted: int = 0
    """Counts what was changed; a check of an earlier count is not the last."""
    checking: bool = False
    pause: asyncio.TimerHandle | None = None
    """What asks for the price, once nobody types."""
    priced: Priced | None = None
    newer: tuple[Diagnostic, ...] = ()
    """The images that have newer versions, once registries were asked."""
    ask_at: float = 0.0
    """When registries are to be asked next, by the clock of the event loop."""
    parses: Parses = field(default_factory=Parses)
    """What its check parsed, for the next one: one check works at a time."""
    told: set[Path] = field(default_factory=set)
    """The files that the client shows diagnostics of."""

    @property
    def syntax(self) -> Syntax:
        return syntax_of(self.config.name)

    def claims(self, path: Path) -> bool:
        """Whether a file is the declaration, or imported from it."""
        if path == self.config:
            return True
        checks = (self.last, self.valid)
        return path.suffix == ".nix" and any(one and path in one.read for one in checks)

    def take(self, done: Checked) -> None:
        self.last = done
        if done.loaded is not None:
            self.valid = done


@dataclass(slots=True)
class State:
    """The open files by path, and the projects that they may belong to."""

    open: dict[Path, str] = field(default_factory=dict)
    versions: dict[Path, int] = field(default_factory=dict)
    uris: dict[Path, str] = field(default_factory=dict)
    """What the client calls the files that it opened: they may be behind links."""
    projects: dict[Path, Project] = field(default_factory=dict)

    def texts(self) -> Texts:
        """Return the texts as they are now; later changes do not touch them."""
        return {path: text for path, text in self.open.items() if _is_small(text)}

    def concerned(self, path: Path) -> Iterator[Project]:
        """Yield the projects that a change of a file may change."""
        if path.name in NAMES:
            yield self.project(path)
        elif path.suffix == ".nix":
            # Before a declaration was evaluated, nobody knows what it imports.
            for config in declarations(path.parent):
                yield self.project(config)

    def project(self, config: Path) -> Project:
        return self.projects.setdefault(config, Project(config))

    def owner(self, path: Path) -> Project | None:
        """Return the project that claims a file, if any."""
        own = self.projects.get(path)
        found = [one for one in self.projects.values() if one.claims(path)]
        return own or (found[0] if found else None)


def _is_small(text: str) -> bool:
    return len(text) <= MAX_SIZE
