"""The table of a stage, and the tables in it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from dynbuild.declaration.grammar import (
    CACHE_ID,
    COPY_MODE,
    CPUS,
    DURATION,
    ENV_NAME,
    MEMORY_SIZE,
    MODE,
    PLATFORM,
    SECRET_ID,
    STAGE_NAME,
)
from dynbuild.declaration.rules import (
    AbsolutePath,
    CacheId,
    CopyMode,
    Duration,
    FileMode,
    Image,
    MemorySize,
    Owner,
    Platform,
    SecretId,
    UserName,
    VariableName,
)
from dynbuild.declaration.schema_model import Model, Several, Strings, text
from dynbuild.declaration.schema_packages import (
    AptSource,
    Index,
    Registry,
    addressed,
)
from dynbuild.platforms import normal

UsualPlatform = Annotated[Platform, AfterValidator(normal)]
"""A platform by its usual name, however it is written."""

WrittenPlatform = Annotated[
    UsualPlatform, Field(json_schema_extra={"pattern": PLATFORM})
]
"""The same, in a list."""

EVERY_STAGE = "*"
"""In dependencies: every linked stage that stands before this one in ``stages``."""


class Taken(Model):
    """Files of the project, of a stage, or of an image."""

    from_: str = Field(
        alias="from",
        description="A path in the project, or an absolute one in a stage or image.",
    )
    to: AbsolutePath = Field(
        description="Where to: an absolute path; of a copy, a directory ends in /."
    )
    stage: str | None = Field(default=None, description="The stage that has them.")
    image: Image | None = Field(default=None, description="The image that has them.")


class BindMount(Taken):
    """Files that a stage's commands see, read-only, and that no layer holds."""


def one_source(value: object) -> object:
    """Say that several sources were meant to be written out before."""
    return value


class Copy(Taken):
    """Files that a stage takes: from the project, from a stage, or from an image."""

    from_: Annotated[
        str,
        BeforeValidator(one_source, json_schema_input_type=str | tuple[str, ...]),
    ] = Field(
        alias="from",
        description="A path or a pattern in the project, or several; an absolute one "
        "in a stage or image.",
    )
    optional: bool = Field(
        default=False,
        description="Whether the project may lack what it names, or a pattern match "
        "nothing.",
    )

    owner: Owner | None = Field(
        default=None, description="user, user:group, uid or uid:gid."
    )
    mode: CopyMode | None = text(
        COPY_MODE,
        "Octal digits as text, such as 0644, or letters: u=rwX,go=rX.",
        default=None,
    )
    exclude: Strings = Field(default=(), description="Patterns of files to leave out.")


def _by_platform(value: object) -> object:
    """Let ``"…"`` mean one digest for all platforms; each has its usual name."""
    if isinstance(value, str):
        return {"": value}
    if not isinstance(value, Mapping):
        return value
    return {normal(key): digest for key, digest in value.items()}


class Download(Model):
    """A file from an address, or the contents of an archive there."""

    url: str = Field(
        description="Its address; it may have ${TARGETARCH}, ${TARGETOS}, "
        "${TARGETVARIANT} and ${TARGETPLATFORM}."
    )
    to: AbsolutePath = Field(
        description="Where to: an absolute path; a directory ends in /."
    )
    sha256: Annotated[
        dict[str, str],
        BeforeValidator(_by_platform, json_schema_input_type=str | dict[str, str]),
    ] = Field(
        default={},
        description="Its sha256, or one for each platform; else `lock` asks for it.",
    )
    unpack: bool = Field(
        default=False, description="Whether it is an archive, to unpack there."
    )
    mode: FileMode | None = text(
        MODE, "Its mode, in octal digits; else 644.", default=None
    )
    owner: Owner | None = Field(
        default=None, description="user, user:group, uid or uid:gid; else root."
    )


