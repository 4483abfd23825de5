"""Signatures of records: ed25519 (RFC 8032) over all that a record states.

Keys are spelled as in Nix's binary caches: a name, a colon, and Base64 of 32 bytes; for
a secret key of 64 bytes, the seed followed by the public key.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Collection
from dataclasses import field, replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from dynbuild.declaration.grammar import KEY_NAME, PUBLIC_KEY, matches
from dynbuild.digest import BlobDigest, digest_of
from dynbuild.link.model import Record, facts_of
from dynbuild.values import dataclass

_SECRET_KEY = re.compile(rf"({KEY_NAME.strip('^$')}):([A-Za-z0-9+/]{{86}}==)")
_SEED = 32


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key for verifying signatures: 32 bytes under a name."""

    name: str
    key: bytes

    def __str__(self) -> str:
        return f"{self.name}:{b64encode(self.key).decode()}"


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key for signing: a seed of 32 bytes, which no repr shows."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.name, self._key().public_key().public_bytes_raw())

    def sign(self, data: bytes) -> bytes:
        return self._key().sign(data)

    def dump(self) -> str:
        """Return the spelling that ``secret_key`` parses; it must not be shown."""
        return f"{self.name}:{b64encode(self.seed + self.public.key).decode()}"

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def public_key(text: str) -> PublicKey:
    """Parse a public key. Raises ValueError."""
    if not matches(PUBLIC_KEY, text):
        raise ValueError("a public key is NAME: and 44 characters of Base64")
    name, _, key = text.partition(":")
    return PublicKey(name, b64decode(key))


def secret_key(text: str) -> SecretKey:
    """Parse a secret key. Raises ValueError, whose message does not contain it."""
    match = _SECRET_KEY.fullmatch(text)
    if match is None:
        raise ValueError("a secret key is NAME: and 88 characters of Base64")
    data = b64decode(match[2])
    key = SecretKey(match[1], data[:_SEED])
    if key.public.key != data[_SEED:]:
        raise ValueError("the two halves of the secret key do not belong together")
    return key


def signed(record: Record, writes: BlobDigest, key: SecretKey) -> Record:
    """Return the record, signed; the signatures of other keys stay.

    ``writes`` is the digest of the blob that holds its write set.
    """
    own = b64encode(key.sign(_fingerprint(record, writes))).decode()
    signatures = {**dict(record.signatures), key.name: own}
    return replace(record, signatures=tuple(sorted(signatures.items())))


def signers(
    record: Record, writes: BlobDigest, keys: Collection[PublicKey]
) -> tuple[PublicKey, ...]:
    """Return which of some keys signed all that the record states."""
    signatures = dict(record.signatures)
    if not signatures or not keys:
        return ()
    data = _fingerprint(record, writes)
    return tuple(
        key
        for key in keys
        if key.name in signatures and _verifies(key, signatures[key.name], data)
    )


def _verifies(key: PublicKey, signature: str, data: bytes) -> bool:
    try:
        raw = b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(key.key).verify(raw, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _fingerprint(record: Record, writes: BlobDigest) -> bytes:
    """Return the signed data: the digest of a whole record of this version."""
    said = {"what": "dynbuild record", "version": 2, **facts_of(record, writes)}
    return digest_of(said).encode()
