"""Images that a builder is offered to take from a registry by itself."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from dynbuild.ports import Config, Stack
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Offer:
    """An image in a registry, by its digest, and the variables that docker needs."""

    reference: str
    environment: Mapping[str, str]


class Offers(Protocol):
    """Images of layers that a registry has: they need not move through this machine."""

    def offered(
        self, stack: Stack, config: Config, builder: str | None
    ) -> AbstractContextManager[Offer | None]:
        """Provide an image of these layers to a builder, where that saves transfers."""

    def failed(self, why: str) -> None:
        """Offer nothing more: the builder could not take an image."""
