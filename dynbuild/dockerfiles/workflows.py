"""For which platforms workflows of GitHub build a Dockerfile, where they say so."""

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import join, normpath

import yaml

from dynbuild.declaration.grammar import PLATFORM, matches
from dynbuild.platforms import each_once
from dynbuild.spans import Source

_ACTION = "docker/build-push-action@"


def platforms_in(
    workflows: Iterable[Source], dockerfile: str
) -> tuple[tuple[str, ...], str]:
    """Return the platforms, and the workflow that says so; none if nothing is sure.

    Steps that name no platform, as those that test an image, do not count; of two that
    name others, neither does. ``dockerfile`` is its path from the workflows' project.
    """
    found = {
        said: source.name
        for source in workflows
        for said in _said(source, normpath(dockerfile))
    }
    if len(found) != 1:
        return (), ""
    ((platforms, name),) = found.items()
    return (platforms, name) if len(platforms) > 1 else ((), "")


def _said(source: Source, dockerfile: str) -> Iterator[tuple[str, ...]]:
    """Yield what each step that builds the Dockerfile says; nothing, if it computes."""
    try:
        # Not as a declaration is read: there `on` is no text, and here it is a key.
        document = yaml.load(source.text, yaml.BaseLoader)  # noqa: S506 - texts alone
    except (yaml.YAMLError, RecursionError):
        return
    for job in _tables(_table(document).get("jobs")):
        for step in _tables(_table(job).get("steps")):
            told = _table(step.get("with"))
            if not str(step.get("uses")).startswith(_ACTION) or "platforms" not in told:
                continue
            context = str(told.get("context") or ".")
            file = str(told.get("file") or join(context, "Dockerfile"))
            if normpath(file) == dockerfile:
                named = re.split(r"[\s,]+", str(told["platforms"]).strip())
                sure = all(matches(PLATFORM, one) for one in named)
                yield each_once(named) if sure else ()


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _tables(value: object) -> Iterator[Mapping[str, object]]:
    match value:
        case dict():
            yield from map(_table, value.values())
        case list():
            yield from map(_table, value)
        case _:
            pass