class InlineFile(Model):
    """A file whose text the declaration has."""

    mode: FileMode | None = text(MODE, "Its mode, in octal digits.", default=None)
    owner: Owner | None = Field(
        default=None, description="user, user:group, uid or uid:gid; else root."
    )
    text: str = Field(description="What it holds; a line end is added if it lacks one.")


def _contained(value: object) -> object:
    """Let ``"text"`` mean ``{ text = "text" }``."""
    return {"text": value} if isinstance(value, str) else value


class Secret(Model):
    """A secret that a stage's commands may read; only its id is ever written down."""

    id: SecretId = text(SECRET_ID, "The id, to which the command line gives a value.")
    env: VariableName | None = text(
        ENV_NAME, "The variable that holds it.", default=None
    )
    target: AbsolutePath | None = Field(
        default=None, description="The file that holds it; else /run/secrets/ID."
    )


class Tmpfs(Model):
    """A directory in memory that a stage's commands have, and no layer holds."""

    target: AbsolutePath = Field(description="The directory, an absolute path.")
    size: MemorySize | None = text(
        MEMORY_SIZE, "The most that it holds, such as 64m or 1g.", default=None
    )


class CacheMount(Model):
    """A directory that is kept from build to build, outside the image."""

    target: AbsolutePath = Field(description="The directory, an absolute path.")
    id: CacheId | None = text(
        CACHE_ID, "What stages that share it call it; else it is its own.", default=None
    )
    sharing: Literal["shared", "private", "locked"] = Field(
        default="shared",
        description="What steps at the same time do: share, have one each, wait.",
    )
    mode: FileMode | None = text(MODE, "Its mode, in octal digits.", default=None)


