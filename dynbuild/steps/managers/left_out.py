"""Packages that later events took away: they are tried, and left out if not to be had.

A group installs what was declared at its seq. What is no longer declared, or declared
in another way by now, must not block it for ever: an archive drops versions, names
were misspelt. Which these are is no part of a group's digest, since that would run it
again for each removal. So the layer itself says what it lacks, in a file for each, and
a record of it counts only for locks that no longer declare that (``plan``).
"""

from collections.abc import Mapping
from dataclasses import replace
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


def mark_of(manager: str, spec: str) -> str:
    """The name of the file that says that a spec was left out."""
    return f"{manager}-{short(sha256(spec.encode()))}"


def may_lack(step: Step) -> dict[str, str]:
    """What a group may do without: specs by the names of their files."""
    if not isinstance(step, Group):
        return {}
    specs = (step.declared[name] for name in sorted(step.gone))
    return {mark_of(step.manager, spec): spec for spec in specs}


def lacks(writes: Mapping[str, Any]) -> frozenset[str]:
    """The names of the files by which a layer of a group says what it lacks.

    Of any other step such files say nothing: it may copy or remove them.
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
    """The step as it is where nothing was taken away later."""
    return replace(step, gone=frozenset()) if isinstance(step, Group) else step


def marked(group: Group, name: str) -> str:
    """A test of the shell: whether a package was left out, here or below."""
    return f"[ -e /{DIRECTORY}/{mark_of(group.manager, group.declared[name])} ]"


def attempt(group: Group, name: str) -> str:
    """A line that adds a package to ``"$@"`` if ``try`` takes it beside the others."""
    spec = shell(group.declared[name])
    return (
        f'if try "$@" {spec}; then set -- "$@" {spec}\n'
        f"else left_out {spec} {mark_of(group.manager, group.declared[name])}\nfi"
    )
