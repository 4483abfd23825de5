"""A shared tier that can only help: a failure is a miss, reported once, not retried.

A circuit breaker (Nygard, *Release It!*, 2007) that stays open for the rest of the run:
a build is short, and a tier that does not answer costs one time-out, not one per step.
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import replace

from dynbuild.building import Report
from dynbuild.digest import BlobDigest, StepDigest
from dynbuild.errors import Diagnostic, UnreachableError
from dynbuild.link.model import Origin, Record
from dynbuild.ports import Tier, TierError
from dynbuild.tiers.codec import UnreadableError
from dynbuild.tiers.kind import READ, WRITE, TierConfig, Use, place_of
from dynbuild.tiers.wrap.meter import Meter

_LOST = 2
"""Number of blobs damaged or missing behind their records that ends use of the tier."""


class CircuitBreakerTier:
    """Implements ``Far`` on a shared tier; raises nothing but ValueError.

    ``tell`` gets its first failure; if the tier is required, ``require`` raises it.
    """

    def __init__(
        self, far: TierConfig, tell: Callable[[Diagnostic], None], report: Report
    ) -> None:
        self.far = far
        self.failure: Diagnostic | None = None
        self.taking = Meter(f"taking layers from {far.name}", report)
        self.sharing = Meter(f"sharing layers through {far.name}", report)
        self._uses = set(far.uses)
        self._tell = tell
        self._reported = False
        self._lock = threading.Lock()
        self._opened: Tier | None = None
        self._lost = 0

    @property
    def reads(self) -> bool:
        return READ in self._uses

    @property
    def writes(self) -> bool:
        return WRITE in self._uses

    def find(self, steps: Collection[StepDigest]) -> tuple[Record, ...]:
        if not self.reads:
            return ()
        try:
            records = self._tier().find(steps)
        except TierError as error:
            self.fail(error, READ)
            return ()
        return tuple(
            self._from_here(record) for record in records if self._is_readable(record)
        )

    def _from_here(self, record: Record) -> Record:
        """Return the record with its origin: this tier, and who signed it.

        An origin with keys and no place comes from the check of signatures. Others,
        those of a chain, belong to what the record was built on, not to its signer.
        """
        signers = [origin.keys for origin in record.origins if not origin.place]
        keys = signers[0] if signers else ()
        return replace(record, origins=(Origin(place_of(self.far), keys),))

    def _is_readable(self, record: Record) -> bool:
        """Whether its write set can be read now: planning must not fail on it."""
        try:
            len(record.writes)
        except UnreadableError:
            self.damaged(f"what {record.step} wrote cannot be read")
            return False
        return True

    def fetch(self, blob: BlobDigest, path: str) -> bool:
        if not self.reads:
            return False
        try:
            return self._tier().fetch(blob, path)
        except TierError as error:
            self.fail(error, READ)
            return False

    def keep(self, blob: BlobDigest, path: str) -> None:
        if self.writes:
            try:
                self._tier().keep(blob, path)
            except TierError as error:
                self.fail(error, WRITE)

    def record(self, record: Record) -> None:
        if self.writes:
            try:
                self._tier().record(record)
            except TierError as error:
                self.fail(error, WRITE)

    def lost(self) -> None:
        """Count a blob that a record promised and the tier does not deliver."""
        with self._lock:
            self._lost += 1
            lost = self._lost
        if lost == _LOST:
            why = "it has records of layers that it does not have"
            self.fail(TierError(why, refused=True), READ)

    def damaged(self, what: str) -> None:
        """Report the first damage in the tier."""
        self._tell_once(
            Diagnostic(
                "DB0606",
                f"the {self.far.name} tier {self.far.place}: {what}",
                hint="it is made anew; `dynbuild cache verify` finds all that is "
                "damaged",
                severity="warning",
            )
        )

    def fail(self, error: TierError, use: Use) -> None:
        """Stop using the tier: for one use if it refused, else for all."""
        diagnostic = self._diagnostic(error, use)
        with self._lock:
            self._uses -= {use} if error.refused else {READ, WRITE}
            self.failure = self.failure or diagnostic
        if not self.far.required:
            self._tell_once(diagnostic)

    def _tell_once(self, diagnostic: Diagnostic) -> None:
        with self._lock:
            if self._reported:
                return
            self._reported = True
        self._tell(diagnostic)

    def _tier(self) -> Tier:
        with self._lock:
            if self._opened is None:
                self._opened = self.far.open(
                    self.damaged, self.taking.count, self.sharing.count
                )
            return self._opened

    def _diagnostic(self, error: TierError, use: str) -> Diagnostic:
        far = self.far
        what = "taken from it" if use == READ else "shared through it"
        consequence = f"nothing more is {what}" if error.refused else "it is left out"
        return Diagnostic(
            "DB0605" if far.required else "DB0604",
            f"the {far.name} tier {far.place} failed: {error.why}",
            hint="it is required; what was built is in the store here"
            if far.required
            else f"{consequence} in this run, which goes on without",
            severity="error" if far.required else "warning",
        )

    def require(self) -> None:
        """Raise UnreachableError if the tier is required and failed."""
        if self.far.required and self.failure is not None:
            raise UnreachableError(self.failure)
