"""The lock's file: read, looked up in git, and replaced atomically."""

from pathlib import Path

from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic, LockError
from dynbuild.explain.blame import Commit
from dynbuild.ports import CommittedUnknownError
from dynbuild.project import git, named
from dynbuild.project.discovery import is_special
from dynbuild.project.named import NotTakenError
from dynbuild.project.writing import replace
from dynbuild.values import dataclass

_MOST = 64 << 20
"""The maximum bytes of a lock: 10,000 stages take a few MiB, and reading must end."""


@dataclass(frozen=True, slots=True)
class LockFile:
    """Implements ``ports.Locks`` and ``ports.LockHistory`` on a file.

    It has to lie ``within`` a directory, unless the user named it.
    """

    path: Path
    name: str
    within: Path | None = None

    def read(self) -> str | None:
        try:
            return self._bytes().decode("utf-8").replace("\r\n", "\n")
        except NotTakenError as error:
            message = f"cannot read {self.name}: {error}"
            hint = "remove what is there; then `dynbuild lock` writes a new lock"
            raise CommandFailed(Diagnostic("DB0313", message, hint=hint)) from None
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise LockError(
                Diagnostic(
                    "DB0405",
                    f"{self.name} is not UTF-8",
                    hint=f"restore it, for instance with `git checkout -- {self.name}`",
                )
            ) from None
        except OSError as error:
            raise CommandFailed(
                Diagnostic(
                    "DB0313",
                    f"cannot read {self.name}: {(error.strerror or 'error').lower()}",
                )
            ) from None

    def committed(self, revision: str) -> str | None:
        return git.show(self._place(), revision)

    def commits(self, most: int | None = None) -> list[tuple[Commit, tuple[str, ...]]]:
        return git.log(self._place(), most)

    def is_in_git(self) -> bool:
        return git.top(self._place().parent) is not None

    def require(self, revision: str) -> None:
        try:
            exists = git.knows(self._place().parent, revision)
        except CommittedUnknownError as error:
            raise DeclarationError(
                Diagnostic("DB0314", f"git does not say what {revision!r} is: {error}")
            ) from None
        if not exists:
            raise DeclarationError(
                Diagnostic(
                    "DB0314",
                    f"git does not know the revision {revision!r} here",
                    hint="a branch, a tag or a commit; fetch it first if it is new",
                )
            )

    def write(self, text: str) -> None:
        """Replace the file atomically: a reader sees the old text or the new.

        A link of that name is itself replaced, never its target.
        """
        try:
            replace(self.path, text)
        except OSError as error:
            raise CommandFailed(
                Diagnostic(
                    "DB0313",
                    f"cannot write {self.name}: {(error.strerror or 'error').lower()}",
                    hint="the lock is as it was",
                )
            ) from None

    def _bytes(self) -> bytes:
        if self.within is not None:
            return named.read(self.path, self.within, _MOST)
        if is_special(self.path):
            raise NotTakenError("it is a pipe, a socket or a device")
        with self.path.open("rb") as file:
            data = file.read(_MOST + 1)
        if len(data) > _MOST:
            raise NotTakenError(f"it has more than {_MOST // 1024**2} MiB")
        return data

    def _place(self) -> Path:
        """Return the path in git: parent links are resolved, a final link is a blob."""
        return self.path.parent.resolve() / self.path.name
