"""What builders may take from the registry tier by themselves, in one run."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dynbuild.engine.places import builder_place
from dynbuild.errors import Diagnostic
from dynbuild.offers import Offers
from dynbuild.tiers.environment import switch
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.registry.offers import ENGINE, NoOffers, Reach, RegistryOffers
from dynbuild.tiers.wrap.chain import Chain
from dynbuild.tiers.wrap.guarded import CircuitBreakerTier


def offers_of(  # noqa: PLR0913, PLR0917 - the tiers, and who is asked and told
    repository: Repository | None,
    fars: Sequence[CircuitBreakerTier],
    near: Local,
    chain: Chain,
    bases: Sequence[Repository],
    environment: Mapping[str, str],
    folder: Path,
    tell: Callable[[Diagnostic], None],
) -> Offers:
    """Return what a run offers to builders. Raises DeclarationError."""
    tiers = [far for far in fars if str(repository) == far.far.place]
    if repository is None or not tiers:
        return NoOffers()
    (tier,) = tiers
    nearer = fars[: fars.index(tier)]

    def place(builder: str | None) -> tuple[bool, bool]:
        found = builder_place(environment, builder)
        return found.local, found.beside

    asked = switch(ENGINE, environment, otherwise=True)
    return RegistryOffers(
        repository=repository,
        # What is nearer gives its layers to us.
        uses=lambda: (tier.reads and not any(x.reads for x in nearer), tier.writes),
        near=near,
        has=near.has,
        sources=bases,
        environment=environment,
        folder=folder,
        reach=Reach(asked if environment.get(ENGINE) else None, place),
        settled=chain.settle,
        tell=tell,
    )
