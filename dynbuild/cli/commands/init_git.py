"""``dynbuild init --git``: semantic merges of locks, and diffs in install order."""

import os
import sys
from pathlib import Path

import click

from dynbuild.cli.output import tell
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic
from dynbuild.ports import CommittedUnknownError
from dynbuild.project import git, named
from dynbuild.project.named import NotTakenError

ATTRIBUTES = (
    "dynbuild.lock text eol=lf merge=dynbuild diff=dynbuild",
    "dynbuild.sum text eol=lf merge=union",
)
"""The lines of .gitattributes: committed, so that everyone has them."""

SETTINGS = {
    "merge.dynbuild.name": "dynbuild: the branch's steps go behind the others",
    "merge.dynbuild.driver": "dynbuild lock --merge %O %A %B --path %P",
    "diff.dynbuild.textconv": "dynbuild diff --textconv",
}
"""The settings of each clone: git takes no commands from a repository."""

_LARGEST = 1 << 20
"""Maximum bytes of a .gitattributes."""


def set_up_git(*, ask: bool) -> None:
    """Show what would be written, ask for confirmation if ``ask``, and write it.

    Raises DeclarationError where there is no repository or nobody to ask,
    CommandFailed where something cannot be written.
    """
    top = _top()
    attributes = top / ".gitattributes"
    there = _lines(attributes)
    lines = [line for line in ATTRIBUTES if line not in there]
    settings = {
        name: text for name, text in SETTINGS.items() if git.setting(top, name) != text
    }
    if not lines and not settings:
        tell(f"git is set up already in {top}")
        return
    tell(_plan(top, lines, settings))
    if ask and not _agreed():
        tell("nothing was written")
        return
    if lines:
        _append(attributes, "\n".join(lines))
        tell(f"wrote {attributes}: commit it")
    try:
        for name, text in settings.items():
            git.set_up(top, name, text)
            tell(f"set {name}")
    except CommittedUnknownError as error:
        message = f"git did not take a setting: {error}"
        raise CommandFailed(Diagnostic("DB0316", message)) from None


def _top() -> Path:
    try:
        top = git.top(Path.cwd())
    except CommittedUnknownError as error:
        raise DeclarationError(Diagnostic("DB0314", f"git says: {error}")) from None
    if top is None:
        message = "there is no git repository here to set up"
        hint = "run `git init` first, or change to its directory"
        raise DeclarationError(Diagnostic("DB0314", message, hint=hint))
    return top


def _lines(path: Path) -> list[str]:
    try:
        data = named.read(path, path.parent, _LARGEST)
    except (NotTakenError, OSError):
        # Appending to it reports the problem.
        return []
    return data.decode("utf-8", errors="surrogateescape").splitlines()


def _plan(top: Path, lines: list[str], settings: dict[str, str]) -> str:
    plan = [f"in the repository {top}:"]
    plan += [f"  .gitattributes gets  {line}" for line in lines]
    if settings:
        plan += [f"  git config gets      {n} = {text}" for n, text in settings.items()]
        plan.append(
            "The settings are of this clone alone: whoever clones it runs this again."
        )
    return "\n".join(plan)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        message = "there is nobody to ask whether that may be written"
        hint = "run it on a terminal, or with --yes"
        raise DeclarationError(Diagnostic("DB0321", message, hint=hint))
    return click.confirm("Write that?", err=True)


def _append(path: Path, line: str) -> None:
    """Append a line, leaving the existing content as it is, byte for byte.

    Git follows no symlink of this name, so nothing is written through one.
    """
    try:
        before = named.read(path, path.parent, _LARGEST) if path.exists() else b""
        joint = b"" if not before or before.endswith(b"\n") else b"\n"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o666), "ab") as file:
            file.write(joint + line.encode() + b"\n")
    except NotTakenError as error:
        message = f"cannot write {path}: {error}"
        raise CommandFailed(Diagnostic("DB0316", message)) from None
    except OSError as error:
        reason = (error.strerror or "error").lower()
        message = f"cannot write {path}: {reason}"
        raise CommandFailed(Diagnostic("DB0316", message)) from None
