"""apk's database of installed packages (apk-package(5))."""

import re

from dynbuild.inside.model import Package, Reading, plain
from dynbuild.inside.stanzas import providers, resolved, stanzas

_FIELDS = frozenset("PVALoDp")


def installed(text: str) -> Reading:
    """Read lib/apk/db/installed."""
    there = [one for one in stanzas(text, _FIELDS) if {"P", "V"} <= one.keys()]
    found = providers((one["P"], _names(one.get("p", ""))) for one in there)
    packages = (
        Package(
            "apk",
            plain(one["P"]),
            plain(one["V"]),
            plain(one.get("A", "")),
            plain(one.get("o", one["P"])),
            plain(one["V"]),
            plain(one.get("L", "")),
            tuple(map(plain, _needs(one, found))),
        )
        for one in there
    )
    return Reading(tuple(sorted(packages)))


def _needs(one: dict[str, str], found: dict[str, str]) -> tuple[str, ...]:
    wanted = [[name] for name in _names(one.get("D", ""))]
    return resolved(one["P"], wanted, found)


def _names(text: str) -> list[str]:
    """Return the names of ``so:libc.so.1=1 busybox>=1.36``; conflicts name none."""
    words = (word for word in text.split() if not word.startswith("!"))
    return [re.split("[<>=~@]", word, maxsplit=1)[0] for word in words]
