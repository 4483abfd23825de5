"""Words without meaning in their place: operators without a shell, project paths."""

import re
from collections.abc import Iterator
from posixpath import basename

from dynbuild.declaration.grammar import SHELLS
from dynbuild.declaration.inputs import ROOT
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax.shape_messages import place
from dynbuild.declaration.syntax.spelling import spelled
from dynbuild.declaration.syntax.tree import Path, find
from dynbuild.declaration.variables import tables
from dynbuild.errors import Diagnostic

_OPERATORS = frozenset(("||", "&&", "|", ";", "&", ">", ">>", "<", "2>&1"))
_OF_DOCKER = (("CMD-SHELL",), ("CMD",))
"""Prefixes of a health check in Compose and ``docker inspect``."""

_SHELL = ("/bin/sh", "-c")
_INSIDE = re.compile(rf"(?<![\w./-]){ROOT}(?:/[\w./+@-]*)?(?![\w-])")


def check_operators(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report commands without a shell that use shell operators."""
    for path, words in _started(loaded):
        name = place(loaded.tree, path)
        found = [word for word in words if word in _OPERATORS]
        at, rest = 0, words
        if found:
            at, message = words.index(found[0]), f"{found[0]} is an argument"
        elif len(words) == 1 and re.search(r"\s", words[0].strip()):
            message = "a program of that whole name is started"
        elif path[0] == "healthcheck" and words[:1] in _OF_DOCKER and len(words) > 1:
            message, rest = f"{words[0]} is taken for a program", words[1:]
        else:
            continue
        shell = words[0] != "CMD"
        instead = [*_SHELL, " ".join(_script(rest))] if shell else list(rest)
        yield Diagnostic(
            "DB0184",
            f"{name} runs no shell: {message}",
            loaded.span(*path, at),
            f"{'let a shell run it' if shell else 'leave it out'}: "
            + spelled(loaded.syntax, str(path[-1]), instead),
            severity="warning",
        )


def _script(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words without a ``sh -c`` that would run only the first of them."""
    if basename(words[0]) in SHELLS and words[1:2] == ("-c",) and len(words) > 2:  # noqa: PLR2004
        return words[2:]
    return words


def _started(loaded: Loaded) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield the commands that a container runs, and its health check."""
    declaration = loaded.declaration
    yield ("entrypoint",), declaration.entrypoint or ()
    yield ("cmd",), declaration.cmd or ()
    if declaration.healthcheck:
        yield ("healthcheck", "cmd"), declaration.healthcheck.cmd


def check_inside(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report the language's paths of project files in texts: no image has them."""
    if loaded.syntax != "nix":
        return
    for path, text in _texts(loaded):
        match = _INSIDE.search(text)
        node = find(loaded.tree, path)
        # A path that is spelled out in the source is meant for the image.
        if match is None or node is None or _INSIDE.search(node.span.source.text):
            continue
        inside = match[0].removeprefix(ROOT).strip("/") or "."
        to = "/" + inside.rpartition("/")[2].lstrip(".")
        copy = spelled("nix", "copy", [{"from": inside, "to": f"/tmp{to}"}])  # noqa: S108
        yield Diagnostic(
            "DB0156",
            f"{place(loaded.tree, path)} names {inside!r}, a file of the project: no "
            "image has it there",
            node.span,
            f"copy it, and name it where it is then: {copy}",
        )


def _texts(loaded: Loaded) -> Iterator[tuple[Path, str]]:
    """Yield the texts that shells and programs in the image see."""
    declaration = loaded.declaration
    for index, text in enumerate(declaration.env_scripts):
        yield ("env_scripts", index), text
    for at, stage in enumerate(declaration.stages):
        for index, text in enumerate(stage.commands):
            yield ("stages", at, "commands", index), text
    for path, table in tables(loaded):
        for name, text in table.items():
            yield (*path, name), text
    for path, words in _started(loaded):
        for index, word in enumerate(words):
            yield (*path, index), word
