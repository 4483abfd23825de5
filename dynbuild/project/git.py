"""Queries to git about a file: its text at a revision, the commits that touched it."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dynbuild.explain.blame import Commit
from dynbuild.ports import CommittedUnknownError

# The variables that git sets for its own hooks and commands (`git rev-parse
# --local-env-vars`): with these it might answer for another repository than the one
# that holds the file.
_LOCAL = re.compile(
    r"GIT_(DIR|WORK_TREE|IMPLICIT_WORK_TREE|COMMON_DIR|INDEX_FILE|PREFIX|NAMESPACE"
    r"|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|GRAFT_FILE|SHALLOW_FILE"
    r"|REPLACE_REF_BASE|NO_REPLACE_OBJECTS|CONFIG|CONFIG_.*)"
)
_NOT_THERE = re.compile(
    "not a git repository|does not exist in|exists on disk, but not in"
    "|invalid object name|unknown revision|bad revision|Needed a single revision"
    "|ambiguous argument|does not have any commits yet"
)

# Messages as they are looked for; a question takes no lock of the repository.
_OURS = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}

_MOST = 64 << 20
"""The maximum bytes of an answer: a repository may have a lock of any size."""


def show(path: Path, revision: str) -> str | None:
    """Return a file's text at a revision; None without git, the revision or the file.

    Raises CommittedUnknownError if git fails.
    """
    text = _git(path.parent, ["show"], f"{revision}:./{path.name}")
    return None if text is None else text.decode("utf-8", errors="replace")


def knows(directory: Path, revision: str) -> bool:
    """Return whether a revision exists. Raises CommittedUnknownError likewise."""
    commit = _git(directory, ["rev-parse", "--verify"], f"{revision}^{{commit}}")
    return commit is not None


def log(path: Path, most: int | None = None) -> list[tuple[Commit, tuple[str, ...]]]:
    """Return the commits that touched a file, newest first, each with its parents' ids.

    The last ``most`` of them by date, if that is given. The list is empty without git.
    Raises CommittedUnknownError likewise.
    """
    form = "--format=%H%x00%P%x00%an%x00%aI%x00%s"
    # A clone's own settings could name a program that verifies signatures.
    order = "--topo-order" if most is None else f"--max-count={most}"
    how = [order, "--no-show-signature", form]
    command = ["--literal-pathspecs", "log", *how]
    text = _git(path.parent, command, "HEAD", "--", path.name) or b""
    commits = []
    for line in text.decode("utf-8", errors="replace").split("\n"):
        if not line:
            continue
        own, parents, author, date, subject = line.split("\0", 4)
        commits.append((Commit(own, author, date, subject), tuple(parents.split())))
    return commits


def top(directory: Path) -> Path | None:
    """Return the root of the working tree that a directory is in, or None.

    Raises CommittedUnknownError likewise.
    """
    path = _git(directory, ["rev-parse", "--show-toplevel"])
    return None if path is None else Path(os.fsdecode(path).removesuffix("\n"))


def changed(directory: Path, revision: str) -> tuple[str, ...] | None:
    """Return the paths below a directory where its files differ from a revision's.

    They are relative to it; files that git ignores are not looked at. None without git
    or the revision. Raises CommittedUnknownError likewise.
    """
    # Outside of a repository `git diff` would compare two directories.
    if not knows(directory, revision):
        return None
    # What watches files is a program of the clone's settings. So is what converts them,
    # but without that they could not be compared.
    own = ["-c", "core.fsmonitor=false"]
    how = ["--name-only", "-z", "--relative", "--no-renames", "--no-ext-diff"]
    how += ["--ignore-submodules=none"]
    differing = _git(directory, [*own, "diff", *how], revision, "--", ".") or b""
    others = ["ls-files", "-z", "--others", "--exclude-standard"]
    new = _git(directory, [*own, *others]) or b""
    names = (os.fsdecode(name).rstrip("/") for name in (differing + new).split(b"\0"))
    return tuple(sorted({*filter(None, names)}))


def setting(directory: Path, name: str) -> str | None:
    """Return a setting from the configuration of this clone alone, or None."""
    value = _git(directory, ["config", "--local", "--default", "", "--get", name])
    return None if not value else value.decode("utf-8", "replace").strip("\n") or None


def set_up(directory: Path, name: str, text: str) -> None:
    """Write a setting to this clone's configuration. Raises CommittedUnknownError."""
    _git(directory, ["config", "--local", name, text])


def _git(directory: Path, command: list[str], *arguments: str) -> bytes | None:
    end = ["--end-of-options"] if arguments else []
    words = ["git", *command, *end, *arguments]
    environment = {
        name: text for name, text in os.environ.items() if not _LOCAL.match(name)
    }
    try:
        done, out, message = _ran(words, directory, {**environment, **_OURS})
    except OSError:
        return None
    if not done:
        return out
    if _NOT_THERE.search(message):
        return None
    raise CommittedUnknownError(message.splitlines()[0] if message else "git failed")


def _ran(
    words: list[str], directory: Path, environment: Mapping[str, str]
) -> tuple[int, bytes, str]:
    """Run a command; return its exit status, stdout and stderr. Raises OSError."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603 - no shell, and no argument is an option
            words,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        assert process.stdout is not None
        out = process.stdout.read(_MOST + 1)
        if len(out) > _MOST:
            process.kill()
            raise CommittedUnknownError(f"it has more than {_MOST // 1024**2} MiB")
        status = process.wait()
        errors.seek(0)
        return status, out, errors.read(_MOST).decode("utf-8", errors="replace").strip()