def _counted(value: object) -> object:
    """Let a number mean its text; a lock has no other."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value).removesuffix(".0")
    return value


def _mounted(value: object) -> object:
    """Let ``"/x"`` mean ``{ target = "/x" }``."""
    return {"target": value} if isinstance(value, str) else value


Env = dict[str, str]

_Indexes = tuple[Index, ...]
Indexes = Annotated[
    _Indexes,
    Several,
    BeforeValidator(
        addressed, json_schema_input_type=str | Index | tuple[str | Index, ...]
    ),
]
_Registries = tuple[Registry, ...]
Registries = Annotated[
    _Registries,
    Several,
    BeforeValidator(
        addressed, json_schema_input_type=str | Registry | tuple[str | Registry, ...]
    ),
]


_Files = dict[
    str,
    Annotated[
        InlineFile,
        BeforeValidator(_contained, json_schema_input_type=InlineFile | str),
    ],
]


class Setup(Model):
    """What is set up before anything is installed: files, then commands."""

    copies: Annotated[tuple[Copy, ...], Several] = Field(
        default=(),
        alias="copy",
        description="Files of the project that it takes; the lock records them.",
    )
    files: _Files = Field(
        default={}, description="Files by their paths, with what they hold."
    )
    commands: Strings = Field(
        default=(), description="Lines of one script, run as root in one shell."
    )


class Stage(Model):
    """A named unit of the image: what it needs, what it copies, what it runs."""

    name: str = text(STAGE_NAME, "The name, unique whatever the case of its letters.")
    dependencies: Strings = Field(
        default=(),
        description='Stages this one stands on; ["*"] is every one before it.',
    )
    add: Annotated[tuple[Download, ...], Several] = Field(
        default=(), description="What it downloads, before it copies; it is pinned."
    )
    copies: Annotated[tuple[Copy, ...], Several] = Field(
        default=(),
        alias="copy",
        description="Files that it takes, before its commands run.",
    )
    files: _Files = Field(
        default={}, description="Files by their paths, with what they hold."
    )
    mounts: Annotated[tuple[BindMount, ...], Several] = Field(
        default=(),
        description="Files that its commands see, read-only, and no layer holds.",
    )
    commands: Strings = Field(
        default=(), description="Lines of one script, run in one shell."
    )
    then: Annotated[tuple[Copy, ...], Several] = Field(
        default=(),
        description="Files that the image takes after its commands: a stage NAME.then.",
    )
    apt_packages: Strings = Field(
        default=(), description="Packages of Debian and Ubuntu, on its own base."
    )
    yum_packages: Strings = Field(
        default=(), description="Packages of Fedora and RHEL, on its own base."
    )
    apk_packages: Strings = Field(
        default=(), description="Packages of Alpine, on its own base."
    )
    pip_packages: Strings = Field(
        default=(), description="Python packages, on its own base."
    )
    npm_packages: Strings = Field(
        default=(), description="Node packages, installed globally, on its own base."
    )
    apt_sources: Annotated[tuple[AptSource, ...], Several] = Field(
        default=(), description="Third-party apt repositories, on its own base."
    )
    pip_index: Indexes = Field(
        default=(), description="Where its pip_packages come from; else as the image's."
    )
    npm_registry: Registries = Field(
        default=(), description="Where its npm_packages come from; else as the image's."
    )
    apt_upgrade: bool = Field(
        default=False,
        description="Whether all that its own base has is brought to its newest "
        "version.",
    )
    yum_upgrade: bool = Field(
        default=False, description="The same, of Fedora and RHEL."
    )
    apk_upgrade: bool = Field(default=False, description="The same, of Alpine.")
    env: Env = Field(
        default={},
        description="Variables for this stage, those that depend on it, the image.",
    )
    build_env: Env = Field(
        default={}, description="Variables for the commands of this stage only."
    )
    user: UserName | None = Field(
        default=None, description="The user its commands run as; or root."
    )
    workdir: AbsolutePath | None = Field(
        default=None, description="Where its commands run; else /."
    )
    shell: Strings | None = Field(
        default=None, description="A POSIX-like shell and options."
    )
    network: Literal["default", "none", "host"] = Field(
        default="default", description="The network that its commands see."
    )
    ssh: bool = Field(default=False, description="Whether it may use the SSH agent.")
    cache_mounts: Annotated[
        tuple[
            Annotated[
                CacheMount,
                BeforeValidator(
                    _mounted, json_schema_input_type=CacheMount | AbsolutePath
                ),
            ],
            ...,
        ],
        Several,
    ] = Field(
        default=(),
        description="Directories kept from build to build, outside the image.",
    )
    tmpfs: Annotated[
        tuple[
            Annotated[
                Tmpfs,
                BeforeValidator(_mounted, json_schema_input_type=Tmpfs | AbsolutePath),
            ],
            ...,
        ],
        Several,
    ] = Field(
        default=(), description="Directories in memory, empty, that no layer holds."
    )
    secrets: Annotated[tuple[Secret, ...], Several] = Field(
        default=(), description="Secrets that its commands may read."
    )
    memory: MemorySize | None = text(
        MEMORY_SIZE, "The most memory that its commands may take: 2g.", default=None
    )
    cpus: Annotated[
        str | None,
        BeforeValidator(_counted, json_schema_input_type=float | str | None),
    ] = text(CPUS, "The most processors that they may use: 1.5.", default=None)
    timeout: Duration | None = text(
        DURATION, "How long they may run: 30m; then they are ended.", default=None
    )
    build_only: bool = Field(
        default=False, description="Built, not in the image: others copy from it."
    )
    only: Annotated[tuple[WrittenPlatform, ...], Several] = Field(
        default=(), description="The platforms whose images have it; else all."
    )
    base: Image | None = Field(
        default=None,
        description="The image that it starts from, if another; build_only then.",
    )
    platform: UsualPlatform | None = text(
        PLATFORM,
        "Where it runs, whatever the image is for: with a base of its own.",
        default=None,
    )
    track: bool | None = Field(
        default=None,
        description="Whether the lock records what it copies; else files only.",
    )
    touches: Strings | None = Field(
        default=None,
        description="Shared databases that it changes, such as dpkg; usually found.",
    )

    @property
    def inputs(self) -> tuple[Taken, ...]:
        """All files that it takes: what it copies, then what it mounts."""
        return (*self.copies, *self.mounts)
