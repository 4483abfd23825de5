"""Packages that later events removed: tried, and left out if unavailable.

A group installs what was declared at its seq. A spec that is no longer declared, or has
since changed, must not block it for ever: an archive drops versions, names were
misspelt. These specs are not part of a group's digest, since that would rerun it for
each removal. Instead the layer itself records what it lacks, in one file per spec, and
its record counts only for locks that no longer declare that spec (``plan``).
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from dynbuild.digest import sha256, short
from dynbuild.quote import shell
from dynbuild.steps.model import Group, Step

DIRECTORY = "var/lib/dynbuild/left-out"

LEFT_OUT = f"""left_out() {{
  mkdir -p /{DIRECTORY}
  printf '%s\\n' "$1" > "/{DIRECTORY}/$2"
  echo "dynbuild: left out, as it is not to be had and no longer declared: $1" >&2
}}"""


@lru_cache(maxsize=1 << 14)
def mark_of(manager: str, spec: str) -> str:
    """Return the name of the file that marks a spec as left out."""
    return f"{manager}-{short(sha256(spec.encode()))}"


def may_lack(step: Step) -> dict[str, str]:
    """Return the specs that a group may lack, by the names of their mark files."""
    if not isinstance(step, Group):
        return {}
    specs = (step.declared[name] for name in sorted(step.gone))
    return {mark_of(step.manager, spec): spec for spec in specs}


def lacks(writes: Mapping[str, Any]) -> frozenset[str]:
    """Return the mark files by which a group's layer says what it lacks.

    In the layer of any other step they mean nothing: it may copy or remove them.
    """
    if DIRECTORY not in writes:
        return frozenset()
    start = f"{DIRECTORY}/"
    return frozenset(
        path[len(start) :]
        for path, written in writes.items()
        if path.startswith(start) and written.kind != "whiteout"
    )


def strict(step: Step) -> Step:
    """Return the step as if nothing had been removed later, and no digest were known.

    Digests decide whether what comes counts, and never what it is.
    """
    if not isinstance(step, Group):
        return step
    pinned = step.pinned and replace(step.pinned, sums={})
    return replace(step, gone=frozenset(), pinned=pinned)


def marked(group: Group, name: str) -> str:
    """Return a shell test for whether a package was left out, here or below."""
    return f"[ -e /{DIRECTORY}/{mark_of(group.manager, group.declared[name])} ]"


def attempt(group: Group, name: str) -> str:
    """Return a line that adds a package to ``"$@"`` if ``try`` accepts the set."""
    spec = shell(group.declared[name])
    return (
        f'if try "$@" {spec}; then set -- "$@" {spec}\n'
        f"else left_out {spec} {mark_of(group.manager, group.declared[name])}\nfi"
    )
