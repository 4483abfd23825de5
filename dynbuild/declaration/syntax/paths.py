"""Paths of the language in a declaration: where one stands, and what to write."""

import re
from posixpath import basename

from dynbuild.declaration.inputs import ROOT
from dynbuild.declaration.syntax.tree import Path, within_image
from dynbuild.errors import Diagnostic
from dynbuild.lang.values import PathText
from dynbuild.spans import Span

_ROOT_IN_TEXT = re.compile(rf"{ROOT}(?![\w.-])")
_MORE = re.compile(r"(?:/[\w.+@-]*)*")
_IN_AN_IMAGE = frozenset({"commands", "cmd", "entrypoint", "env", "env_scripts"})
"""Fields whose texts name files as they are in the image."""


def takes_a_path(path: Path) -> bool:
    """Whether the value at a place of a declaration is a path of the project."""
    match within_image(path):
        case ("stages", _, "copy" | "mounts", _, "from") | ("apt_sources", _, "key"):
            return True
        case ("setup", _, "copy", _, "from"):
            return True
        case _:
            return False


def relative(path: str) -> str | None:
    """Return a path relative to the project; None if it lies outside."""
    if path == ROOT:
        return "."
    return path[len(ROOT) + 1 :] if path.startswith(f"{ROOT}/") else None


def named(text: str) -> str | None:
    """Return the path whose text stands in a text, relative to the project.

    A part of it, such as its last name, is a text like any other.
    """
    if type(text) is not PathText:
        return None
    match = _ROOT_IN_TEXT.search(text)
    if match is None:
        return None
    known = text.path if text.startswith(text.path, match.start()) else ROOT
    more = _MORE.match(text, match.start() + len(known))
    return relative((known + (more[0] if more else "")).rstrip("/"))


def in_text(name: str, span: Span, path: Path) -> Diagnostic:
    """Report a text that names a file of the project."""
    if takes_a_path(path):
        hint = f"write the path itself, without quotes: {path[-1]} = ./{name};"
    else:
        hint = _copied(name)
    message = f"this text names {name!r}, a file of the project: no image has it there"
    return Diagnostic("DB0156", message, span, hint)


def misplaced(literal: str, span: Span, path: Path) -> Diagnostic:
    """Report a path where none can stand."""
    inside = relative(literal)
    if takes_a_path(path):
        message = f"the path {literal} is not in the project"
        hint = f'in a stage or an image, write it as text: "{literal}"'
    else:
        message = "a path means a file of the project, which cannot stand here"
        hint = f'write it as text: "{literal if inside is None else inside}"'
        if inside is not None and _IN_AN_IMAGE.intersection(path):
            hint = _copied(inside)
    return Diagnostic("DB0161", message, span, hint)


def _copied(name: str) -> str:
    source, to = ("./.", "app/") if name == "." else (f"./{name}", basename(name))
    copy = f'copy = [ {{ from = {source}; to = "/tmp/{to}"; }} ];'
    return f"copy it, and name it where it is then: {copy}"
