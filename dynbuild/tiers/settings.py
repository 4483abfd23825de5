"""The settings of shared tiers: from the environment, else from the declaration."""

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from dynbuild.declaration.grammar import REPOSITORY, matches
from dynbuild.errors import DeclarationError, Diagnostic, redact_urls
from dynbuild.inventory import Inventory
from dynbuild.ports import CountBytes, Notify, Tier
from dynbuild.tiers.declared import Cache, Minio, Mode, RegistryTier
from dynbuild.tiers.http.address import is_authority
from dynbuild.tiers.oci.address import GHCR, Repository, repository
from dynbuild.tiers.origin import Trust
from dynbuild.tiers.wrap.guarded import (
    READ,
    WRITE,
    TierConfig,
    Use,
    place_of,
)
from dynbuild.tiers.wrap.trust import keys_of, trusting

_USES: Mapping[Mode, frozenset[Use]] = {
    "read-write": frozenset({READ, WRITE}),
    "read": frozenset({READ}),
    "write": frozenset({WRITE}),
    "off": frozenset(),
}
_SPELLINGS = {"1": True, "true": True, "yes": True, "on": True}
_SPELLINGS |= {"0": False, "false": False, "no": False, "off": False}

_BUCKET_NAME = range(3, 64)

_NAME = "dynbuild-cache"
"""The repository of the registry tier in a namespace of ghcr.io."""


def shared(cache: Cache, environment: Mapping[str, str]) -> tuple[TierConfig, ...]:
    """Return the shared tiers in use, near to far. Raises DeclarationError."""
    fars = [far for far in named(cache, environment) if far.uses]
    if not fars:
        return ()
    keys = keys_of(cache, environment)
    return tuple(replace(far, open=trusting(far.open, keys)) for far in fars)


def named(cache: Cache, environment: Mapping[str, str]) -> tuple[TierConfig, ...]:
    """Return all shared tiers, in use or not. Raises DeclarationError."""
    declared = (_minio(cache.minio, environment), _registry(cache, environment))
    return tuple(far for far in declared if far is not None)


def trust_of(cache: Cache, environment: Mapping[str, str], seal: bytes | None) -> Trust:
    """Return which records in its store a run believes. Raises DeclarationError."""
    places = frozenset(map(place_of, named(cache, environment)))
    keys = keys_of(cache, environment)
    if keys is None:
        return Trust(places, seal=seal)
    return Trust(places, keys.counting, signed_only=True, seal=seal)


def beyond(cache: Cache, environment: Mapping[str, str]) -> Cache:
    """Return the declared tier settings that the environment does not override."""
    registry, minio = cache.registry, cache.minio
    if registry and registry_named(environment):
        said = replace(registry, repository="")
        registry = registry if said != RegistryTier("") else None
    if minio and environment.get("MINIO_ENDPOINT"):
        named = environment.get("MINIO_BUCKET")
        bucket = Minio("").bucket if named else minio.bucket
        rest = replace(minio, endpoint="", secure=True, bucket=bucket)
        minio = minio if rest != Minio("") else None
    keys = () if "DYNBUILD_TRUSTED_KEYS" in environment else cache.trusted_keys
    local = None if environment.get("CACHE_LOCAL_PATH") else cache.local
    return Cache(local, minio, registry, keys)


def registry_named(environment: Mapping[str, str]) -> bool:
    """Whether the environment names a registry tier."""
    return any(map(environment.get, ("CACHE_REGISTRY", "GHCR_NAMESPACE")))


def registry_of(cache: Cache, environment: Mapping[str, str]) -> Repository | None:
    """Return the registry tier's repository: the environment's, else the declared one.

    Raises DeclarationError.
    """
    namespace = environment.get("GHCR_NAMESPACE")
    variable, text = "CACHE_REGISTRY", environment.get("CACHE_REGISTRY")
    if not text and namespace:
        variable, text = "GHCR_NAMESPACE", f"{GHCR}/{namespace.lower()}/{_NAME}"
    if not text:
        return repository(cache.registry.repository) if cache.registry else None
    if not matches(REPOSITORY, text):
        shown = redact_urls(environment[variable])
        raise _wrong(variable, shown, "a repository such as ghcr.io/acme/cache")
    return repository(text)


