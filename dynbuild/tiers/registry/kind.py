"""The registry tier as a kind: its settings, and how it is opened."""

from dataclasses import replace

from dynbuild.declaration.caches import RegistryTier
from dynbuild.declaration.grammar import REPOSITORY, matches
from dynbuild.errors import redact_urls
from dynbuild.inventory import Inventory
from dynbuild.ports import CountBytes, Notify, Tier
from dynbuild.tiers.environment import switch, uses, wrong
from dynbuild.tiers.kind import EnvironmentVariables, TierConfig, TierKind
from dynbuild.tiers.oci.address import GHCR, Repository, repository

_NAME = "dynbuild-cache"
"""The repository of the registry tier in a namespace of ghcr.io."""


def repository_of(
    declared: RegistryTier | None, environment: EnvironmentVariables
) -> Repository | None:
    """Return the registry tier's repository: the environment's, else the declared one.

    Raises DeclarationError.
    """
    namespace = environment.get("GHCR_NAMESPACE")
    variable, text = "CACHE_REGISTRY", environment.get("CACHE_REGISTRY")
    if not text and namespace:
        variable, text = "GHCR_NAMESPACE", f"{GHCR}/{namespace.lower()}/{_NAME}"
    if not text:
        return repository(declared.repository) if declared else None
    if not matches(REPOSITORY, text):
        shown = redact_urls(environment[variable])
        raise wrong(variable, shown, "a repository such as ghcr.io/acme/cache")
    return repository(text)


def _configure(
    declared: RegistryTier | None, environment: EnvironmentVariables
) -> TierConfig | None:
    place = repository_of(declared, environment)
    if place is None:
        return None
    settings = declared or RegistryTier(str(place))

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
        uses=uses("CACHE_REGISTRY_MODE", environment, settings.mode),
        required=switch("CACHE_REGISTRY_REQUIRED", environment, settings.required),
    )


def _is_overridden(declared: RegistryTier, _: EnvironmentVariables) -> bool:
    return replace(declared, repository="") == RegistryTier("")


REGISTRY = TierKind(
    declared=RegistryTier,
    name="registry",
    label="registry tier",
    colors=("#7a4fb0", "#b38ee6"),
    variables=("CACHE_REGISTRY", "GHCR_NAMESPACE"),
    configure=_configure,
    shown=lambda declared: (declared.repository, declared.mode),
    is_overridden=_is_overridden,
)
