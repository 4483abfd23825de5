"""The trust of a run: whose signatures count, and which records of a shared tier."""

import hashlib
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dynbuild.compression import BROKEN, unpacked
from dynbuild.digest import BlobDigest, Digest, StepDigest, sha256
from dynbuild.link.model import Origin, Record
from dynbuild.ports import CountBytes, Notify, Tier
from dynbuild.tiers.codec import dump_writes
from dynbuild.tiers.declared import Cache
from dynbuild.tiers.kind import Open
from dynbuild.tiers.origin import Trust
from dynbuild.values import dataclass

if TYPE_CHECKING:
    # The library takes a while to import, and many have no keys.
    from dynbuild.signature import PublicKey, SecretKey

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys whose signatures count, and the key that signs, if there is one."""

    trusted: tuple["PublicKey", ...]
    secret: "SecretKey | None"

    @property
    def counting(self) -> tuple["PublicKey", ...]:
        """The accepted keys, our own included: we sign nothing we would not accept."""
        return (*self.trusted, *([self.secret.public] if self.secret else ()))


def keys_of(cache: Cache, environment: Mapping[str, str]) -> Keys | None:
    """Return the keys of a run; None if unsigned records count as well.

    Raises DeclarationError for an invalid key.
    """
    names = ("DYNBUILD_SIGNING_KEY", "DYNBUILD_SIGNING_KEY_FILE")
    trusted_text = environment.get("DYNBUILD_TRUSTED_KEYS", cache.trusted_keys)
    needed = trusted_text or cache.signed_only or any(map(environment.get, names))
    if not needed:
        return None
    from dynbuild.tiers.keys import signing_key, trusted_keys  # noqa: PLC0415 - as above

    trusted = trusted_keys(cache.trusted_keys, environment)
    return Keys(trusted, signing_key(environment))


def trusting(open_: Open, keys: Keys | None) -> Open:
    """Return an opener of a tier that finds only trusted records.

    Without keys its layers are checked against its records instead.
    """

    def trusted(tell: Notify, came: CountBytes, went: CountBytes) -> Tier:
        tier = open_(tell, came, went)
        if keys is None:
            return VerifiedTier(tier, tell)
        return SignedTier(tier, keys.trusted, keys.secret, tell)

    return trusted


class SignedTier:
    """Implements ``ports.Tier``: finds only records that a trusted key has signed.

    ``tell`` is called once if there are others.

    A secret key signs the records that are stored, and is trusted as well: nobody
    vouches for what they would not accept. A record that stands on anything that no
    trusted key vouches for is neither signed nor stored.
    """

    def __init__(
        self,
        tier: Tier,
        trusted: Collection["PublicKey"],
        secret: "SecretKey | None",
        tell: Callable[[str], None],
    ) -> None:
        self._tier = tier
        self._secret = secret
        own = [secret.public] if secret else []
        self._trust = Trust(keys=(*trusted, *own), signed_only=True)
        self._tell = tell
        self._reported = threading.Lock()

    def find(self, steps: Collection[StepDigest]) -> tuple[Record, ...]:
        records = self._tier.find(steps)
        with_signers = ((record, self._signers(record)) for record in records)
        trusted = tuple(
            replace(record, origins=(Origin("", keys),))
            for record, keys in with_signers
            if keys
        )
        # Acquired once, and never released.
        if len(trusted) < len(records) and self._reported.acquire(blocking=False):
            self._tell("it has records that no trusted key has signed")
        return trusted

    def fetch(self, blob: BlobDigest, path: str) -> bool:
        return self._tier.fetch(blob, path)

    def keep(self, blob: BlobDigest, path: str) -> None:
        self._tier.keep(blob, path)

    def record(self, record: Record) -> None:
        if not self._trust.believes(record.origins):
            return
        if self._secret is not None:
            from dynbuild.signature import signed  # noqa: PLC0415 - as above

            record = signed(record, _writes(record), self._secret)
        self._tier.record(record)

    def _signers(self, record: Record) -> tuple[str, ...]:
        return self._trust.signed_by(record, _writes(record))


def _writes(record: Record) -> BlobDigest:
    return BlobDigest(sha256(dump_writes(record.writes)))


class VerifiedTier:
    """Implements ``ports.Tier``: layers are checked against the tier's own records.

    A blob may match its digest and still not be the layer that a record means. The
    engine would refuse it and fail the build; here it is a miss. ``tell`` gets the
    mismatches.
    """

    def __init__(self, tier: Tier, tell: Callable[[str], None]) -> None:
        self._tier = tier
        self._tell = tell
        self._lock = threading.Lock()
        self._diff_ids: dict[Digest, set[Digest]] = {}
        self._wrong: set[Digest] = set()

    def find(self, steps: Collection[StepDigest]) -> tuple[Record, ...]:
        records = self._tier.find(steps)
        with self._lock:
            for record in records:
                for layer in record.layers:
                    self._diff_ids.setdefault(layer.digest, set()).add(layer.diff_id)
        return tuple(
            record
            for record in records
            if self._wrong.isdisjoint(layer.digest for layer in record.layers)
        )

    def fetch(self, blob: BlobDigest, path: str) -> bool:
        if blob in self._wrong or not self._tier.fetch(blob, path):
            return False
        diff_ids = self._diff_ids.get(blob)
        if diff_ids is None or _is_layer(path, diff_ids):
            return True
        Path(path).unlink()
        self._wrong.add(blob)
        self._tell(f"the blob {blob} is not the layer that a record says it is")
        return False

    def keep(self, blob: BlobDigest, path: str) -> None:
        self._tier.keep(blob, path)

    def record(self, record: Record) -> None:
        self._tier.record(record)


def _is_layer(path: str, diff_ids: Collection[Digest]) -> bool:
    """Whether a blob, unpacked, has all these diff ids, which should be only one."""
    try:
        with unpacked(Path(path)) as file:
            return {_digest(file)} == set(diff_ids)
    except (OSError, *BROKEN):
        return False


def _digest(file: IO[bytes]) -> Digest:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return Digest(f"sha256:{digest.hexdigest()}")
