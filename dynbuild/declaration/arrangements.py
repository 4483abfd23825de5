"""Words that mean nothing where they stand: operators without a shell, our paths."""

import re
from collections.abc import Iterator

from dynbuild.declaration.inputs import ROOT
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.spelling import spelled
from dynbuild.declaration.tree import Path, find
from dynbuild.declaration.variables import tables
from dynbuild.declaration.words import place
from dynbuild.errors import Diagnostic

_OPERATORS = frozenset(("||", "&&", "|", ";", "&", ">", ">>", "<", "2>&1"))
_INSIDE = re.compile(rf"(?<![\w./-]){ROOT}(?:/[\w./+@-]*)?(?![\w-])")


def check_operators(loaded: Loaded) -> Iterator[Diagnostic]:
    """Commands without a shell whose words include what a shell would obey."""
    for path, words in _started(loaded):
        found = [word for word in words if word in _OPERATORS]
        if found:
            instead = spelled(
                loaded.syntax, str(path[-1]), ["/bin/sh", "-c", " ".join(words)]
            )
            yield Diagnostic(
                "DB0184",
                f"{place(loaded.tree, path)} runs no shell: {found[0]} is an argument",
                loaded.span(*path, words.index(found[0])),
                f"let a shell run it: {instead}",
                severity="warning",
            )


def _started(loaded: Loaded) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """What a container runs, and how it is checked."""
    declaration = loaded.declaration
    yield ("entrypoint",), declaration.entrypoint or ()
    yield ("cmd",), declaration.cmd or ()
    if declaration.healthcheck:
        yield ("healthcheck", "cmd"), declaration.healthcheck.cmd


def check_inside(loaded: Loaded) -> Iterator[Diagnostic]:
    """Files of the project that a text names as the language does, and no image has."""
    if loaded.syntax != "nix":
        return
    for path, text in _texts(loaded):
        match = _INSIDE.search(text)
        node = find(loaded.tree, path)
        # Who writes the path out means one of the image.
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
    """What is said in the image, by shells and programs."""
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
