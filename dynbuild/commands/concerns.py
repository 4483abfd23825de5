"""What is odd about a lock that is right: warnings of ``lock``."""

import posixpath
import re
from typing import TYPE_CHECKING

from dynbuild.errors import Diagnostic
from dynbuild.lock.model import Lock, declared_packages
from dynbuild.ports import Files, NotThereError

if TYPE_CHECKING:
    from dynbuild.declaration.loaded import Loaded


def ships_git(loaded: "Loaded", files: Files) -> list[Diagnostic]:
    """Copies of the whole project with git's own files, which every commit changes."""
    try:
        files.is_directory(".git")
    except NotThereError:
        return []
    return [
        Diagnostic(
            "DB0306",
            f"stage {stage.name!r} copies .git: every commit builds it again",
            loaded.span("stages", place, "copy", number, "from"),
            hint="add .git to .dockerignore, or to the exclude of this copy",
            severity="warning",
        )
        for place, stage in enumerate(loaded.declaration.stages)
        for number, copy in enumerate(stage.copies)
        if copy.stage is None and copy.image is None
        if posixpath.normpath(copy.from_) == "." and ".git" not in copy.exclude
    ]


def unpinned(lock_: Lock) -> list[Diagnostic]:
    return [
        Diagnostic(
            "DB0302",
            f"{pin.image} is not pinned: no registry gave its digest, the engine here "
            "has it",
            hint="another machine may have another image of that name; once a registry "
            "has it, run `dynbuild lock --upgrade-base`",
            severity="warning",
        )
        for pin in (lock_.base, *lock_.images.values())
        if pin.digest is None
    ]


def still_mentioned(
    loaded: "Loaded", start: Lock | None, result: Lock
) -> list[Diagnostic]:
    """Unchanged stages whose commands name a package that is no longer declared."""
    if start is None:
        return []
    now = declared_packages(result)
    gone = [
        key
        for manager, specs in declared_packages(start).items()
        for key in specs
        if key not in now.get(manager, {})
    ]
    places = {stage.name: at for at, stage in enumerate(loaded.declaration.stages)}
    return [
        Diagnostic(
            "DB0414",
            f"stage {name!r} names the package {key!r}, which is removed",
            loaded.span("stages", places[name], "commands"),
            hint="it is not built again now; when it is, the package may not be there",
            severity="warning",
        )
        for key in gone
        for name, entry in sorted(result.stages.items())
        if start.stages.get(name) == entry
        and re.search(
            rf"(?<![\w.-]){re.escape(key)}(?![\w.-])", "\n".join(entry.stage.commands)
        )
    ]


def shared_seqs(lock_: Lock) -> list[Diagnostic]:
    """Two steps with one seq are the mark of a merge that nobody put in order."""
    by_seq: dict[int, list[str]] = {}
    for name, entry in sorted(lock_.stages.items()):
        by_seq.setdefault(entry.seq, []).append(f"stage {name}")
    for text, seq in sorted(lock_.scripts.items()):
        by_seq.setdefault(seq, []).append(f"script {text.splitlines()[0]!r}")
    return [
        Diagnostic(
            "DB0412",
            f"seq {seq} stands at {' and '.join(names)}: two changes were merged",
            hint="the order is valid; `dynbuild lock --base BRANCH`, with the branch "
            "that yours goes into\n(often main), puts your steps behind its own",
            severity="warning",
        )
        for seq, names in sorted(by_seq.items())
        if len(names) > 1
    ]