def _registry(cache: Cache, environment: Mapping[str, str]) -> TierConfig | None:
    place = registry_of(cache, environment)
    if place is None:
        return None
    given = cache.registry or RegistryTier(repository=str(place))

    def open_(tell: Notify, came: CountBytes, went: CountBytes) -> Tier:
        from dynbuild.tiers.registry.tier import Registry  # noqa: PLC0415

        return Registry(place, environment, tell, came, went)

    def inventory() -> Inventory:
        if place.host == GHCR:
            from dynbuild.tiers.oci.packages import Packages  # noqa: PLC0415
            from dynbuild.tiers.registry.ghcr import GhcrInventory  # noqa: PLC0415

            packages = Packages(place, environment)
            return GhcrInventory(place, environment, lambda _: None, packages)
        from dynbuild.tiers.registry.inventory import RegistryInventory  # noqa: PLC0415

        return RegistryInventory(place, environment, lambda _: None)

    return TierConfig(
        name="registry",
        place=str(place),
        open=open_,
        inventory=inventory,
        uses=_uses("CACHE_REGISTRY_MODE", environment, given.mode),
        required=_switch("CACHE_REGISTRY_REQUIRED", environment, given.required),
    )


def _minio(declared: Minio | None, environment: Mapping[str, str]) -> TierConfig | None:
    endpoint, secure = _endpoint(environment)
    if endpoint is None:
        if declared is None:
            return None
        endpoint, secure = declared.endpoint, declared.secure
    given = declared or Minio(endpoint=endpoint)
    bucket = environment.get("MINIO_BUCKET") or given.bucket
    if len(bucket) not in _BUCKET_NAME or "/" in bucket:
        raise _wrong("MINIO_BUCKET", bucket, "a name of 3 to 63 characters")
    region = environment.get("MINIO_REGION") or given.region or None
    if bool(environment.get("MINIO_ACCESS_KEY")) != bool(
        environment.get("MINIO_SECRET_KEY")
    ):
        message = "only one of MINIO_ACCESS_KEY and MINIO_SECRET_KEY is set"
        raise DeclarationError(Diagnostic("DB0607", message, hint="set both, or none"))
    secure = _switch("MINIO_SECURE", environment, secure)

    def open_(tell: Notify, came: CountBytes, went: CountBytes) -> Tier:
        # The client takes a while to import, and many runs need none.
        from dynbuild.tiers.s3.client import Settings  # noqa: PLC0415
        from dynbuild.tiers.s3.tier import S3  # noqa: PLC0415

        return S3(Settings(endpoint, bucket, secure, region), tell, came, went)

    def inventory() -> Inventory:
        from dynbuild.tiers.s3.client import Settings  # noqa: PLC0415
        from dynbuild.tiers.s3.inventory import S3Inventory  # noqa: PLC0415

        return S3Inventory(Settings(endpoint, bucket, secure, region), lambda _: None)

    scheme = "https" if secure else "http"
    return TierConfig(
        name="s3",
        place=f"{scheme}://{endpoint}/{bucket}",
        open=open_,
        inventory=inventory,
        uses=_uses("MINIO_MODE", environment, given.mode),
        required=_switch("MINIO_REQUIRED", environment, given.required),
    )


def _endpoint(environment: Mapping[str, str]) -> tuple[str | None, bool]:
    """Return the host and port that the environment names, and whether to use TLS."""
    given = environment.get("MINIO_ENDPOINT")
    if not given:
        return None, True
    scheme, _, rest = given.rpartition("://")
    endpoint = rest.rstrip("/")
    if scheme not in ("", "http", "https") or not is_authority(endpoint):
        # It may hold a password.
        raise _wrong("MINIO_ENDPOINT", "…", "a host or host:port")
    return endpoint, scheme != "http"


def _uses(
    variable: str, environment: Mapping[str, str], declared: Mode
) -> frozenset[Use]:
    """Return a tier's uses: what both its variable and the general CACHE_MODE allow."""
    uses = _USES[_mode(variable, environment, declared)]
    return uses & _USES[_mode("CACHE_MODE", environment, "read-write")]


def _mode(variable: str, environment: Mapping[str, str], otherwise: Mode) -> Mode:
    given = environment.get(variable) or otherwise
    for mode in get_args(Mode):
        if given == mode:
            return mode  # type: ignore[no-any-return]
    raise _wrong(variable, given, "one of read-write, read, write and off")


def _switch(variable: str, environment: Mapping[str, str], otherwise: bool) -> bool:  # noqa: FBT001 - a value
    given = environment.get(variable)
    if not given:
        return otherwise
    if given.lower() not in _SPELLINGS:
        raise _wrong(variable, given, "true or false")
    return _SPELLINGS[given.lower()]


def _wrong(variable: str, value: str, expected: str) -> DeclarationError:
    message = f"{variable}={value} is not {expected}"
    return DeclarationError(Diagnostic("DB0607", message, hint=f"set {variable} anew"))
