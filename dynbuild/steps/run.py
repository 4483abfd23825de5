"""The execution of a step: one script in one shell, with its mounts."""

from dynbuild.quote import StageName
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.model import Copy, Network, Sharing
from dynbuild.values import dataclass

BASE_STEP = StageName("base.0")
"""The name of the base among the steps of a Dockerfile."""

EPOCH = 315_619_200
"""The timestamp of directories that copies create, in seconds: 1980-01-02, the first
day that a zip archive can represent in every time zone."""

TIME_VARIABLE = "SOURCE_DATE_EPOCH"
"""The variable by which tools are told which time to write instead of the present one
(https://reproducible-builds.org/specs/source-date-epoch/)."""

BASE_MOUNT = "/run/base"
"""The path of the original base, for steps that have to know its content."""


def time_of(config: RuntimeConfig) -> int | None:
    """Return the one time of all layers, in Unix seconds, if they have to be alike."""
    if not config.reproducible:
        return None
    moment = config.source_date_epoch
    return EPOCH if moment is None else moment


@dataclass(frozen=True, slots=True)
class CacheMount:
    """A directory that outlives the build; no part of it enters the image.

    ``id`` distinguishes it from others of the project; None where the stage and the
    target do.
    """

    target: str
    id: str | None
    sharing: Sharing = "shared"
    uid: int = 0
    gid: int = 0
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class BindMount:
    """Files of the project, a stage or an image, read-only, in place."""

    files: Copy


@dataclass(frozen=True, slots=True)
class ScratchMount:
    """An empty in-memory directory for the duration of the script."""

    target: str
    size: str | None = None


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


OwnMount = CacheMount | ScratchMount | BaseMount | SecretMount | SshMount
Mount = OwnMount | BindMount


@dataclass(frozen=True, slots=True)
class Run:
    """A script and its execution context; ``shell`` None means the declaration's."""

    script: str
    mounts: tuple[Mount, ...] = ()
    user: str = "root"
    workdir: str | None = None
    shell: tuple[str, ...] | None = None
    network: Network = "default"
    directories: tuple[str, ...] = ()
    """Directories to create for the user beforehand, where they do not exist."""
    targets: tuple[str, ...] = ()
    """Variables that the builder sets by the platform that it builds for."""
