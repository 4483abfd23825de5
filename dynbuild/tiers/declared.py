"""The tier settings of a declaration, as plain values, and as text."""

import json
from collections.abc import Mapping
from dataclasses import asdict, field
from typing import TYPE_CHECKING, TypeVar

from dynbuild.declaration.caches import KINDS, SharedTier
from dynbuild.values import dataclass

if TYPE_CHECKING:
    # It takes a while to import, and an unchanged declaration needs none.
    from dynbuild.declaration.schema import Declaration

T = TypeVar("T", bound=SharedTier)


@dataclass(frozen=True, slots=True)
class Cache:
    """The tiers, as in ``declaration.schema``; ``shared`` has them by their key there.

    ``signed_only``: whatever keys there are, what none of them signed does not count.
    """

    local: str | None = None
    shared: Mapping[str, SharedTier] = field(default_factory=dict)
    trusted_keys: tuple[str, ...] = ()
    signed_only: bool = False

    def of_kind(self, kind: type[T]) -> T | None:
        """Return the declared tier of a kind, if there is one."""
        declared = self.shared.get(kind.key)
        return declared if isinstance(declared, kind) else None


def cache_of(text: str) -> Cache:
    """Parse the JSON of the schema's ``Cache`` or of ``settings_of``."""
    settings = json.loads(text)
    return Cache(
        settings.get("local"),
        {
            kind.key: kind(**settings[kind.key])
            for kind in KINDS
            if settings.get(kind.key)
        },
        tuple(settings.get("trusted_keys", ())),
    )


def declared_in(declaration: "Declaration") -> Cache:
    """Return the tier settings of a declaration."""
    return cache_of(declaration.cache.model_dump_json())


def settings_of(cache: Cache) -> str:
    """Return the canonical text of declared tier settings, without unset ones."""
    settings = asdict(cache)
    shared = settings.pop("shared")
    for tier in shared.values():
        # What users agreed to before there were prefixes has none.
        if tier.get("prefix", "") is None:
            del tier["prefix"]
    settings |= shared
    return json.dumps(
        {name: value for name, value in settings.items() if value}, sort_keys=True
    )
