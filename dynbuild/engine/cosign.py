"""Signing what a registry holds, by the cosign that is installed.

cosign reads its settings from its own variables: each of its flags is one (COSIGN_KEY,
COSIGN_SIGNING_CONFIG), and so are its passwords. They go to it as they are.
"""

import os
import re
import shutil
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from dynbuild.engine.process import Alarm, attend, converse
from dynbuild.errors import UnreachableError, clean, inert, redact_urls
from dynbuild.values import dataclass

LIMIT = 300.0
"""Seconds that cosign has where nobody sees it wait; its own limit is 180."""

_LINES = 5
"""The last lines of its output that are told, unless it names an error."""
_MOST = 300
"""Maximum characters of each."""

_SUBJECT = re.compile(
    r"^(?:signing \[[^]]*\]: )?(?:recursively signing: )?(?:signing digest: )?"
)
"""What its errors begin with, and what is told already."""


@dataclass(frozen=True, slots=True)
class Cosign:
    """The program, the key that it is given, if any, and whether a user may answer.

    On a ``terminal`` it asks for itself what it needs to know.
    """

    program: str
    key: str | None
    terminal: bool
    seconds: float = LIMIT

    def sign(self, subjects: Sequence[str], environment: Mapping[str, str]) -> None:
        """Sign what a registry holds, by digest: of an index all that it names too.

        Raises UnsignedError.
        """
        key = () if self.key is None else ("--key", self.key)
        # What it asks its user to agree to is answered by nobody here.
        command = [self.program, "sign", "--recursive", *key, *subjects]
        try:
            if self.terminal:
                status = converse(environment, command)
                if status:
                    raise UnsignedError(f"cosign ended with status {status}, see above")
                return
            self._unseen(command, environment)
        except UnreachableError as error:
            raise UnsignedError(error.diagnostics[0].message) from None

    def _unseen(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        last: deque[str] = deque(maxlen=_LINES)
        alarm = Alarm(self.seconds)
        status = attend(environment, command, last.append, watches=[alarm])
        if alarm.rang:
            raise UnsignedError(
                f"cosign did not end in {self.seconds:.0f} seconds, and was stopped"
            )
        if status:
            said = _error_in(last)
            raise UnsignedError(f"cosign ended with status {status}: {said}")


class UnsignedError(Exception):
    """Nothing, or not all, was signed; what it says may be shown."""


def found(environment: Mapping[str, str]) -> str | None:
    """Return the path of cosign, if it is on the PATH.

    A place that depends on the current directory may be in anybody's checkout.
    """
    places = environment.get("PATH", os.defpath).split(os.pathsep)
    return shutil.which(
        "cosign", path=os.pathsep.join(one for one in places if Path(one).is_absolute())
    )


def _error_in(lines: Sequence[str]) -> str:
    named = [line.partition("Error: ")[2] for line in lines if "Error: " in line]
    if named:
        return clean(_SUBJECT.sub("", named[-1]))
    shown = (redact_urls(line)[:_MOST] for line in lines)
    return inert("\n".join(shown)) or "it said nothing"
