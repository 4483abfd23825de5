"""npm packages: the package.json of each that is installed."""

import json
from typing import Any

from dynbuild.inside.model import Package, Reading, plain


def package(data: bytes) -> Reading:
    """Read a package.json; one without name and version is of no package."""
    facts: Any = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    if not isinstance(facts, dict):
        raise ValueError("it holds no object")  # noqa: TRY004 - as all that it may hold
    name, version = facts.get("name"), facts.get("version")
    if not isinstance(name, str) or not isinstance(version, str) or not name:
        return Reading()
    needs = {
        other
        for field in ("dependencies", "optionalDependencies")
        if isinstance(wanted := facts.get(field), dict)
        for other in wanted
    }
    return Reading(
        (
            Package(
                "npm",
                plain(name),
                plain(version),
                licence=plain(_licence(facts.get("license") or facts.get("licenses"))),
                needs=tuple(map(plain, sorted(needs))),
            ),
        )
    )


def _licence(said: object) -> str:
    """Return ``MIT`` for ``"MIT"``, ``{"type": "MIT"}``, and a list of such."""
    match said:
        case str():
            return said
        case {"type": str(name)}:
            return name
        case [*choices]:
            return " OR ".join(filter(None, map(_licence, choices)))
        case _:
            return ""
