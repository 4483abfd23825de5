"""The port of a chain to the tiers that are farther than its own."""

from typing import Protocol

from dynbuild.ports import Tier, TierError
from dynbuild.tiers.kind import Use
from dynbuild.tiers.wrap.meter import Meter


class Far(Tier, Protocol):
    """A tier that can only help: none of its methods raises TierError.

    The only origin of each record that it finds is the tier itself.
    """

    @property
    def reads(self) -> bool:
        """Whether records and blobs are still read from it."""

    @property
    def writes(self) -> bool:
        """Whether records are still shared through it."""

    @property
    def taking(self) -> Meter:
        """The meter of downloads."""

    @property
    def sharing(self) -> Meter:
        """The meter of uploads."""

    def lost(self) -> None:
        """Handle a blob that its records promised and that it did not deliver."""

    def fail(self, error: TierError, use: Use) -> None:
        """Handle a failure: stop one use of the tier, or all of it."""

    def require(self) -> None:
        """Raise UnreachableError if it failed and the command requires it."""
