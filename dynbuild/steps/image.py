"""The facts of an image beside its steps: how it runs, what it is for."""

from collections.abc import Mapping
from dataclasses import field

from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """Docker's check of whether the container works.

    It is a program with its arguments, or a line for the shell; or there is none, even
    if the base has one.
    """

    cmd: tuple[str, ...] = ()
    interval: str | None = None
    timeout: str | None = None
    start_period: str | None = None
    retries: int | None = None
    start_interval: str | None = None
    shell: str | None = None
    none: bool = False


@dataclass(frozen=True, slots=True)
class RuntimeConfig:
    """How the image runs, for which platforms it is, whether its layers tell a time."""

    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    """The user that it runs as, if that is one that no step creates."""
    workdir: str | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    """What the manifest says of the image, and the index that holds it if any does."""
    expose: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    healthcheck: Healthcheck | None = None
    stop_signal: str | None = None
    source_date_epoch: int | None = None
    """The latest timestamp in layers of copies; nothing in the image names it."""
    reproducible: bool = False
    """Whether no layer tells when it was made."""
    late: Mapping[str, str] = field(default_factory=dict)
    """Arguments that labels, annotations and variables name, by their defaults."""
    platforms: tuple[str, ...] = ()
