"""Python distributions: the metadata that pip, and Debian's packages, install."""

import re

from dynbuild.inside.model import Package, Reading, plain

_FIELDS = frozenset(
    {
        *(b"name", b"version", b"requires-dist"),
        *(b"license", b"license-expression", b"classifier"),
    }
)
_LICENCE = "License :: "
_EXTRA = re.compile(r"\bextra\b")
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_SHORT = 80
"""Maximum characters of a licence's name: some put its whole text there."""


def metadata(data: bytes) -> Reading:
    """Read METADATA of a dist-info directory, or PKG-INFO of an egg-info."""
    # Most layers have no Python, and need not wait for a parser.
    from packaging.metadata import parse_email  # noqa: PLC0415

    raw, _ = parse_email(_wanted(data))
    name, version = raw.get("name"), raw.get("version")
    if not name or not version:
        return Reading(problem="it names no version of a package")
    needs = {
        normal(match[1])
        for text in raw.get("requires_dist", ())
        if (match := _NAME.match(text)) and not _EXTRA.search(text.partition(";")[2])
    }
    licence = raw.get("license_expression") or raw.get("license", "")
    if not licence or len(licence) > _SHORT or "\n" in licence:
        classes = raw.get("classifiers", ())
        named = [
            one.rpartition(" :: ")[2] for one in classes if one.startswith(_LICENCE)
        ]
        licence = " OR ".join(named)
    return Reading(
        (
            Package(
                "pypi",
                plain(name),
                plain(version),
                licence=plain(licence),
                needs=tuple(map(plain, sorted(needs))),
            ),
        )
    )


def _wanted(data: bytes) -> bytes:
    """Return the fields that are read: the parser's time is the square of others."""
    head = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    lines: list[bytes] = []
    wanted = False
    for line in head.split(b"\n"):
        if line[:1] not in (b" ", b"\t"):
            name, colon, value = line.partition(b":")
            line = name.lower() + colon + value  # noqa: PLW2901 - one spelling of it
            wanted = name.lower() in _FIELDS
        if wanted:
            lines.append(line)
    return b"\n".join(lines)


def normal(name: str) -> str:
    """Return the one spelling of a name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
