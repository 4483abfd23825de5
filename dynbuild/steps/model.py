"""The resolved values that steps consist of: no paths to read, no tags to look up.

They hold facts only. The position of a step in the order is up to the lock.
"""

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from functools import cached_property
from typing import Literal

from dynbuild.digest import Digest
from dynbuild.reference import SCRATCH
from dynbuild.steps.pinned import Pinned
from dynbuild.values import dataclass

DEFAULT_SHELL = ("/bin/sh", "-c")

Network = Literal["default", "none", "host"]
Pattern = Literal["none", "needed", "optional"]
"""Of a path in a stage or an image: it means itself, or matches something, or may."""
Sharing = Literal["shared", "private", "locked"]
"""What steps at once do with one cache mount: both write, have one each, or wait."""


@dataclass(frozen=True, slots=True)
class Pin:
    """An image fixed to a digest, with facts from its own config.

    ``image`` is the full reference with its tag; ``digest`` is that of the index (or
    of the manifest where there is no index); ``platforms`` maps ``os/arch[/variant]``
    to the digest of its manifest. An image that no registry has lacks both: it is
    looked up in the engine whenever it is used. So does what is no image.
    """

    image: str
    digest: Digest | None
    platforms: Mapping[str, Digest] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = ""
    shows_shell: bool = field(default=False, compare=False)
    """Whether its config shows that a shell is there; no lock has that."""

    @property
    def empty(self) -> bool:
        """Whether it is no image: what starts from it starts from nothing."""
        return self.image == SCRATCH

    @property
    def reference(self) -> str:
        """What names it exactly: with its digest, where it has one."""
        return f"{self.image}@{self.digest}" if self.digest else self.image

    @property
    def unpinned(self) -> bool:
        """Whether the engine says what it is, whenever it is used."""
        return self.digest is None and not self.empty


@dataclass(frozen=True, slots=True)
class OwnBase:
    """An image that stages start from instead of the image's base.

    ``platform`` is where they run, whatever the image is made for; None: as the image.
    """

    image: str
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """Files that a stage takes from the project, a stage, or an image.

    It copies them, or its commands see them in place. ``path`` is as the user wrote it:
    relative to the project, or absolute in the stage or image. ``digest`` is that of
    the tracked content; a copy from the project without a digest is live: its content
    is read when the image is realized. Where the path is a pattern, ``files`` are those
    that it matched, with one digest. Of a stage or an image the builder matches it,
    when it copies: ``pattern`` says that it is one, and whether it may match nothing.
    """

    path: str
    to: str
    stage: str | None = None
    image: str | None = None
    owner: str | None = None
    mode: str | None = None
    exclude: tuple[str, ...] = ()
    digest: Digest | None = None
    files: tuple[str, ...] = ()
    pattern: Pattern = "none"

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that it takes."""
        return self.files or (self.path,)

    @property
    def of_project(self) -> bool:
        return self.stage is None and self.image is None

    @property
    def live(self) -> bool:
        return self.of_project and self.digest is None


@dataclass(frozen=True, slots=True)
class Download:
    """A file that a stage takes from an address, or the contents of an archive there.

    The address is as the user wrote it: it may name variables of the platform. Each of
    ``digests`` is that of the content on one platform; that of "", on all of them.
    """

    url: str
    to: str
    digests: tuple[tuple[str, Digest], ...]
    unpack: bool = False
    owner: str | None = None
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class InlineFile:
    """A file whose text the declaration has; where it has no line end, one is added."""

    to: str
    text: str
    owner: str | None = None
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by its id, and where the commands find it."""

    id: str
    env: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """Where a list's packages come from: an index of pip, a registry of npm, any URL.

    ``scope`` is that of the packages that a registry of npm is asked for. ``secret`` is
    the id of what the server wants to know: the password of ``username``, if that is
    said, else a file as the manager reads it (netrc, npmrc).
    """

    url: str
    scope: str | None = None
    username: str | None = None
    secret: str | None = None


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
class Tmpfs:
    """A directory in memory that is empty when the commands begin, and in no layer.

    ``size`` is the most that it holds, such as 64m; None: as much as there is memory.
    """

    target: str
    size: str | None = None


@dataclass(frozen=True, slots=True)
class AptSource:
    """A third-party apt repository and its public key, a file of the project.

    ``secret`` is the id of what its server wants to know, as for an ``Index``.
    """

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...] = ()
    key: str | None = None
    key_digest: Digest | None = None
    username: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=False)
