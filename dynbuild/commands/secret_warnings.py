"""Warnings about secrets: those that a build is given against those it needs."""

import csv
from collections.abc import Sequence

from dynbuild.errors import DeclarationError, Diagnostic, did_you_mean
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import install_order
from dynbuild.steps.model import Group

_OF_DOWNLOADS = ("HTTP_AUTH_HEADER_", "HTTP_AUTH_TOKEN_")
"""What BuildKit takes for the hosts of addresses by itself: no stage names it."""


def concerns(locks: Sequence[Lock], arguments: tuple[str, ...]) -> list[Diagnostic]:
    """Warn of needed secrets that are not given, and given ones that no step needs.

    These are warnings, since a step that need not run needs no secret. Raises
    DeclarationError for a malformed secret.
    """
    ids = [_identity(text) for text in arguments]
    needed: dict[str, str] = {}
    for lock in locks:
        needed |= {**_of_packages(lock), **_of_stages(lock)}
    missing = [
        Diagnostic(
            "DB0508",
            f"{name} needs the secret {identity!r}, which is not given: it fails if "
            "it has to run",
            hint=f"--secret id={identity},env=VARIABLE or id={identity},src=FILE",
            severity="warning",
        )
        for identity, name in sorted(needed.items())
        if identity not in ids
    ]
    unneeded = [
        Diagnostic(
            "DB0509",
            f"nothing needs the secret {identity!r}",
            hint=did_you_mean(identity, tuple(needed)),
            severity="warning",
        )
        for identity in ids
        if identity not in needed and not identity.startswith(_OF_DOWNLOADS)
    ]
    return [*missing, *unneeded]


def _of_stages(lock: Lock) -> dict[str, str]:
    """Return the secrets of stages by id, with who needs each."""
    return {
        secret.id: f"stage {name!r}"
        for name, entry in sorted(lock.stages.items())
        for secret in entry.stage.secrets
    }


def _of_packages(lock: Lock) -> dict[str, str]:
    """Return the secrets of packages by id, with the last group that needs each."""
    return {
        index.secret: placed.id
        for placed in install_order(lock)
        if isinstance(placed.step, Group)
        for index in placed.step.indexes
        if index.secret is not None
    }


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
