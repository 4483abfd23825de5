"""Warnings about secrets: those that a build is given against those it needs."""

import csv

from dynbuild.errors import DeclarationError, Diagnostic, did_you_mean
from dynbuild.lockfile.model import Lock


def concerns(lock: Lock, arguments: tuple[str, ...]) -> list[Diagnostic]:
    """Warn of needed secrets that are not given, and given ones that no stage needs.

    These are warnings, since a step that need not run needs no secret. Raises
    DeclarationError for a malformed secret.
    """
    ids = [_identity(text) for text in arguments]
    needed = {
        secret.id: name
        for name, entry in sorted(lock.stages.items())
        for secret in entry.stage.secrets
    }
    missing = [
        Diagnostic(
            "DB0508",
            f"stage {name!r} needs the secret {identity!r}, which is not given: it "
            "fails if it has to run",
            hint=f"--secret id={identity},env=VARIABLE or id={identity},src=FILE",
            severity="warning",
        )
        for identity, name in sorted(needed.items())
        if identity not in ids
    ]
    unneeded = [
        Diagnostic(
            "DB0509",
            f"no stage needs the secret {identity!r}",
            hint=did_you_mean(identity, tuple(needed)),
            severity="warning",
        )
        for identity in ids
        if identity not in needed
    ]
    return [*missing, *unneeded]


def _identity(text: str) -> str:
    """Return the id in ``id=ID,env=VARIABLE`` or ``id=ID,src=FILE``."""
    fields = {
        field.partition("=")[0].strip(): field.partition("=")[2]
        for row in csv.reader([text])
        for field in row
    }
    if fields.get("id") and (fields.keys() & {"env", "src", "source"}):
        return fields["id"]
    # The text itself is not shown: it may be the secret.
    raise DeclarationError(
        Diagnostic(
            "DB0318",
            "a --secret has an id and where its value is",
            hint="--secret id=ID,env=VARIABLE or --secret id=ID,src=FILE",
        )
    )