class Stage:
    """A stage's own facts; other stages appear by name.

    ``mounts`` are seen by its commands in place, and copied nowhere. ``base`` is the
    image that it starts from, where that is not the image's, and ``platform`` where it
    runs then, whatever the image is made for. ``packages`` are installed on that base
    first: their specs, by manager and key with a space between; from ``apt_sources``,
    ``pip_index`` and ``npm_registry`` besides. Images for others than ``only`` lack it.
    """

    name: str
    dependencies: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    files: tuple[InlineFile, ...] = ()
    mounts: tuple[Copy, ...] = ()
    commands: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    build_env: Mapping[str, str] = field(default_factory=dict)
    user: str = "root"
    workdir: str | None = None
    shell: tuple[str, ...] | None = None
    network: Network = "default"
    ssh: bool = False
    cache_mounts: tuple[CacheDirectory, ...] = ()
    tmpfs: tuple[Tmpfs, ...] = ()
    secrets: tuple[Secret, ...] = ()
    build_only: bool = False
    base: str | None = None
    platform: str | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    apt_sources: tuple[AptSource, ...] = ()
    pip_index: tuple[Index, ...] = ()
    npm_registry: tuple[Index, ...] = ()
    touches: tuple[str, ...] = ()
    memory: str | None = None
    cpus: str | None = None
    timeout: str | None = None
    bump: int = 0
    add: tuple[Download, ...] = ()
    only: tuple[str, ...] = ()

    @property
    def own_base(self) -> OwnBase | None:
        """What it starts from, if that is not the image's base."""
        return None if self.base is None else OwnBase(self.base, self.platform)

    @property
    def installs(self) -> bool:
        """Whether something is installed for it, on its own base."""
        return bool(self.packages or self.apt_sources)

    def following(self, renamed: Callable[[str], str]) -> "Stage":
        """Return the stage with other names for the stages that it needs."""
        copies, mounts = (
            tuple(replace(one, stage=one.stage and renamed(one.stage)) for one in of)
            for of in (self.copies, self.mounts)
        )
        dependencies = tuple(map(renamed, self.dependencies))
        same = self.dependencies, self.copies, self.mounts
        if (dependencies, copies, mounts) == same:
            return self
        return replace(self, dependencies=dependencies, copies=copies, mounts=mounts)

    @cached_property
    def inputs(self) -> tuple[Copy, ...]:
        """All that it takes from elsewhere: what it copies, then what it mounts."""
        return (*self.copies, *self.mounts)

    @property
    def images(self) -> tuple[str, ...]:
        """The images that it starts from, copies from or mounts, each once."""
        found = (self.base, *(one.image for one in self.inputs))
        return tuple(dict.fromkeys(image for image in found if image is not None))

    @property
    def sources(self) -> tuple[str, ...]:
        """The stages that it copies from or mounts, each once."""
        return tuple(dict.fromkeys(one.stage for one in self.inputs if one.stage))

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The stages it stands on or takes files from, each once, as written."""
        return tuple(dict.fromkeys([*self.dependencies, *self.sources]))

    @property
    def live_inputs(self) -> tuple[Copy, ...]:
        """Its own inputs that no lock records; what it needs may be live as well."""
        return tuple(one for one in self.inputs if one.live)


@dataclass(frozen=True, slots=True)
class Setup:
    """Files, then commands, before anything is installed; copies are tracked."""

    copies: tuple[Copy, ...] = ()
    files: tuple[InlineFile, ...] = ()
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """The user to create, and whether it may use sudo without a password.

    A home of None is that of its name, an empty one means none. The group is one of
    its own name and number where nothing else is said. ``others`` are created too.
    """

    name: str
    uid: int
    shell: str
    sudo: bool = False
    home: str | None = None
    group: str | None = None
    gid: int | None = None
    groups: tuple[str, ...] = ()
    system: bool = False
    others: tuple["User", ...] = ()


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


@dataclass(frozen=True, slots=True)
class Freshen:
    """What nobody declares is brought to its newest version, where it is installed.

    Where it is declared after all, it is upgraded. ``only`` are the architectures that
    it is for, as a spec is restricted (``steps.restriction``); none: all.
    """

    only: tuple[str, ...] = ()


Action = Install | Remove | Upgrade | Freshen


@dataclass(frozen=True, slots=True)
class Group:
    """All events of one package manager at one seq: one transaction.

    ``declared`` maps name to spec after these events; ``kept`` names packages that
    another step needs: removal from the list keeps them; ``gone`` those of ``declared``
    that later events took back: no digest depends on it. ``upgrades``: all that is
    there is upgraded first, as upgrade ``number``. ``indexes``: where packages come
    from; of apt, sources that want a login. ``pins``: what it brings, by platform.
    ``snapshots``: the times that its events come from, of which the last one counts;
    "" where one says none, which is now and so the last. ``mirrors``: where such
    archives are, besides the usual.
    """

    manager: str
    actions: Mapping[str, Action]
    declared: Mapping[str, str]
    kept: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    upgrades: bool = False
    number: int | None = None
    indexes: tuple[Index, ...] = ()
    pins: Mapping[str, Pinned] = field(default_factory=dict)
    pinned: Pinned | None = None
    snapshots: tuple[str, ...] = ()
    mirrors: Mapping[str, str] = field(default_factory=dict)

    @property
    def snapshot(self) -> str | None:
        """The time that its packages come from; None: from what is newest."""
        return None if "" in self.snapshots else max(self.snapshots, default=None)


Step = Setup | AptSource | Group | Script | User | Stage
