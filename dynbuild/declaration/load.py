"""From a file's text to a declaration, with every mistake of it in one go."""

from collections.abc import Callable
from dataclasses import replace

from dynbuild.declaration import json, toml, yaml
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.shape import normal, validate
from dynbuild.declaration.syntax import Syntax
from dynbuild.declaration.tree import Node, Table
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.spans import Source

READERS: dict[Syntax, Callable[[Source], Node]] = {
    "toml": toml.read,
    "json": json.read,
    "yaml": yaml.read,
}


def load(source: Source, syntax: Syntax) -> Loaded:
    """Read a declaration, or raise a DeclarationError with all its mistakes."""
    return from_tree(READERS[syntax](source), syntax)


def from_tree(node: Node, syntax: Syntax) -> Loaded:
    """Make a declaration of a tree, whatever it was read from."""
    if not isinstance(node, Table):
        raise DeclarationError(
            Diagnostic("DB0111", "a declaration is a table of fields", node.span)
        )
    tree, by_name, mistakes = normal(node)
    declaration, tree, lost, wrong = validate(tree)
    loaded = Loaded(declaration, tree, syntax, by_name, lost=lost)
    mistakes += wrong
    if mistakes:
        raise DeclarationError(*mistakes)
    return replace(loaded, warnings=())
