"""Keys for signatures: from the environment, the declaration, owner-only files."""

import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic
from dynbuild.signature import PublicKey, SecretKey, public_key, secret_key

TRUSTED = "DYNBUILD_TRUSTED_KEYS"
VALUE = "DYNBUILD_SIGNING_KEY"
FILE = "DYNBUILD_SIGNING_KEY_FILE"

_MOST = 4096
"""Maximum bytes read of a key file: a key has less than 200."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def trusted_keys(
    declared: Sequence[str], environment: Mapping[str, str]
) -> tuple[PublicKey, ...]:
    """Return the keys whose signatures count: the environment's, else the declared.

    Raises DeclarationError.
    """
    variable = environment.get(TRUSTED)
    texts = declared if variable is None else variable.split()
    keys = []
    for text in dict.fromkeys(texts):
        try:
            keys.append(public_key(text))
        except ValueError as error:
            where = "trusted_keys" if variable is None else TRUSTED
            hint = "`dynbuild key new NAME` prints one"
            # Somebody may have put the secret key there.
            raise _no_key(f"{where}: {error}", hint) from None
    return tuple(keys)


def signing_key(environment: Mapping[str, str]) -> SecretKey | None:
    """Return the key that signs what is shared, if any. Raises DeclarationError."""
    value, file = environment.get(VALUE), environment.get(FILE)
    if value and file:
        raise _no_key(f"both {VALUE} and {FILE} are set", "unset one of them")
    if not value and not file:
        return None
    try:
        return secret_key((value or _read(Path(file or ""))).strip())
    except ValueError as error:
        hint = "`dynbuild key new NAME` writes one"
        raise _no_key(f"{VALUE if value else FILE}: {error}", hint) from None


def new_key(name: str, path: Path) -> PublicKey:
    """Write a new secret key to an owner-only file; return its public key.

    Raises CommandFailed if something is there.
    """
    key = SecretKey(name, secrets.token_bytes(32))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        message = f"{path} is there already"
        hint = "give the key another name or file, or remove that one yourself"
        raise CommandFailed(Diagnostic("DB0622", message, hint=hint)) from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{key.dump()}\n")
    return key.public


def _read(path: Path) -> str:
    """Read a key file, which has to be readable by its owner alone."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(_MOST)
    except OSError as error:
        why = (error.strerror or "error").lower()
        raise _no_key(f"{FILE}: cannot read {path}: {why}", None) from None
    if status.st_uid != os.geteuid():
        message = f"{path} holds a secret key that belongs to another user"
        hint = "sign with a key of your own: `dynbuild key new NAME` makes one"
        raise DeclarationError(Diagnostic("DB0621", message, hint=hint))
    if status.st_mode & _OTHERS:
        message = f"{path} holds a secret key, and others may read it"
        raise DeclarationError(Diagnostic("DB0621", message, hint=f"chmod 600 {path}"))
    return data.decode("utf-8", "replace")


def _no_key(message: str, hint: str | None) -> DeclarationError:
    return DeclarationError(Diagnostic("DB0620", message, hint=hint))
