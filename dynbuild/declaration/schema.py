"""The one schema of a declaration, whatever its syntax; documented in docs/declaration.md.

Only shapes and single values are checked here; what one field says about another
(dependencies, cycles, families of package managers) is checked in ``check``.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Strings = tuple[str, ...]


def _named(value: object) -> object:
    """Let ``user = "app"`` mean ``user = { name = "app" }``."""
    return {"name": value} if isinstance(value, str) else value


def _listed(value: object) -> object:
    """Let ``[stages.NAME]`` tables mean a list, by name."""
    if not isinstance(value, dict):
        return value
    return [
        {"name": name, **stage} if isinstance(stage, dict) else stage
        for name, stage in sorted(value.items())
    ]


class User(_Model):
    """The user that is created and that the image runs as."""

    name: str
    uid: int = 1000
    shell: str = "/bin/sh"


class AptSource(_Model):
    """A third-party apt repository, set up before any package is installed from it."""

    uri: str
    suites: Strings
    components: Strings = ()
    key: str | None = None
    """Path of its ASCII-armoured public key, in the project."""


class Copy(_Model):
    """Files that a stage takes: from the project, from a stage, or from an image."""

    from_: str = Field(alias="from")
    to: str
    stage: str | None = None
    image: str | None = None
    owner: str | None = None
    mode: str | None = None
    exclude: Strings = ()


class Secret(_Model):
    """A secret that a stage's commands may read; only its id is ever written down."""

    id: str
    env: str | None = None
    target: str | None = None


class Healthcheck(_Model):
    """How Docker finds out whether the container works."""

    cmd: Strings
    interval: str | None = None
    timeout: str | None = None
    start_period: str | None = None
    retries: int | None = None


class Stage(_Model):
    """A named unit of the image: what it needs, what it copies, what it runs."""

    name: str
    dependencies: Strings = ()
    copies: tuple[Copy, ...] = Field((), alias="copy")
    commands: Strings = ()
    env: dict[str, str] = {}
    build_env: dict[str, str] = {}
    user: str | None = None
    workdir: str | None = None
    shell: Strings | None = None
    network: Literal["default", "none", "host"] = "default"
    ssh: bool = False
    cache_mounts: Strings = ()
    secrets: tuple[Secret, ...] = ()
    build_only: bool = False
    track: bool | None = None
    touches: Strings = ()


class Minio(_Model):
    """The S3 tier."""

    endpoint: str
    bucket: str = "docker-cache"
    region: str | None = None
    secure: bool = True


class Cache(_Model):
    """Where realized steps are kept; the environment overrides each value."""

    local: str | None = None
    minio: Minio | None = None
    registry: str | None = None


class Declaration(_Model):
    """What the user wrote."""

    base: str = "debian:stable-slim"
    user: Annotated[User | None, BeforeValidator(_named)] = None
    sudo: bool = False
    apt_packages: Strings = ()
    yum_packages: Strings = ()
    apk_packages: Strings = ()
    pip_packages: Strings = ()
    npm_packages: Strings = ()
    apt_sources: tuple[AptSource, ...] = ()
    env_scripts: Strings = ()
    env: dict[str, str] = {}
    workdir: str | None = None
    entrypoint: Strings | None = None
    cmd: Strings | None = None
    labels: dict[str, str] = {}
    expose: tuple[str | int, ...] = ()
    volumes: Strings = ()
    healthcheck: Healthcheck | None = None
    stop_signal: str | None = None
    shell: Strings | None = None
    stages: Annotated[tuple[Stage, ...], BeforeValidator(_listed)] = ()
    cache: Cache = Cache()
