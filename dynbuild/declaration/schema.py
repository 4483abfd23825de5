"""The one schema of a declaration; docs/declaration.md explains its fields.

Only shapes are checked here. What a text may say is named by its type (``rules``).
That and what one field says about another (names, dependencies, package managers) is
for ``check``, whose messages know the place in the file. Patterns and descriptions
serve editors, by JSON schema.
"""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from dynbuild.declaration.caches import KINDS, SharedTier
from dynbuild.declaration.grammar import (
    CACHE_ID,
    COPY_MODE,
    DURATION,
    ENV_NAME,
    MODE,
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
    Owner,
    Rule,
    SecretId,
    Signal,
    TrustedKey,
    UserName,
    VariableName,
    WarningCode,
)

EVERY_STAGE = "*"
"""In dependencies: every linked stage that stands before this one in ``stages``."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Several = Field(strict=False)  # a list is as good as a tuple; its items stay strict
Strings = Annotated[tuple[str, ...], Several]


def _text(pattern: str, description: str, **more: Any) -> Any:  # noqa: ANN401
    """Describe a text to editors, leaving the refusal to ``check``."""
    return Field(
        description=description, json_schema_extra={"pattern": pattern}, **more
    )


def named(value: object) -> object:
    """Let ``user = "app"`` mean ``user = { name = "app" }``."""
    return {"name": value} if isinstance(value, str) else value


def listed(value: object) -> object:
    """Let ``[stages.NAME]`` tables mean a list: by name, what needs every other last.

    So that "*" means the same everywhere: every linked stage before this one.
    """
    if not isinstance(value, Mapping):
        return value
    stages = [
        {"name": name, **stage} if isinstance(stage, Mapping) else stage
        for name, stage in sorted(value.items())
    ]
    return sorted(stages, key=needs_every_other)


def needs_every_other(stage: object) -> bool:
    """Whether a stage, as written, names "*" as its dependencies."""
    return isinstance(stage, Mapping) and stage.get("dependencies") in (
        [EVERY_STAGE],
        (EVERY_STAGE,),
    )


def _port(value: object) -> object:
    """Let ``8000`` mean ``"8000"``."""
    return str(value) if type(value) is int else value


class User(_Model):
    """The user that is created and that the image runs as."""

    name: str = Field(description="The name, as useradd accepts it; not root.")
    uid: int = Field(
        default=1000, description="The numeric id, also of the user's group."
    )
    shell: AbsolutePath = Field(
        default="/bin/sh", description="The login shell, an absolute path."
    )


class AptSource(_Model):
    """A third-party apt repository, set up before any package is installed from it."""

    uri: str = Field(description="Where the repository is: an http or https URI.")
    suites: Strings = Field(description="Its suites, such as bookworm or stable.")
    components: Strings = Field(default=(), description="Its components, such as main.")
    key: str | None = Field(
        default=None,
        description="Path of its ASCII-armoured public key, in the project.",
    )


class Copy(_Model):
    """Files that a stage takes: from the project, from a stage, or from an image."""

    from_: str = Field(
        alias="from",
        description="A path in the project, or an absolute one in a stage or image.",
    )
    to: AbsolutePath = Field(
        description="Where to: an absolute path; a directory ends in /."
    )
    stage: str | None = Field(default=None, description="The stage to copy from.")
    image: Image | None = Field(default=None, description="The image to copy from.")
    owner: Owner | None = Field(
        default=None, description="user, user:group, uid or uid:gid."
    )
    mode: CopyMode | None = _text(
        COPY_MODE,
        "Octal digits as text, such as 0644, or letters: u=rwX,go=rX.",
        default=None,
    )
    exclude: Strings = Field(default=(), description="Patterns of files to leave out.")


class Secret(_Model):
    """A secret that a stage's commands may read; only its id is ever written down."""

    id: SecretId = _text(SECRET_ID, "The id, to which the command line gives a value.")
    env: VariableName | None = _text(
        ENV_NAME, "The variable that holds it.", default=None
    )
    target: AbsolutePath | None = Field(
        default=None, description="The file that holds it; else /run/secrets/ID."
    )


class CacheMount(_Model):
    """A directory that is kept from build to build, outside the image."""

    target: AbsolutePath = Field(description="The directory, an absolute path.")
    id: CacheId | None = _text(
        CACHE_ID, "What stages that share it call it; else it is its own.", default=None
    )
    sharing: Literal["shared", "private", "locked"] = Field(
        default="shared",
        description="What steps at the same time do: share, have one each, wait.",
    )
    mode: FileMode | None = _text(MODE, "Its mode, in octal digits.", default=None)


def _mounted(value: object) -> object:
    """Let ``"/x"`` mean ``{ target = "/x" }``."""
    return {"target": value} if isinstance(value, str) else value


class Healthcheck(_Model):
    """How Docker finds out whether the container works."""

    cmd: Strings = Field(description="The command and its arguments.")
    interval: Duration | None = _text(
        DURATION, "Between two checks: 30s.", default=None
    )
    timeout: Duration | None = _text(DURATION, "What one check may take.", default=None)
    start_period: Duration | None = _text(
        DURATION, "How long a start may take.", default=None
    )
    retries: int | None = Field(
        default=None, description="Failures in a row that make the container unhealthy."
    )


Env = dict[str, str]


