"""Arguments of a Dockerfile as those of the declaration, where nothing else changes.

An argument is put in by a mark instead of its value. Where the declaration with the
marks means what the one with the values does, the mark is ``${args.NAME}``; elsewhere
the value stands.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from dynbuild.declaration.load import load
from dynbuild.declaration.schema import Declaration
from dynbuild.dockerfiles.gathering import Walk
from dynbuild.dockerfiles.scope import PLATFORM
from dynbuild.errors import DeclarationError
from dynbuild.spans import Source

_MARK = re.compile("\ue010([A-Za-z_][A-Za-z0-9_]*)\ue011")

Write = Callable[[Mapping[str, str], Mapping[str, str]], str]
"""Write a declaration: the arguments that are given, and those that it declares."""


def with_arguments(plain: str, values: Mapping[str, str], write: Write) -> str:
    """Return a declaration that declares what it can of the arguments.

    ``plain`` is the one with their values.
    """
    wanted = _meant(plain)
    if wanted is None or "${args." in plain:
        return plain
    every = _written(values, write)
    if _means(every, wanted):
        return every
    chosen: dict[str, str] = {}
    best = plain
    for name, value in values.items():
        text = _written({**chosen, name: value}, write)
        if _means(text, wanted):
            chosen[name] = value
            best = text
    return best


def values_of(walks: Iterable[Walk]) -> dict[str, str]:
    """Return the arguments with their values, but those that have several.

    Nor those whose default names another one: it changes with that.
    """
    composed: set[str] = set()
    found: dict[str, set[str]] = {}
    for walked in walks:
        composed |= {
            word.partition("=")[0]
            for one in walked.dockerfile.instructions
            for word in one.words
            if one.name == "ARG" and "$" in word
        }
        for name, value in _all(walked):
            found.setdefault(name, set()).add(value)
    return {
        name: min(values)
        for name, values in found.items()
        if len(values) == 1 and name not in PLATFORM | composed
    }


def _all(walked: Walk) -> Iterator[tuple[str, str]]:
    yield from walked.sources.arguments.items()
    for state in walked.ends.values():
        yield from state.scope.values()


def _written(values: Mapping[str, str], write: Write) -> str:
    """Write a declaration with marks, and declare the arguments that it names."""
    marks = {name: f"\ue010{name}\ue011" for name in values}
    used = set(_MARK.findall(write(marks, {})))
    shown = {name: value for name, value in values.items() if name in used}
    return _MARK.sub(r"${args.\1}", write(marks, shown))


def _means(text: str, wanted: Declaration) -> bool:
    found = _meant(text)
    return found is not None and found.model_copy(update={"args": {}}) == wanted


def _meant(text: str) -> Declaration | None:
    try:
        return load(Source("dynbuild.toml", text), "toml").declaration
    except DeclarationError:
        return None
