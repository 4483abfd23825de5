"""The resolved values that steps consist of: no paths to read, no tags to look up.

They hold facts only. The position of a step in the order is up to the lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dynbuild.digest import Digest

Network = Literal["default", "none", "host"]
Sharing = Literal["shared", "private", "locked"]
"""The use of one cache mount by two concurrent steps: both write, each has its own, or
one waits."""


@dataclass(frozen=True, slots=True)
class Pin:
    """An image fixed to a digest, with facts from its own config.

    ``image`` is the full reference with its tag; ``digest`` is that of the index (or
    of the manifest where there is no index); ``platforms`` maps ``os/arch[/variant]``
    to the digest of its manifest. An image that no registry has lacks both: it is
    looked up in the engine whenever it is used.
    """

    image: str
    digest: Digest | None
    platforms: Mapping[str, Digest] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """Files that a stage takes from the project, a stage, or an image.

    ``path`` is as the user wrote it: relative to the project, or absolute in the
    stage or image. ``digest`` is that of the tracked content; a copy from the project
    without a digest is live: its content is read when the image is realized.
    """

    path: str
    to: str
    stage: str | None = None
    image: str | None = None
    owner: str | None = None
    mode: str | None = None
    exclude: tuple[str, ...] = ()
    digest: Digest | None = None

    @property
    def of_project(self) -> bool:
        return self.stage is None and self.image is None

    @property
    def live(self) -> bool:
        return self.of_project and self.digest is None


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by its id, and where the commands find it."""

    id: str
    env: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class CacheDirectory:
    """A directory of a stage that persists between builds, outside the image.

    Without an ``id`` it is private to the stage; stages with the same ``id`` share it.
    """

    target: str
    id: str | None = None
    sharing: Sharing = "shared"
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage's own facts; other stages appear by name."""

    name: str
    dependencies: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    commands: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    build_env: Mapping[str, str] = field(default_factory=dict)
    user: str = "root"
    workdir: str | None = None
    shell: tuple[str, ...] | None = None
    network: Network = "default"
    ssh: bool = False
    cache_mounts: tuple[CacheDirectory, ...] = ()
    secrets: tuple[Secret, ...] = ()
    build_only: bool = False
    touches: tuple[str, ...] = ()
    bump: int = 0

    @property
    def needs(self) -> tuple[str, ...]:
        """The stages it stands on or copies from, each once, as written."""
        sources = (copy.stage for copy in self.copies if copy.stage is not None)
        return tuple(dict.fromkeys([*self.dependencies, *sources]))

    @property
    def live_copies(self) -> tuple[Copy, ...]:
        """Its own copies that no lock records; what it needs may be live as well."""
        return tuple(copy for copy in self.copies if copy.live)


@dataclass(frozen=True, slots=True)
class AptSource:
    """A third-party apt repository and its public key, a file of the project."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...] = ()
    key: str | None = None
    key_digest: Digest | None = None


@dataclass(frozen=True, slots=True)
class User:
    """The user to create, and whether it may use sudo without a password."""

    name: str
    uid: int
    shell: str
    sudo: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """One environment script: shell commands that set up the ground for stages."""

    text: str


@dataclass(frozen=True, slots=True)
class Install:
    """A package was added, or its spec changed."""

    spec: str


@dataclass(frozen=True, slots=True)
class Remove:
    """A package was removed from the declaration."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A declared package is upgraded to the newest version that its spec allows."""


Action = Install | Remove | Upgrade


@dataclass(frozen=True, slots=True)
class Group:
    """All events of one package manager at one seq: one transaction.

    ``declared`` maps name to spec after these events; ``kept`` names packages that
    another step needs, so that removing them from the list keeps them. ``gone`` names
    those of ``declared`` that later events removed or gave another spec; no digest
    depends on it.
    """

    manager: str
    actions: Mapping[str, Action]
    declared: Mapping[str, str]
    kept: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


Step = AptSource | Group | Script | User | Stage


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """Docker's check of whether the container works."""

    cmd: tuple[str, ...]
    interval: str | None = None
    timeout: str | None = None
    start_period: str | None = None
    retries: int | None = None


@dataclass(frozen=True, slots=True)
class RuntimeConfig:
    """The image's settings for running it; no step depends on them."""

    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    expose: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    healthcheck: Healthcheck | None = None
    stop_signal: str | None = None
    source_date_epoch: int | None = None
    """The latest timestamp in layers of copies; nothing in the image names it."""
