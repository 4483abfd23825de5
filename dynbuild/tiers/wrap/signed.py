"""A shared tier whose records count only if a trusted key has signed them."""

import threading
from collections.abc import Callable, Collection
from dataclasses import replace

from dynbuild.digest import Digest, sha256
from dynbuild.link.model import Origin, Record
from dynbuild.ports import Tier
from dynbuild.signature import PublicKey, SecretKey, signed
from dynbuild.tiers.codec import dump_writes
from dynbuild.tiers.origin import Trust


class Signed:
    """Implements ``ports.Tier`` on another; ``tell`` hears once of untrusted records.

    With a secret key what is put is signed, and that key is trusted as well: nobody
    vouches for what they would not accept. What stands on anything that no trusted key
    vouches for is neither signed nor put.
    """

    def __init__(
        self,
        tier: Tier,
        trusted: Collection[PublicKey],
        secret: SecretKey | None,
        tell: Callable[[str], None],
    ) -> None:
        self._tier = tier
        self._secret = secret
        own = [secret.public] if secret else []
        self._trust = Trust(keys=(*trusted, *own), signed_only=True)
        self._tell = tell
        self._told = threading.Lock()

    def find(self, steps: Collection[Digest], platform: str) -> tuple[Record, ...]:
        found = self._tier.find(steps, platform)
        known = ((record, self._signers(record)) for record in found)
        trusted = tuple(
            replace(record, origins=(Origin("", keys),))
            for record, keys in known
            if keys
        )
        # Acquired once, and never released.
        if len(trusted) < len(found) and self._told.acquire(blocking=False):
            self._tell("it has records that no trusted key has signed")
        return trusted

    def fetch(self, blob: Digest, path: str) -> bool:
        return self._tier.fetch(blob, path)

    def keep(self, blob: Digest, path: str) -> None:
        self._tier.keep(blob, path)

    def record(self, record: Record) -> None:
        if not self._trust.believes(record.origins):
            return
        if self._secret is not None:
            record = signed(record, _writes(record), self._secret)
        self._tier.record(record)

    def _signers(self, record: Record) -> tuple[str, ...]:
        return self._trust.signed_by(record, _writes(record))


def _writes(record: Record) -> Digest:
    return sha256(dump_writes(record.writes))
