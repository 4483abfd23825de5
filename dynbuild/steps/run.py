"""What a step executes: one script in one shell, with its mounts."""

from dataclasses import dataclass

from dynbuild.steps.model import Network, Sharing

BASE_STEP = "base.0"
"""The name of the base among the steps of a Dockerfile."""

EPOCH = 315_619_200
"""The time of directories that copies bring, in seconds: 1980-01-02, the first day of
which every time zone can make a zip archive."""

BASE_MOUNT = "/run/base"
"""Where a step sees the base as it was, if it has to know what was in it."""


@dataclass(frozen=True, slots=True)
class CacheMount:
    """A directory that outlives the build; no part of it comes into the image.

    ``id`` is what tells it from others of one project; none where the stage and the
    target do.
    """

    target: str
    id: str | None
    sharing: Sharing = "shared"
    uid: int = 0
    gid: int = 0
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class ScratchMount:
    """An empty directory in memory for the time of the script."""

    target: str


@dataclass(frozen=True, slots=True)
class BaseMount:
    """The base as it was before any step, read-only, at ``BASE_MOUNT``."""


@dataclass(frozen=True, slots=True)
class SecretMount:
    """A secret as a variable or a file, readable by the user of the script."""

    id: str
    env: str | None
    target: str | None
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True)
class SshMount:
    """The forwarded ssh agent, usable by the user of the script."""

    uid: int = 0
    gid: int = 0


Mount = CacheMount | ScratchMount | BaseMount | SecretMount | SshMount


@dataclass(frozen=True, slots=True)
class Run:
    """A script and all that it runs with; ``shell`` None is the declaration's."""

    script: str
    mounts: tuple[Mount, ...] = ()
    user: str = "root"
    workdir: str | None = None
    shell: tuple[str, ...] | None = None
    network: Network = "default"
    directories: tuple[str, ...] = ()
    """Those that are made for the user before, where they are not there."""
