"""The cache of evaluations, in a directory that only the user can access.

An entry is a checksum and marshalled plain data: nothing in it is ever executed, an
entry that is damaged or was written by another Python counts as missing, and an
unusable cache is not an error. Imports next to nothing, like ``facts``.
"""

import marshal
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256

from dynbuild.project.cache.facts import Observation, hold
from dynbuild.version import __version__

MOST = 500
"""The maximum number of entries; beyond it, the older half is removed."""

_CHECKSUM = 32


def directory_of(environment: Mapping[str, str]) -> str | None:
    """Return the path of the cache, in $XDG_CACHE_HOME, else in ~/.cache."""
    cache = environment.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):  # noqa: PTH117 - pathlib is slow to import
        home = environment.get("HOME", "")
        if not os.path.isabs(home):  # noqa: PTH117 - as above
            return None
        cache = f"{home}/.cache"
    return f"{cache}/dynbuild/eval"


def recall(
    directory: str | None, question: object
) -> tuple[list[Observation], object] | None:
    """Return the facts and the answer of a question, if the facts still hold."""
    if directory is None or not _is_ours(directory):
        return None
    with suppress(OSError, ValueError, EOFError, TypeError):
        with open(_path(directory, question), "rb") as file:  # noqa: PTH123 - as above
            data = file.read()
        if sha256(data[_CHECKSUM:]).digest() != data[:_CHECKSUM]:
            return None
        facts, answer = marshal.loads(data[_CHECKSUM:])  # noqa: S302 - our own, checked
        if hold(facts):
            return facts, answer
    return None


def remember(
    directory: str | None, question: object, facts: list[Observation], answer: object
) -> None:
    """Store an answer with the facts it depends on; concurrent writers are safe."""
    if directory is None:
        return
    with suppress(OSError, ValueError):
        os.makedirs(directory, mode=0o700, exist_ok=True)  # noqa: PTH103 - as above
        if not _is_ours(directory):
            return
        data = marshal.dumps((facts, answer))  # type: ignore[arg-type]  # it may fail
        path = _path(directory, question)
        temporary = f"{path}.{os.getpid()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with open(os.open(temporary, flags, 0o600), "wb") as file:  # noqa: PTH123
            file.write(sha256(data).digest() + data)
        os.replace(temporary, path)  # noqa: PTH105 - as above
        _prune(directory)


def _path(directory: str, question: object) -> str:
    """Return the path of an entry; versions of dynbuild and Python share none."""
    key = repr((__version__, sys.version, question))
    return f"{directory}/{sha256(key.encode()).hexdigest()}"


def _is_ours(directory: str) -> bool:
    try:
        status = os.lstat(directory)
    except OSError:
        return False
    return status.st_uid == os.geteuid() and status.st_mode & 0o077 == 0


def _prune(directory: str) -> None:
    names = os.listdir(directory)  # noqa: PTH208 - as above
    if len(names) <= MOST:
        return
    paths = [f"{directory}/{name}" for name in names]
    paths.sort(key=lambda path: os.lstat(path).st_mtime)
    for path in paths[: len(paths) - MOST // 2]:
        with suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - as above
