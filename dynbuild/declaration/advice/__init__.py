"""Warnings about commands that cannot work as written, or that a field does better.

Conservative: a false positive costs more than a missing warning, so anything that is
not clear-cut is ignored.
"""

from collections.abc import Iterator

from dynbuild.declaration.advice import (
    clashes,
    installs,
    missing_files,
    shared_directories,
)
from dynbuild.declaration.check import arrangements, platforms, statuses
from dynbuild.declaration.check.fields import check_secrets
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.scripts.runs import ScriptRun, runs_of
from dynbuild.declaration.syntax.edits import within
from dynbuild.errors import Diagnostic


def advise(loaded: Loaded) -> list[Diagnostic]:
    """Return warnings about a valid declaration."""
    runs = runs_of(loaded)
    return [
        *check_secrets(loaded),
        *installs.check_bases(loaded),
        *installs.check_pip(loaded, runs),
        *installs.check_managers(loaded, runs),
        *missing_files.check_context(loaded, runs),
        *shared_directories.check_looks(loaded, runs),
        *clashes.check_clashes(loaded, runs),
        *statuses.check_losses(loaded, runs),
        *platforms.check_unwanted(loaded),
        *arrangements.check_operators(loaded),
        *arrangements.check_ignored(loaded),
        *arrangements.check_pasted(loaded),
        *_sudo(loaded, runs),
        *_lost_state(loaded, runs),
    ]


def _sudo(loaded: Loaded, runs: list[ScriptRun]) -> Iterator[Diagnostic]:
    """Report ``sudo`` in commands that run as root already."""
    for run in runs:
        if run.is_root and any(
            command.sudo and not command.name.startswith("-")
            for command in run.commands or ()
        ):
            yield Diagnostic(
                "DB0196",
                f"{run.owner} runs as root already, and sudo may not be there",
                loaded.span(*run.path),
                "write the command without sudo",
                severity="warning",
                mends=within(loaded.span(*run.path), "sudo ", ""),
            )


def _lost_state(loaded: Loaded, runs: list[ScriptRun]) -> Iterator[Diagnostic]:
    """Report environment scripts that change only the state of their own shell."""
    for run in runs:
        if run.stage is not None or not run.commands:
            continue
        names = {command.name for command in run.commands}
        if names <= {"cd", "export", "set", "umask", "alias", ""}:
            hint = "write variables into the env of the stages that need them"
            if "cd" in names:
                hint = "give the stages that need it a workdir"
            yield Diagnostic(
                "DB0195",
                "this environment script has no effect: each is a step of its own, "
                "and what a shell remembers ends with it",
                loaded.span(*run.path),
                hint,
                severity="warning",
            )
