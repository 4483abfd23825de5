"""The user's consents to the caches that declarations name, in the state directory.

Each answer is a file that only its user can write: a project, the settings in its
declaration, and whether they may be used.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from dynbuild.errors import CommandFailed, Diagnostic
from dynbuild.owners import fault
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Consent:
    """An answer: the project it is for, the settings it covers, and yes or no."""

    project: str
    settings: str
    agreed: bool


@dataclass(frozen=True, slots=True)
class Consents:
    """The answers in a directory; ``folder`` is None if there is no state directory."""

    folder: Path | None

    def answer(self, project: str, settings: str) -> bool | None:
        """Return the user's answer to these settings of a project, if any."""
        if self.folder is None or not self._is_ours(self.folder):
            return None
        consent = _read(self.folder / _name(project, settings))
        if consent is None or (consent.project, consent.settings) != (
            project,
            settings,
        ):
            return None
        return consent.agreed

    def keep(self, consent: Consent) -> None:
        """Store an answer. Raises CommandFailed if that is not possible."""
        if self.folder is None:
            hint = "set HOME or XDG_STATE_HOME, or pass --accept-cache"
            raise _unkept("there is no state directory", hint)
        path = self.folder / _name(consent.project, consent.settings)
        temporary = path.with_suffix(f".{os.getpid()}")
        text = json.dumps(
            {
                "project": consent.project,
                "settings": consent.settings,
                "agreed": consent.agreed,
            }
        )
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_ours(self.folder):
                hint = "only its user may own and write it"
                raise _unkept(f"{self.folder} is not safe", hint)
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            temporary.replace(path)
        except OSError as error:
            reason = (error.strerror or "error").lower()
            raise _unkept(f"{self.folder}: {reason}", "pass --accept-cache") from None

    def all(self) -> tuple[Consent, ...]:
        """Return every answer, sorted by project and settings."""
        consents = (_read(path) for path in self._files())
        return tuple(
            sorted(
                (consent for consent in consents if consent is not None),
                key=lambda consent: (consent.project, consent.settings),
            )
        )

    def last(self, project: str) -> str | None:
        """Return the settings of a project that the user agreed to last."""
        dated = ((_when(path), _read(path)) for path in self._files())
        agreed = [
            (when, consent.settings)
            for when, consent in dated
            if consent is not None and consent.project == project and consent.agreed
        ]
        return max(agreed)[1] if agreed else None

    def forget(self, project: str) -> int:
        """Delete all answers for a project; return how many there were."""
        count = 0
        for path in self._files():
            consent = _read(path)
            if consent is not None and consent.project == project:
                path.unlink(missing_ok=True)
                count += 1
        return count

    def _files(self) -> Iterator[Path]:
        if self.folder is not None and self._is_ours(self.folder):
            with suppress(OSError):
                yield from sorted(self.folder.glob("*.json"))

    @staticmethod
    def _is_ours(folder: Path) -> bool:
        """Whether nobody else can write to the folder, or replace it by another."""
        return folder.is_dir() and not (fault(folder) or fault(folder.parent))


def _when(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _name(project: str, settings: str) -> str:
    key = f"{project}\0{settings}".encode("utf-8", "surrogateescape")
    return f"{sha256(key).hexdigest()}.json"


def _read(path: Path) -> Consent | None:
    try:
        match json.loads(path.read_text(encoding="utf-8")):
            case {
                "project": str(project),
                "settings": str(settings),
                "agreed": bool(agreed),
            }:
                return Consent(project, settings, agreed)
            case _:
                return None
    except (OSError, ValueError, RecursionError):
        return None


def _unkept(why: str, hint: str) -> CommandFailed:
    message = f"the answer cannot be remembered: {why}"
    return CommandFailed(Diagnostic("DB0631", message, hint=hint))
