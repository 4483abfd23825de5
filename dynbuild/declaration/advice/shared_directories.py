"""Commands that process all files of a shared directory without seeing all of them.

A stage sees only what it stands on. A command that lists or changes all files of a
directory that many stages write to sees fewer than its author may expect, and nothing
fails.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from dynbuild.closure import closure
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema_stage import EVERY_STAGE
from dynbuild.declaration.scripts.runs import ScriptRun, with_list
from dynbuild.declaration.scripts.script import Command
from dynbuild.declaration.syntax.spelling import spelled
from dynbuild.errors import Diagnostic

_TOP = ("bin", "etc", "home", "lib", "opt", "sbin", "srv", "usr", "var")
_BELOW_USR = ("bin", "lib", "share", "local", "local/bin", "local/lib", "local/share")
_SHARED = frozenset(
    ["/", "/var/lib", *map("/{}".format, _TOP), *map("/usr/{}".format, _BELOW_USR)]
)
"""Directories that belong to no single stage (Filesystem Hierarchy Standard)."""

_LISTS = frozenset(("ls", "du", "tree"))
_CHANGES = frozenset(("chown", "chmod", "chgrp"))
_ACTS = frozenset(("-delete", "-exec", "-execdir", "-fprint", "-fls"))


def check_looks(loaded: Loaded, runs: list[ScriptRun]) -> Iterator[Diagnostic]:
    """Report commands that see a shared directory without earlier stages' files."""
    stages = loaded.declaration.stages
    edges = loaded.below
    looking: dict[str, tuple[ScriptRun, Command, str]] = {}
    for run in runs if len(stages) > 1 else ():
        for command in run.commands or ():
            place = _looks_at(command)
            if run.stage and place is not None:
                looking.setdefault(run.name, (run, command, place))
    linked: list[str] = []
    for stage in stages:
        if stage.name in looking:
            seen = below(edges, stage.name)
            if unseen := [name for name in linked if name not in seen]:
                yield _warning(loaded, *looking[stage.name], unseen)
        if not stage.build_only:
            linked.append(stage.name)


def _warning(
    loaded: Loaded, run: ScriptRun, command: Command, place: str, unseen: list[str]
) -> Diagnostic:
    more = f" and {len(unseen) - 1} more" if len(unseen) > 1 else ""
    everything = spelled(loaded.syntax, "dependencies", [EVERY_STAGE])
    return Diagnostic(
        "DB0197",
        f"{command.name} sees {place} without what {unseen[0]!r}{more} may put there",
        loaded.span(*run.path),
        f"let {run.owner} stand on all before it: {everything}",
        severity="warning",
        mends=()
        if run.stage and run.stage.dependencies
        else with_list(
            loaded, run, "dependencies", [EVERY_STAGE], "let it stand on all before it"
        ),
    )


def below(edges: Mapping[str, Sequence[str]], name: str) -> set[str]:
    """Return the stages that a stage stands on, directly or not."""
    return closure(edges.get(name, ()), lambda other: edges.get(other, ()))


def _looks_at(command: Command) -> str | None:
    """Return the shared directory of which a command processes all files."""
    if command.name == "find":
        if not command.writes and _ACTS.isdisjoint(command.words):
            return None  # it only prints
        places = command.words[1:]
        for end, word in enumerate(places):
            if word.startswith(("-", "(", "!")):
                places = places[:end]
                break
    elif command.name in _LISTS and command.writes:
        places = command.arguments
    elif command.name in _CHANGES and any(map(_is_recursive, command.options)):
        places = command.arguments[1:]
    else:
        return None
    return next((place for place in places if _plain(place) in _SHARED), None)


def _is_recursive(option: str) -> bool:
    return option == "--recursive" or re.match(r"-[A-Za-z]*R", option) is not None


def _plain(path: str) -> str:
    return path.rstrip("/") or path[:1]
