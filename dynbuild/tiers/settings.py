"""The shared tiers of a run: from the environment, else from the declaration."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from dynbuild.declaration.caches import SharedTier
from dynbuild.tiers.declared import Cache
from dynbuild.tiers.kind import TierConfig, TierKind, place_of
from dynbuild.tiers.kinds import KINDS
from dynbuild.tiers.origin import Trust
from dynbuild.tiers.wrap.trust import keys_of, trusting


def shared(cache: Cache, environment: Mapping[str, str]) -> tuple[TierConfig, ...]:
    """Return the shared tiers in use, near to far. Raises DeclarationError."""
    fars = [far for far in named(cache, environment) if far.uses]
    if not fars:
        return ()
    keys = keys_of(cache, environment)
    return tuple(replace(far, open=trusting(far.open, keys)) for far in fars)


def named(cache: Cache, environment: Mapping[str, str]) -> tuple[TierConfig, ...]:
    """Return all shared tiers, in use or not. Raises DeclarationError."""
    configs = (
        kind.configure(cache.shared.get(kind.declared.key), environment)
        for kind in KINDS
    )
    return tuple(far for far in configs if far is not None)


def trust_of(cache: Cache, environment: Mapping[str, str], seal: bytes | None) -> Trust:
    """Return which records in its store a run believes. Raises DeclarationError."""
    places = frozenset(map(place_of, named(cache, environment)))
    keys = keys_of(cache, environment)
    if keys is None:
        return Trust(places, seal=seal)
    return Trust(places, keys.counting, signed_only=True, seal=seal)


def beyond(cache: Cache, environment: Mapping[str, str]) -> Cache:
    """Return the declared tier settings that the environment does not override."""
    remaining = {
        kind.declared.key: declared
        for kind, declared in tiers_in(cache)
        if not kind.is_named(environment)
        or not kind.is_overridden(declared, environment)
    }
    keys = () if "DYNBUILD_TRUSTED_KEYS" in environment else cache.trusted_keys
    local = None if environment.get("CACHE_LOCAL_PATH") else cache.local
    return Cache(local, remaining, keys)


def unasked(cache: Cache, environment: Mapping[str, str]) -> Cache:
    """Return settings that query no declared tier, but trust records taken from it.

    A tier that the environment names is left out.
    """
    tiers = {
        kind.declared.key: replace(declared, mode="off", required=False)
        for kind, declared in tiers_in(cache)
        if not kind.is_named(environment)
    }
    return Cache(shared=tiers, trusted_keys=cache.trusted_keys)


def tiers_in(cache: Cache) -> Iterator[tuple[TierKind[Any], SharedTier]]:
    """Yield the declared tiers with their kinds, near to far."""
    for kind in KINDS:
        if declared := cache.shared.get(kind.declared.key):
            yield kind, declared
