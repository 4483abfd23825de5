"""The one schema of a declaration; docs/declaration.md explains its fields.

Only shapes are checked here. What a text may say is named by its type (``rules``).
That and what one field says about another (names, dependencies, package managers) is
for ``check``, whose messages know the place in the file. Patterns and descriptions
serve editors, by JSON schema.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from dynbuild.declaration.grammar import DURATION
from dynbuild.declaration.rules import (
    AbsolutePath,
    Duration,
    Image,
    Signal,
    SnapshotTime,
    WarningCode,
)
from dynbuild.declaration.schema_cache import Cache
from dynbuild.declaration.schema_model import Model, Several, Strings, text
from dynbuild.declaration.schema_packages import AptSnapshot, AptSource, timed
from dynbuild.declaration.schema_stage import (
    EVERY_STAGE,
    Env,
    Indexes,
    Registries,
    Setup,
    Stage,
    WrittenPlatform,
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


def _false_or(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Let ``false`` take away what would be there without it."""
    return value if value is False else handler(value)


if TYPE_CHECKING:
    HomeOrFalse: TypeAlias = str | Literal[False]
else:
    HomeOrFalse = Annotated[
        AbsolutePath,
        WrapValidator(_false_or, json_schema_input_type=AbsolutePath | Literal[False]),
    ]


class User(Model):
    """The user that the image runs as, and that is created for it."""

    name: str = Field(description="The name, as useradd accepts it; not root.")
    uid: int | None = Field(
        default=None,
        description="The numeric id; else 1000, or 999 for a system user.",
    )
    home: HomeOrFalse | None = Field(
        default=None, description="The home; else /home/NAME. false: it has none."
    )
    group: str | None = Field(
        default=None, description="The name of its group; else its own name."
    )
    gid: int | None = Field(
        default=None, description="The number of its group; else that of the user."
    )
    groups: Strings = Field(
        default=(), description="Further groups, created where they are missing."
    )
    system: bool = Field(
        default=False, description="A system user, for a service: usually no home."
    )
    shell: AbsolutePath = Field(
        default="/bin/sh", description="The login shell, an absolute path."
    )
    create: bool = Field(
        default=True,
        description="Whether it is created; else the base or a stage has it.",
    )


class Argument(Model):
    """A parameter of a declaration in a data syntax."""

    default: str | None = Field(
        default=None, description="Its value where none is given; else it is needed."
    )
    late: bool = Field(
        default=False,
        description="Known when the image is made, in no lock: for labels, annotations "
        "and env.",
    )
    description: str | None = Field(default=None, description="What it is for.")


def _defaulted(value: object) -> object:
    """Let ``"1.2"`` mean ``{ default = "1.2" }``."""
    return {"default": value} if isinstance(value, str) else value


