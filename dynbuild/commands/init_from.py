"""``init --from``: a Dockerfile translated, and the result read as it will be."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from dynbuild.declaration.load import load
from dynbuild.declaration.syntax import decode
from dynbuild.dockerfiles.convert import Conversion, convert
from dynbuild.dockerfiles.scope import PLATFORM
from dynbuild.dockerfiles.state import Setting
from dynbuild.dockerfiles.workflows import platforms_in
from dynbuild.errors import DeclarationError, Diagnostic, did_you_mean
from dynbuild.spans import Source

_WORKFLOWS = ".github/workflows"
_PROXY = re.compile(r"(?:https?|ftp|no|all)_proxy", re.IGNORECASE)
"""Arguments that Docker knows without an ARG."""


def translated(
    path: Path, targets: Sequence[str], arguments: Mapping[str, str], output: str
) -> tuple[Conversion, tuple[Diagnostic, ...]]:
    """Translate a file; return the mistakes that the declaration has besides.

    Raises DeclarationError where it is no Dockerfile, or cannot be read.
    """
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        message = f"{path} is not UTF-8"
        raise DeclarationError(Diagnostic("DB0311", message)) from None
    except OSError as error:
        reason = (error.strerror or "").lower()
        message = f"cannot read {path}: {reason}"
        raise DeclarationError(
            Diagnostic("DB0311", message, hint="name a Dockerfile that is there")
        ) from None
    more = _known_of(path)
    conversion = convert(Source(str(path), text), targets, arguments, more=more)
    try:
        load(Source(output, conversion.text), "toml")
    except DeclarationError as error:
        return conversion, error.diagnostics
    return conversion, tuple(_unknown(conversion, arguments))


def _known_of(path: Path) -> dict[str, Setting]:
    """Return what the project's workflows say of the image of a Dockerfile."""
    found = []
    for file in sorted(Path(_WORKFLOWS).glob("*.y*ml")):
        with suppress(OSError, DeclarationError):
            found.append(decode(str(file), file.read_bytes()))
    platforms, said_in = platforms_in(found, path.as_posix())
    if not platforms:
        return {}
    return {"platforms": Setting([*platforms], (f"As {said_in} builds it.",))}


def _unknown(
    conversion: Conversion, arguments: Mapping[str, str]
) -> Iterator[Diagnostic]:
    """Warn of values that no ARG takes, as Docker does."""
    known = {
        word.partition("=")[0]
        for note in conversion.notes
        if note.instruction.name == "ARG"
        for word in note.instruction.words
    }
    for name in arguments:
        if name not in known | PLATFORM and not _PROXY.fullmatch(name):
            message = f"--build-arg {name}: no ARG of the Dockerfile takes it"
            hint = did_you_mean(name, sorted(known))
            yield Diagnostic("DB0335", message, hint=hint, severity="warning")
