"""``dynbuild lock --merge``: git's merge driver for locks."""

from pathlib import Path

from dynbuild.cli.output import show, tell
from dynbuild.commands.merge import TRUNKS, merged
from dynbuild.errors import CommandFailed, Diagnostic
from dynbuild.ports import CommittedUnknownError
from dynbuild.project.locks import LockFile


def merge_files(paths: tuple[str, str, str], name: str) -> int:
    """Merge three files into the second, as git requires of its drivers.

    ``name`` is the path of the lock in the repository. Exit status 0 tells git that the
    lock is merged; any other leaves our version, marked as in conflict.
    """
    ancestor, ours, theirs = (_read(path) for path in paths)
    lock = LockFile(Path(name), name)
    result = merged(ancestor, ours, theirs, _trunks(lock))
    LockFile(Path(paths[1]), name).write(result.text)
    if result.both:
        show(
            [
                Diagnostic(
                    "DB0419",
                    f"{name}: both sides changed {', '.join(result.both)}; "
                    f"{result.kept} stayed",
                    hint="once the declaration is merged, `dynbuild lock` settles it",
                    severity="warning",
                )
            ]
        )
    else:
        tell(f"{name}: merged, the order of {result.kept} stays in front")
    return 0


def _read(path: str) -> str:
    text = LockFile(Path(path), path).read()
    if text is None:
        message = f"cannot read {path}: there is no such file"
        hint = "git calls this as `dynbuild lock --merge %O %A %B`"
        raise CommandFailed(Diagnostic("DB0313", message, hint=hint))
    return text


def _trunks(lock: LockFile) -> set[str]:
    texts = set()
    for revision in TRUNKS:
        try:
            text = lock.committed(revision)
        except CommittedUnknownError:
            continue
        if text is not None:
            texts.add(text)
    return texts
