"""Commands whose failure goes unnoticed: incomplete entries, and ignored statuses.

Each entry of commands is followed by a line that ends the script if it failed. An
incomplete entry would swallow that line; within an entry, the shell itself decides
which failures count.
"""

from collections.abc import Iterator

from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.scripts.entry import incomplete, read_entry
from dynbuild.declaration.scripts.runs import ScriptRun
from dynbuild.declaration.scripts.shell import Loss
from dynbuild.declaration.syntax.spelling import spelled
from dynbuild.errors import Diagnostic

_LONGEST = 400
"""Maximum characters of a joined entry that a hint shows."""

_BUSYBOX = ("alpine", "busybox")

_LOST: dict[Loss, str] = {
    "list": "a failure before `&&` does not end this script: the list is not its last "
    "command",
    "loop": "a failure before `&&` does not end this loop, unless in its last round",
    "pipe": "of a pipe, the shell sees only whether its last command failed",
    "assignment": "the failure of a command inside `export NAME=$(…)` is lost: its "
    "status is that of export",
}
_INSTEAD: dict[Loss, str] = {
    "list": "make each command an entry or a line of its own, or end the list in "
    "`|| exit 1`",
    "loop": "make each command a line of its own, or end the list in `|| exit 1`",
    "pipe": "write the output into a file first, or let the shell look at all: ",
    "assignment": "assign first, then export: NAME=$(…), and `export NAME` on the "
    "next line",
}


def check_complete(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report entries that are not complete by themselves."""
    declaration = loaded.declaration
    lists: list[tuple[tuple[str | int, ...], tuple[str, ...]]] = [
        (("env_scripts", index), (text,))
        for index, text in enumerate(declaration.env_scripts)
    ]
    for path, taker in loaded.takers:
        lists.append(((*path, "commands"), taker.commands))
    for path, texts in lists:
        for start, end, missing in incomplete(texts):
            where = path if path[0] == "env_scripts" else (*path, start)
            yield Diagnostic(
                "DB0154",
                f"a command is one entry, and this one {missing}",
                loaded.span(*where),
                _join(loaded, texts[start:end], missing),
            )


def _join(loaded: Loaded, texts: tuple[str, ...], missing: str) -> str:
    """Return the hint to write the entries as one, if that makes them complete."""
    text = "\n".join(texts)
    if missing.endswith("backslash") and len(texts) == 1:
        return "remove the backslash"
    if len(texts) == 1 or read_entry(text).missing:
        return "complete it: what begins in an entry ends in it"
    if len(text) > _LONGEST:
        return f"write these {len(texts)} entries as one, with line breaks in it"
    return f"write them as one entry: {spelled(loaded.syntax, 'commands', [text])}"


def check_losses(loaded: Loaded, runs: list[ScriptRun]) -> Iterator[Diagnostic]:
    """Report failures within an entry that no exit status shows."""
    looking: set[str] = set()
    for run in runs:
        shell = (run.stage and run.stage.shell) or loaded.declaration.shell or ()
        if "pipefail" in run.text or "pipefail" in shell:
            looking.add(run.name)
        for loss in read_entry(run.text).losses:
            if loss == "pipe" and (run.name in looking or "PIPESTATUS" in run.text):
                continue
            hint = _INSTEAD[loss]
            if loss == "pipe":
                hint += spelled(loaded.syntax, "shell", _with_pipefail(loaded, run))
            yield Diagnostic(
                "DB0182", _LOST[loss], loaded.span(*run.path), hint, severity="warning"
            )


def _with_pipefail(loaded: Loaded, run: ScriptRun) -> list[str]:
    base = (run.stage and run.stage.base) or loaded.declaration.base
    name = base.partition("@")[0].partition(":")[0]
    small = name.rpartition("/")[2] in _BUSYBOX
    return ["/bin/sh" if small else "/bin/bash", "-o", "pipefail", "-c"]
