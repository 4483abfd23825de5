"""The kinds of shared tiers: what one table says of each, the other knows."""

import re

import pytest

from dynbuild.declaration import caches
from dynbuild.tiers.declared import Cache, cache_of, settings_of
from dynbuild.tiers.kinds import KINDS
from dynbuild.tiers.settings import beyond, unasked

S3 = caches.Minio("s3.test")
REGISTRY = caches.RegistryTier("x.test/a/b")


def test_what_can_be_declared_can_be_opened() -> None:
    assert {kind.declared for kind in KINDS} == set(caches.KINDS)
    names = [kind.name for kind in KINDS]
    assert len({*names, "local", "built", "squashed"}) == len(names) + 3
    # They are classes of a page's style as well.
    assert all(re.fullmatch("[a-z][a-z0-9]*", name) for name in names)


def test_settings_are_the_text_that_users_agreed_to() -> None:
    cache = Cache("store", {"minio": S3, "registry": REGISTRY}, ("key",))
    text = settings_of(cache)
    assert text == (
        '{"local": "store", "minio": {"bucket": "docker-cache", "endpoint": "s3.test", '
        '"mode": "read-write", "region": null, "required": false, "secure": true}, '
        '"registry": {"mode": "read-write", "repository": "x.test/a/b", '
        '"required": false}, "trusted_keys": ["key"]}'
    )
    assert cache_of(text) == cache
    assert settings_of(Cache()) == "{}"


@pytest.mark.parametrize(
    ("tier", "environment", "counts"),
    [
        (S3, {}, True),
        (S3, {"MINIO_ENDPOINT": "other.test"}, False),
        (S3, {"MINIO_BUCKET": "other"}, True),
        (
            caches.Minio("x", prefix="y"),
            {"MINIO_ENDPOINT": "other.test", "MINIO_PREFIX": "z"},
            False,
        ),
        (caches.Minio("x", prefix="y"), {"MINIO_ENDPOINT": "other.test"}, True),
        (caches.Minio("x", secure=False), {"MINIO_ENDPOINT": "other.test"}, False),
        (caches.Minio("x", bucket="y"), {"MINIO_ENDPOINT": "other.test"}, True),
        (
            caches.Minio("x", bucket="y"),
            {"MINIO_ENDPOINT": "other.test", "MINIO_BUCKET": "other"},
            False,
        ),
        (caches.Minio("x", mode="read"), {"MINIO_ENDPOINT": "other.test"}, True),
        (REGISTRY, {"GHCR_NAMESPACE": "acme"}, False),
        (REGISTRY, {"CACHE_REGISTRY": "ghcr.io/a/b"}, False),
        (
            caches.RegistryTier("x.test/a", required=True),
            {"GHCR_NAMESPACE": "acme"},
            True,
        ),
    ],
)
def test_what_the_environment_does_not_override(
    tier: caches.SharedTier, environment: dict[str, str], *, counts: bool
) -> None:
    cache = Cache(shared={tier.key: tier})
    assert beyond(cache, environment) == (cache if counts else Cache())


def test_tiers_that_are_not_asked() -> None:
    cache = Cache("store", {"minio": S3, "registry": REGISTRY}, ("key",))
    left = unasked(cache, {"MINIO_ENDPOINT": "other.test"})
    off = caches.RegistryTier("x.test/a/b", mode="off")
    assert left == Cache(shared={"registry": off}, trusted_keys=("key",))
