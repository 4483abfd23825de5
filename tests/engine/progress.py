"""Which steps BuildKit ran, by its own progress."""

from __future__ import annotations

import json
from collections import Counter


def steps_run(told: str) -> Counter[str]:
    """How many instructions of each build stage were run, not taken from a cache.

    ``told`` is what ``--progress rawjson`` wrote.
    """
    ran: Counter[str] = Counter()
    vertexes: dict[str, dict[str, object]] = {}
    for line in told.splitlines():
        if line.startswith("{"):
            for vertex in json.loads(line).get("vertexes", ()):
                vertexes.setdefault(vertex["digest"], {}).update(vertex)
    for vertex in vertexes.values():
        name = str(vertex["name"])
        instruction = (
            name.startswith("[") and name.split()[1].split("/", maxsplit=1)[0].isdigit()
        )
        own = instruction and "] FROM " not in name
        if own and vertex.get("started") and not vertex.get("cached"):
            ran[name[1:].split(maxsplit=1)[0]] += 1
    return ran
