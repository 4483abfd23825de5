"""Signing what was pushed: the images, and what was attached to them."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from dynbuild.building import Built
from dynbuild.cli.commands.realize_build import BuildJob
from dynbuild.cli.output import tell
from dynbuild.digest import Digest
from dynbuild.engine.cosign import Cosign, UnsignedError, found
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic, clean
from dynbuild.tiers.oci.address import repository

BY_ITSELF = "true"
"""What ``--sign`` is without a key: cosign's own variables say which, if any."""

Attached: TypeAlias = Mapping[str, Mapping[str, Sequence[Digest]]]
"""What was attached to each image, by name, in each repository that has it."""

_NO_WORD = 200
"""Characters of a longest key that is shown: a path, or an address."""


def signing(sign: str, *, pushed: bool) -> Cosign:
    """Return what signs, as the user said it; refuse what cannot, before a build.

    Raises DeclarationError, CommandFailed.
    """
    if not pushed:
        message = "--sign is for what is pushed"
        raise DeclarationError(Diagnostic("DB0317", message, hint="add --push"))
    program = found(os.environ)
    if program is None:
        message = "--sign needs cosign, and there is none on the PATH"
        hint = "install it (Debian: apt install cosign), or leave --sign out"
        raise CommandFailed(Diagnostic("DB0517", message, hint=hint))
    key = None if sign == BY_ITSELF else sign
    if key is not None:
        _check_key(key)
    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    return Cosign(program, key, terminal)


def signed(
    jobs: Sequence[BuildJob],
    made: Mapping[str, Built],
    attached: Attached,
    cosign: Cosign,
) -> tuple[dict[str, Built], CommandFailed | None]:
    """Sign images that were pushed, and what was attached to them.

    Return the images, with what was signed in the metadata, and what failed: the images
    behind it are not signed either.
    """
    images = dict(made)
    tried = [job for job in jobs if job.name in made]
    for at, job in enumerate(tried, 1):
        beside = attached.get(job.name, {})
        images[job.name], failed = _signed(job, made[job.name], beside, cosign)
        if failed is not None:
            behind = [other.name for other in tried[at:]]
            return images, _unsigned(*failed, behind)
    return images, None


def _signed(
    job: BuildJob,
    built: Built,
    attached: Mapping[str, Sequence[Digest]],
    cosign: Cosign,
) -> tuple[Built, tuple[str, str] | None]:
    """Return the image as ``signed`` does, and what was not signed with the reason."""
    done: list[str] = []
    failed = None
    for place in dict.fromkeys(str(repository(tag)) for tag in job.options.tags):
        subjects = [*_subjects(place, built, attached.get(place, ()))]
        try:
            cosign.sign(subjects, os.environ)
        except UnsignedError as error:
            failed = (subjects[0], str(error))
            break
        done += subjects
        tell(f"signed {subjects[0]}")
    return replace(built, metadata={**built.metadata, "dynbuild.signed": done}), failed


def _subjects(place: str, built: Built, attached: Sequence[Digest]) -> Iterator[str]:
    for digest in dict.fromkeys((Digest(str(built.digest)), *attached)):
        yield f"{place}@{digest}"


def _check_key(key: str) -> None:
    """Refuse a key that is no file, and none of what cosign knows besides."""
    if "pin-value" in key:
        message = "--sign names a PIN, which other programs could read there"
        hint = "COSIGN_PKCS11_PIN holds it: leave pin-value out"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    if "://" in key or key.startswith("pkcs11:") or _is_file(key):
        return
    # Somebody may have put the key itself there.
    shown = key if key.isprintable() and len(key) <= _NO_WORD else "what is given"
    message = f"--sign={clean(shown)}: there is no such file with a key"
    hint = (
        "name the file, or what cosign calls the key (awskms://..., env://VARIABLE);\n"
        "--sign alone takes what COSIGN_KEY says. An IMAGE goes before --sign"
    )
    raise DeclarationError(Diagnostic("DB0317", message, hint=hint))


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def _unsigned(subject: str, why: str, behind: Sequence[str]) -> CommandFailed:
    message = f"{subject} is pushed, and not signed: {why}"
    if behind:
        message += f"\nlikewise, and not tried: {', '.join(behind)}"
    hint = f"{_remedy(why)}run the same command again: no step runs, and it signs"
    return CommandFailed(Diagnostic("DB0518", message, hint=hint))


def _remedy(why: str) -> str:
    if "ioctl for device" in why or "decrypt" in why:
        return "give the password of the key in COSIGN_PASSWORD, and\n"
    if " TUF" in why or "OIDC" in why:
        return (
            "cosign asks Sigstore's services, and without a key one that knows who\n"
            "you are; COSIGN_SIGNING_CONFIG names a file that says others, or none\n"
            "(`cosign signing-config create`). See to that, then\n"
        )
    if any(word in why.lower() for word in ("unauthorized", "denied", "forbidden")):
        return "`docker login`, for cosign knows no other credentials, and\n"
    return "correct that, and "