class Stage(_Model):
    """A named unit of the image: what it needs, what it copies, what it runs."""

    name: str = _text(STAGE_NAME, "The name, unique whatever the case of its letters.")
    dependencies: Strings = Field(
        default=(),
        description='Stages this one stands on; ["*"] is every one before it.',
    )
    copies: Annotated[tuple[Copy, ...], Several] = Field(
        default=(),
        alias="copy",
        description="Files that it takes, before its commands run.",
    )
    commands: Strings = Field(
        default=(), description="Lines of one script, run in one shell."
    )
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
    secrets: Annotated[tuple[Secret, ...], Several] = Field(
        default=(), description="Secrets that its commands may read."
    )
    build_only: bool = Field(
        default=False, description="Built, not in the image: others copy from it."
    )
    track: bool | None = Field(
        default=None,
        description="Whether the lock records what it copies; else files only.",
    )
    touches: Strings | None = Field(
        default=None,
        description="Shared databases that it changes, such as dpkg; usually found.",
    )


def _table_of(kind: type[SharedTier]) -> type[_Model]:
    """Return the model of a kind of shared tier; what all kinds have comes last."""
    common = [one.name for one in dataclasses.fields(SharedTier)]
    own = [one for one in dataclasses.fields(kind) if one.name not in common]
    types = get_type_hints(kind, include_extras=True)
    given: dict[str, Any] = {}
    for one in (*own, *dataclasses.fields(SharedTier)):
        required = one.default is dataclasses.MISSING
        default = ... if required else one.default
        about = one.metadata["description"]
        given[one.name] = types[one.name], Field(default=default, description=about)
    return create_model(kind.__name__, __base__=_Model, __doc__=kind.__doc__, **given)


def _optional(kind: type[SharedTier]) -> Any:  # noqa: ANN401 - a type and a field
    """Return the field of ``[cache]`` that may have a tier of a kind."""
    table, alone = _table_of(kind), kind.alone
    whole: Any = table | None
    if alone:
        text = get_type_hints(kind, include_extras=True)[alone]
        to_table = BeforeValidator(
            lambda value: {alone: value} if isinstance(value, str) else value,
            json_schema_input_type=table | text | None,
        )
        whole = Annotated[whole, to_table]
    return whole, Field(default=None, description=kind.about)


_A_DIRECTORY = Rule("DB0152", r"\S", "a directory")
_LOCAL = Field(default=None, description="The directory of the local tier.")
_TRUSTED = Field(
    default=(),
    description="Public keys: of shared tiers only what one of them signed counts.",
)

if TYPE_CHECKING:
    # What is made of a table cannot be followed.
    Cache: TypeAlias = _Model
else:
    Cache = create_model(
        "Cache",
        __base__=_Model,
        __doc__="Where realized steps are kept; the environment overrides each value.",
        local=(Annotated[str, _A_DIRECTORY] | None, _LOCAL),
        **{kind.key: _optional(kind) for kind in KINDS},
        trusted_keys=(Annotated[tuple[TrustedKey, ...], Several], _TRUSTED),
    )


class Declaration(_Model):
    """What the user wrote."""

    base: Image = Field(
        default="debian:stable-slim", description="The image to start from."
    )
    user: Annotated[
        User | None, BeforeValidator(named, json_schema_input_type=User | str | None)
    ] = Field(default=None, description="The user to create, and to run the image as.")
    sudo: bool = Field(
        default=False, description="Whether the user has sudo, no password."
    )
    apt_packages: Strings = Field(
        default=(), description="Packages of Debian and Ubuntu."
    )
    yum_packages: Strings = Field(
        default=(), description="Packages of Fedora and RHEL."
    )
    apk_packages: Strings = Field(default=(), description="Packages of Alpine.")
    pip_packages: Strings = Field(
        default=(), description="Python packages, for everyone."
    )
    npm_packages: Strings = Field(
        default=(), description="Node packages, installed globally."
    )
    apt_sources: Annotated[tuple[AptSource, ...], Several] = Field(
        default=(), description="Third-party apt repositories."
    )
    env_scripts: Strings = Field(
        default=(), description="Shell lines that set up the environment, each a step."
    )
    env: Env = Field(default={}, description="Variables of the running container only.")
    workdir: AbsolutePath | None = Field(
        default=None, description="Where the container starts."
    )
    entrypoint: Strings | None = Field(
        default=None, description="What the container runs."
    )
    cmd: Strings | None = Field(
        default=None, description="Its arguments, or what it runs."
    )
    labels: dict[str, str] = Field(default={}, description="Labels of the image.")
    expose: Annotated[
        tuple[
            Annotated[str, BeforeValidator(_port, json_schema_input_type=str | int)],
            ...,
        ],
        Several,
    ] = Field(default=(), description="Ports it listens on: 8000, 53/udp, 8000-8010.")
    volumes: Annotated[tuple[AbsolutePath, ...], Several] = Field(
        default=(), description="Directories that are volumes."
    )
    healthcheck: Healthcheck | None = Field(
        default=None, description="How to find out whether the container works."
    )
    stop_signal: Signal | None = Field(
        default=None, description="What stops it, as SIGTERM."
    )
    source_date_epoch: int | None = Field(
        default=None,
        description="The latest time of copied files in layers, in Unix seconds.",
    )
    shell: Strings | None = Field(
        default=None, description="The shell of env_scripts and stages; else /bin/sh."
    )
    ignore_warnings: Annotated[tuple[WarningCode, ...], Several] = Field(
        default=(), description="Codes of warnings that are not told: DB0181."
    )
    stages: Annotated[
        tuple[Stage, ...],
        Several,
        BeforeValidator(
            listed, json_schema_input_type=tuple[Stage, ...] | dict[str, Stage]
        ),
    ] = Field(default=(), description="The stages: a list, or a table by name.")
    cache: Cache = Field(default=Cache(), description="Where realized steps are kept.")