def _line_or(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Let a text be a line for the shell, where a list is a program's arguments."""
    return value if isinstance(value, str) else handler(value)


def checked(value: object) -> object:
    """Let ``healthcheck = "curl …"`` mean ``healthcheck = { cmd = "curl …" }``."""
    return {"cmd": value} if isinstance(value, str) else value


if TYPE_CHECKING:
    Command: TypeAlias = tuple[str, ...] | str
else:
    Command = Annotated[
        Strings,
        WrapValidator(_line_or, json_schema_input_type=tuple[str, ...] | str),
    ]


class Healthcheck(Model):
    """How Docker finds out whether the container works."""

    cmd: Command = Field(
        description="The command and its arguments, or a line for the shell."
    )
    interval: Duration | None = text(DURATION, "Between two checks: 30s.", default=None)
    timeout: Duration | None = text(DURATION, "What one check may take.", default=None)
    start_period: Duration | None = text(
        DURATION, "How long a start may take.", default=None
    )
    start_interval: Duration | None = text(
        DURATION, "Between two checks of a start.", default=None
    )
    retries: int | None = Field(
        default=None, description="Failures in a row that make the container unhealthy."
    )


if TYPE_CHECKING:
    HealthcheckOrFalse: TypeAlias = Healthcheck | Literal[False]
else:
    HealthcheckOrFalse = Annotated[
        Healthcheck,
        BeforeValidator(
            checked, json_schema_input_type=Healthcheck | str | Literal[False]
        ),
        WrapValidator(_false_or),
    ]


class ImageFields(Model):
    """What an image is made of: the only one of a declaration, or one of several."""

    base: Image = Field(
        default="debian:stable-slim", description="The image to start from."
    )
    platforms: Annotated[tuple[WrittenPlatform, ...], Several] = Field(
        default=(), description="The platforms that it is for; else the engine's."
    )
    user: Annotated[
        User | None, BeforeValidator(named, json_schema_input_type=User | str | None)
    ] = Field(default=None, description="The user to create, and to run the image as.")
    sudo: bool = Field(
        default=False, description="Whether the user has sudo, no password."
    )
    users: Annotated[
        tuple[
            Annotated[User, BeforeValidator(named, json_schema_input_type=User | str)],
            ...,
        ],
        Several,
    ] = Field(default=(), description="Further users to create, beside that one.")
    setup: Annotated[tuple[Setup, ...], Several] = Field(
        default=(),
        description="Files and commands before anything is installed: certificates, "
        "settings of apt, proxies.",
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
    apt_snapshot: Annotated[
        AptSnapshot | None,
        BeforeValidator(
            timed, json_schema_input_type=AptSnapshot | SnapshotTime | None
        ),
    ] = Field(
        default=None,
        description="The time from which Debian's and Ubuntu's archives are taken for "
        "what is new; else they are as they are.",
    )
    pip_index: Indexes = Field(
        default=(),
        description="Where pip_packages come from: an index instead of PyPI; or "
        "several, of which the first is.",
    )
    npm_registry: Registries = Field(
        default=(),
        description="Where npm_packages come from: a registry, or one for each scope.",
    )
    apt_upgrade: bool = Field(
        default=False,
        description="Whether all that the base has is brought to its newest version.",
    )
    yum_upgrade: bool = Field(
        default=False, description="The same, of Fedora and RHEL."
    )
    apk_upgrade: bool = Field(default=False, description="The same, of Alpine.")
    env_scripts: Strings = Field(
        default=(), description="Shell lines that set up the environment, each a step."
    )
    env: Env = Field(default={}, description="Variables of the running container only.")
    workdir: AbsolutePath | None = Field(
        default=None, description="Where the container starts."
    )
    entrypoint: Command | None = Field(
        default=None, description="What the container runs; a text is for the shell."
    )
    cmd: Command | None = Field(
        default=None,
        description="Its arguments, or what it runs; a text is for the shell.",
    )
    labels: dict[str, str] = Field(default={}, description="Labels of the image.")
    annotations: dict[str, str] = Field(
        default={}, description="Annotations of the image's manifest."
    )
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
    healthcheck: HealthcheckOrFalse | None = Field(
        default=None,
        description="How to find out whether it works; false: not as the base says.",
    )
    stop_signal: Signal | None = Field(
        default=None, description="What stops it, as SIGTERM."
    )
    source_date_epoch: int | None = Field(
        default=None,
        description="The latest time of copied files in layers, in Unix seconds.",
    )
    reproducible: bool = Field(
        default=False,
        description="Whether no layer tells when it was made: two builds give one.",
    )
    shell: Strings | None = Field(
        default=None, description="The shell of env_scripts and stages; else /bin/sh."
    )
    stages: Annotated[
        tuple[Stage, ...],
        Several,
        BeforeValidator(
            listed, json_schema_input_type=tuple[Stage, ...] | dict[str, Stage]
        ),
    ] = Field(default=(), description="The stages: a list, or a table by name.")


class Locking(Model):
    """What the lock says beyond the order."""

    resolve: bool = Field(
        default=False,
        description="Whether it has the version of each package: lock --resolve.",
    )


class NamedImage(ImageFields):
    """One of several images of a declaration."""

    extends: str | None = Field(
        default=None, description="The image whose steps this one has beside its own."
    )
    publish: bool = Field(
        default=True, description="Whether realize makes it unless it is named."
    )


class Declaration(ImageFields):
    """What the user wrote."""

    args: dict[
        str,
        Annotated[
            Argument, BeforeValidator(_defaulted, json_schema_input_type=Argument | str)
        ],
    ] = Field(
        default={}, description="Parameters, which ${args.NAME} stands for in texts."
    )
    images: dict[str, NamedImage] = Field(
        default={},
        description="Several images by name, instead of the fields of one.",
    )
    ignore_warnings: Annotated[tuple[WarningCode, ...], Several] = Field(
        default=(), description="Codes of warnings that are not told: DB0181."
    )
    lock: Locking = Field(
        default=Locking(), description="What the lock says beyond the order."
    )
    cache: Cache = Field(default=Cache(), description="Where realized steps are kept.")
