"""Sources in the language, open or on disk: each parsed once, the last that parses."""

from dataclasses import field
from pathlib import Path

from dynbuild.cli.server.checking import Checked
from dynbuild.editor.infer import NixFile
from dynbuild.editor.scopes import names_in
from dynbuild.errors import DeclarationError
from dynbuild.lang.reparse import Parses
from dynbuild.project.discovery import read_source
from dynbuild.spans import Source
from dynbuild.values import dataclass


@dataclass(slots=True)
class NixFiles:
    """The trees of files by path; of a text that does not parse, that of one before."""

    trees: dict[Path, NixFile] = field(default_factory=dict)
    failed: dict[Path, str] = field(default_factory=dict)
    parses: Parses = field(default_factory=Parses)

    def of(self, path: Path, root: Path, text: str) -> NixFile | None:
        known = self.trees.get(path)
        if known is not None and known.source.text == text:
            return known
        if self.failed.get(path) != text:
            try:
                source = Source(str(path.relative_to(root)), text)
                tree = self.parses.parse(source)
            except (DeclarationError, ValueError):
                self.failed[path] = text
            else:
                known = self.trees[path] = NixFile(source, tree, names_in(tree))
        return known

    def imported_by(
        self, project: Checked | None, file: NixFile, name: str
    ) -> NixFile | None:
        """Return a file that a path literal in a file names, inside of the project."""
        if project is None:
            return None
        root = project.place.root
        base = root / file.source.name
        path = (base.parent / name).resolve()
        if path.is_dir():
            path /= "default.nix"
        if root not in path.parents or path.suffix != ".nix":
            return None
        text = project.texts.get(path)
        try:
            return self.of(path, root, text or read_source(str(path)).text)
        except DeclarationError:
            return None
