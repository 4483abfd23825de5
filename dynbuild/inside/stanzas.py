"""Stanzas of fields, as the databases of dpkg and apk are written (deb822(5))."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain


def stanzas(text: str, wanted: frozenset[str]) -> Iterator[dict[str, str]]:
    """Yield the wanted fields of each stanza; a continued line belongs to its field.

    Of a field that is there twice the first counts: apk lists files by repeating one.
    """
    fields: dict[str, list[str]] = {}
    last: list[str] | None = None
    for line in chain(text.split("\n"), [""]):
        if not line.strip():
            if fields:
                yield {name: " ".join(lines) for name, lines in fields.items()}
            fields, last = {}, None
        elif line[0] in " \t":
            if last is not None:
                last.append(line.strip())
        else:
            name, colon, value = line.partition(":")
            last = None
            if colon and name in wanted and name not in fields:
                fields[name] = last = [value.strip()]


def providers(
    provided: Iterable[tuple[str, Iterable[str]]],
) -> dict[str, str]:
    """Return which package has each name: its own, else the first that provides it."""
    pairs = [(name, [*names]) for name, names in provided]
    found = {name: name for name, _ in pairs}
    for name, names in pairs:
        for other in names:
            found.setdefault(other, name)
    return found


def resolved(
    name: str, wanted: Iterable[Iterable[str]], found: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the packages that meet what one needs: the first there of each choice."""
    met = (
        next((found[one] for one in choice if one in found), None) for choice in wanted
    )
    return tuple(sorted({one for one in met if one is not None} - {name}))
