"""Image look-up: in the image's own registry, else by whatever docker can do."""

from collections.abc import Mapping

from dynbuild.digest import Digest
from dynbuild.engine.images import DockerImages
from dynbuild.errors import DeclarationError, Diagnostic, UnreachableError
from dynbuild.steps.model import Pin
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.oci.images import pinned
from dynbuild.values import dataclass

_NO_DOCKER = frozenset({"DB0501", "DB0502"})


@dataclass(frozen=True, slots=True)
class RegistryImages:
    """Implements ``ports.Images``: with docker only where a registry gives nothing.

    What docker can do beyond: its mirrors, its login, and the engine's own images.
    """

    environment: Mapping[str, str]

    def pin(self, reference: str) -> Pin:
        try:
            return pinned(reference, self.environment)
        except RegistryError as error:
            refused = error
        try:
            return DockerImages(self.environment).pin(reference)
        except UnreachableError as error:
            if not _NO_DOCKER & {one.code for one in error.diagnostics}:
                raise
        words = f"no image {reference}: {refused}; and there is no docker to ask"
        if refused.status is None:
            hint = "try again when the registry answers"
            raise UnreachableError(Diagnostic("DB0504", words, hint=hint)) from None
        hint = "check its name and tag; a private one needs `docker login`"
        raise DeclarationError(Diagnostic("DB0301", words, hint=hint)) from None

    def local_digest(self, reference: str) -> Digest:
        return DockerImages(self.environment).local_digest(reference)
