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
        """Whether anything is taken from it, still."""

    @property
    def writes(self) -> bool:
        """Whether anything is shared through it, still."""

    @property
    def taking(self) -> Meter:
        """The meter of what comes from it."""

    @property
    def sharing(self) -> Meter:
        """The meter of what goes to it."""

    def lost(self) -> None:
        """Hear that it did not deliver a blob that its records promised."""

    def fail(self, error: TierError, use: Use) -> None:
        """Hear that it is of no use, for one use or at all."""

    def require(self) -> None:
        """Raise UnreachableError if it failed, and the command must fail with it."""
