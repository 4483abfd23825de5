"""The lock's file: read, looked up in git, and replaced as a whole or not at all."""

from dataclasses import dataclass
from pathlib import Path

from dynbuild.errors import AnswerIsNoError, DeclarationError, Diagnostic, LockError
from dynbuild.explain.blame import Commit
from dynbuild.ports import CommittedUnknownError
from dynbuild.project import git
from dynbuild.project.discovery import is_special
from dynbuild.project.writing import replace


@dataclass(frozen=True, slots=True)
class LockFile:
    """Implements ``ports.Locks`` and ``ports.LockHistory`` on a file."""

    path: Path
    name: str

    def read(self) -> str | None:
        if is_special(self.path):
            message = f"cannot read {self.name}: it is a pipe, a socket or a device"
            raise AnswerIsNoError(Diagnostic("DB0313", message))
        try:
            return self.path.read_bytes().decode("utf-8").replace("\r\n", "\n")
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
            raise AnswerIsNoError(
                Diagnostic(
                    "DB0313",
                    f"cannot read {self.name}: {(error.strerror or 'error').lower()}",
                )
            ) from None

    def committed(self, revision: str) -> str | None:
        return git.show(self.path.resolve(), revision)

    def commits(self) -> list[tuple[Commit, tuple[str, ...]]]:
        return git.log(self.path.resolve())

    def require(self, revision: str) -> None:
        try:
            known = git.knows(self.path.resolve().parent, revision)
        except CommittedUnknownError as error:
            raise DeclarationError(
                Diagnostic("DB0314", f"git does not say what {revision!r} is: {error}")
            ) from None
        if not known:
            raise DeclarationError(
                Diagnostic(
                    "DB0314",
                    f"git does not know the revision {revision!r} here",
                    hint="a branch, a tag or a commit; fetch it first if it is new",
                )
            )

    def write(self, text: str) -> None:
        """Replace the file in one move: a reader sees the old text or the new."""
        try:
            replace(self.path, text)
        except OSError as error:
            raise AnswerIsNoError(
                Diagnostic(
                    "DB0313",
                    f"cannot write {self.name}: {(error.strerror or 'error').lower()}",
                    hint="the lock is as it was",
                )
            ) from None
