"""dpkg's database, and the licences of Debian packages."""

import re
from collections.abc import Iterator

from dynbuild.inside.model import Package, Reading, plain
from dynbuild.inside.stanzas import providers, resolved, stanzas

_FIELDS = frozenset(
    {
        *("Package", "Version", "Architecture", "Status", "Source"),
        *("Provides", "Depends", "Pre-Depends", "Recommends"),
    }
)
_NOT_THERE = frozenset({"not-installed", "config-files", "half-installed"})
_SOURCE = re.compile(r"(\S+)(?:\s+\(([^)]*)\))?")
_LICENCE = re.compile(r"^License:[ \t]*(\S[^\n]*)$", re.MULTILINE)


def status(text: str) -> Reading:
    """Read /var/lib/dpkg/status, or a file of status.d of an image without dpkg.

    Such a file has one package, which has no state and whose needs cannot be resolved.
    """
    there = [one for one in stanzas(text, _FIELDS) if _is_there(one)]
    found = providers((one["Package"], _names(one, "Provides")) for one in there)
    alone = len(there) == 1
    packages = []
    for one in there:
        source = _SOURCE.match(one.get("Source", ""))
        wanted = [*_choices(one, "Pre-Depends", "Depends")]
        name, version = one["Package"], one["Version"]
        needs = (
            tuple(sorted({other for choice in wanted for other in choice}))
            if alone
            else resolved(name, [*wanted, *_choices(one, "Recommends")], found)
        )
        packages.append(
            Package(
                "deb",
                plain(name),
                plain(version),
                plain(one.get("Architecture", "")),
                plain(source[1] if source else name),
                plain((source and source[2]) or version),
                needs=tuple(map(plain, needs)),
            )
        )
    return Reading(tuple(sorted(packages)))


def copyright_file(text: str) -> Reading:
    """Read the licences in a machine-readable copyright file (DEP 5), if it is one."""
    if not text.startswith("Format:"):
        return Reading()
    names = dict.fromkeys(name.strip() for name in _LICENCE.findall(text))
    return Reading(licence=plain(" AND ".join(names)))


def _is_there(one: dict[str, str]) -> bool:
    state = one.get("Status", "").rpartition(" ")[2]
    return state not in _NOT_THERE and {"Package", "Version"} <= one.keys()


def _choices(one: dict[str, str], *fields: str) -> Iterator[list[str]]:
    for field in fields:
        for choice in one.get(field, "").split(","):
            if names := [_name(name) for name in choice.split("|") if name.strip()]:
                yield names


def _names(one: dict[str, str], field: str) -> list[str]:
    return [name for choice in _choices(one, field) for name in choice]


def _name(text: str) -> str:
    """Return ``libc6`` for ``libc6:any (>= 2.36) [amd64]``."""
    return re.split(r"[\s(:\[<]", text.strip(), maxsplit=1)[0]
