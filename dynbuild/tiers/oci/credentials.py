"""Credentials for a registry: GHCR_TOKEN, or those in Docker's configuration."""

import base64
import warnings
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from dynbuild.tiers.oci.address import GHCR
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and a password, or a token that stands for both (Docker's identity token).

    No repr shows them.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The header of basic authentication (RFC 7617)."""
        pair = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that no one may read, in every spelling that is sent."""
        sent = self.basic.partition(" ")[2]
        return tuple(filter(None, (self.password, self.identity_token, sent)))


def credentials_of(host: str, environment: Mapping[str, str]) -> Credentials | None:
    """Return the credentials for a registry, or None for anonymous access.

    GHCR_TOKEN goes to ghcr.io alone. Else Docker's ``config.json`` (DOCKER_CONFIG) and
    its credential helpers are asked. Raises RegistryError for a helper that fails.
    """
    token = environment.get("GHCR_TOKEN")
    if token and host == GHCR:
        # The token decides; GitHub ignores the name, but requires one.
        return Credentials(environment.get("GHCR_NAMESPACE") or "dynbuild", token)
    # The SDK takes a while to import, and most registries here need no credentials.
    from docker import auth  # noqa: PLC0415
    from docker.credentials.errors import StoreError  # noqa: PLC0415
    from docker.errors import DockerException  # noqa: PLC0415

    folder = environment.get("DOCKER_CONFIG")
    path = f"{folder}/config.json" if folder else None
    if path and not Path(path).exists():
        # The SDK would then look in the home directory; Docker does not.
        return None
    try:
        with warnings.catch_warnings():
            # It warns of a helper that is not there, and then raises as well.
            warnings.simplefilter("ignore")
            config = auth.load_config(path, credstore_env=dict(environment))
            entry: Mapping[str, Any] = config.resolve_authconfig(host) or {}
    except (DockerException, StoreError, OSError, ValueError, KeyError, TypeError):
        # A helper's message may contain what it was to hide.
        raise RegistryError(
            f"{host}: Docker's credentials could not be read: "
            f"try `docker login {host}` again"
        ) from None
    folded = {name.lower(): value for name, value in entry.items() if value}
    credentials = Credentials(
        folded.get("username", ""),
        folded.get("password", ""),
        folded.get("identitytoken", ""),
    )
    return credentials if credentials.password or credentials.identity_token else None
