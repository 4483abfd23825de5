"""The origins of the records of a store, and which of them a run believes.

One store serves projects that trust different tiers, and may have been restored from
elsewhere. So each record in it states its origin: built here, under a seal that only
this user on this machine can make, with the origins of all that it was built on; or
taken from which tier. A record that states neither is from the store: nobody vouches
for it.
"""

import hmac
import json
from collections.abc import Collection, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from dynbuild.digest import BlobDigest
from dynbuild.link.model import Origin, Record
from dynbuild.values import dataclass

if TYPE_CHECKING:
    # The library takes a while to import, and many have no keys.
    from dynbuild.signature import PublicKey

STORE = "this store"
"""The place of a record that a store holds without a stated origin."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The trust of a run, and the key of its own seal.

    ``places`` are the tiers that the user named, in use now or not; None is any.
    ``signed_only``: what is not built here counts only if one of ``keys`` signed it.
    """

    places: frozenset[str] | None = None
    keys: tuple["PublicKey", ...] = ()
    signed_only: bool = False
    seal: bytes | None = field(default=None, repr=False)

    def believes(self, origins: Collection[Origin]) -> bool:
        """Whether something counts that has these origins, besides being built here."""
        if self.signed_only:
            trusted = set(map(str, self.keys))
            return all(trusted.intersection(origin.keys) for origin in origins)
        places = self.places
        return places is None or all(
            origin.place == STORE or origin.place in places for origin in origins
        )

    def signed_by(self, record: Record, writes: BlobDigest) -> tuple[str, ...]:
        """Return the keys that are trusted here and signed a record."""
        if not self.keys or not record.signatures:
            return ()
        from dynbuild.signature import signers  # noqa: PLC0415 - as above

        return tuple(sorted(map(str, signers(record, writes, self.keys))))


ANY = Trust()
"""Trust in everything, without a seal."""


def dump_built(data: bytes, origins: Collection[Origin], trust: Trust) -> bytes:
    """Return a store's origin data for a record built here, on what has these origins.

    ``data`` is the record as it was dumped.
    """
    if trust.seal is None:
        return b""
    built: list[object] = [
        [origin.place, list(origin.keys)] for origin in sorted(origins)
    ]
    seal = _seal(trust.seal, _sealed_data(data, built))
    return json.dumps({"built_on": built, "seal": seal}).encode()


def dump_taken(record: Record) -> bytes:
    """Return a store's origin data for a record taken from a tier."""
    (origin,) = record.origins
    return json.dumps({"taken_from": origin.place}).encode()


def origins_in(
    origin_data: bytes, data: bytes, record: Record, writes: BlobDigest, trust: Trust
) -> tuple[Origin, ...]:
    """Return the origins of a record, as the store states and its seal proves them.

    ``data`` is the record as it was loaded, and whole.
    """
    try:
        match json.loads(origin_data or b"null"):
            case {"built_on": [*built], "seal": str(seal)} if trust.seal and _fits(
                seal, _seal(trust.seal, _sealed_data(data, built))
            ):
                return tuple(Origin(place, tuple(keys)) for place, keys in built)
            case {"taken_from": str(place)}:
                return (Origin(place, trust.signed_by(record, writes)),)
            case _:
                pass
    except (ValueError, TypeError, RecursionError):
        pass
    return (Origin(STORE, trust.signed_by(record, writes)),)


def seal_of_note(name: str, data: bytes, trust: Trust) -> str | None:
    """Return the seal that proves that a note was written here; None without a key."""
    if trust.seal is None:
        return None
    return _seal(trust.seal, b"note\0" + name.encode() + b"\0" + data)


def is_sealed(name: str, data: bytes, seal: str, trust: Trust) -> bool:
    """Whether a note was written by this user on this machine."""
    own = seal_of_note(name, data, trust)
    return own is not None and _fits(seal, own)


def parted(data: bytes) -> tuple[bytes, bytes]:
    """Split a record's file in a store into the record and its origin data."""
    digest, _, rest = data.partition(b"\n")
    text, _, origin_data = rest.partition(b"\n")
    return digest + b"\n" + text, origin_data


def _sealed_data(data: bytes, built: Sequence[object]) -> bytes:
    """Return the sealed data: a record, by its checksum, and what it was built on."""
    checksum, _, _ = data.partition(b"\n")
    return b"\0".join((b"record", checksum, json.dumps(built).encode()))


def _seal(key: bytes, data: bytes) -> str:
    return hmac.new(key, data, "sha256").hexdigest()


def _fits(stored: str, own: str) -> bool:
    return hmac.compare_digest(stored.encode(), own.encode())
