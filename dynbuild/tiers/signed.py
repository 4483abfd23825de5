"""A shared tier whose records count only when somebody trusted has signed them."""

import threading
from collections.abc import Callable, Collection

from dynbuild.digest import Digest, sha256
from dynbuild.link.model import Record
from dynbuild.ports import Tier
from dynbuild.signature import PublicKey, SecretKey, is_trusted, signed
from dynbuild.tiers.codec import dump_writes


class Signed:
    """Implements ``ports.Tier`` on another; ``tell`` hears once of what is not signed.

    With a secret key what is put is signed, and that key is trusted as well: nobody
    vouches for what they would not take.
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
        self._trusted = (*trusted, *([secret.public] if secret else ()))
        self._tell = tell
        self._told = threading.Lock()

    def find(self, steps: Collection[Digest], platform: str) -> tuple[Record, ...]:
        found = self._tier.find(steps, platform)
        trusted = tuple(record for record in found if self._is_trusted(record))
        # Taken once, and never given back.
        if len(trusted) < len(found) and self._told.acquire(blocking=False):
            self._tell("it has records that no trusted key has signed")
        return trusted

    def fetch(self, blob: Digest, path: str) -> bool:
        return self._tier.fetch(blob, path)

    def keep(self, blob: Digest, path: str) -> None:
        self._tier.keep(blob, path)

    def record(self, record: Record) -> None:
        if self._secret is not None:
            record = signed(record, _writes(record), self._secret)
        self._tier.record(record)

    def _is_trusted(self, record: Record) -> bool:
        return is_trusted(record, _writes(record), self._trusted)


def _writes(record: Record) -> Digest:
    return sha256(dump_writes(record.writes))
