"""The ports through which commands use the edges, and the values of their answers."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from typing import Protocol

from dynbuild.building import BuildRequest, Built, PlatformImage, Report
from dynbuild.digest import BlobDigest, Digest, Field, StepDigest
from dynbuild.explain.blame import Commit
from dynbuild.link.choice import Held
from dynbuild.link.model import Inside, Layer, Record, WriteSet, unknown
from dynbuild.quote import StageName
from dynbuild.steps.model import Pin
from dynbuild.values import dataclass


class NotThereError(Exception):
    """A path of the project that cannot be copied; the message says why."""

    def __init__(self, why: str, hint: str | None = None, code: str = "DB0305") -> None:
        super().__init__(why)
        self.hint = hint
        self.code = code


@dataclass(frozen=True, slots=True)
class Noted:
    """A difference between a path in the project and the same path in the image."""

    path: str
    what: str
    left_out: bool = False


class Paths(Protocol):
    """What is at the paths of a project."""

    def is_directory(self, path: str) -> bool:
        """Whether a path is a directory. Raises NotThereError when it is nothing."""

    def matching(self, pattern: str) -> tuple[str, ...]:
        """Return what a pattern matches and a copy may take, by name.

        Raises NotThereError for a link that leads out of the project.
        """


class Files(Paths, Protocol):
    """The files of a project that stages copy."""

    def content(self, path: str, exclude: tuple[str, ...]) -> Digest:
        """Return the digest of what would be copied now. Raises NotThereError."""

    def gather(self, path: str, exclude: tuple[str, ...], into: str) -> Digest:
        """Copy into a build context; return the copy's digest. Raises NotThereError."""

    def gathered(self, path: str, exclude: tuple[str, ...], into: str) -> Digest:
        """Return the digest of a context's final contents. Raises NotThereError."""

    def survey(self, path: str, exclude: tuple[str, ...]) -> tuple[Noted, ...]:
        """Return what will differ in an image. Raises NotThereError."""


class CommittedUnknownError(Exception):
    """Git did not say what is committed; the message is git's own."""


class Locks(Protocol):
    """The lock of a project: its file, and its versions in git."""

    def read(self) -> str | None:
        """Return the text of the file, or None if there is none."""

    def committed(self, revision: str) -> str | None:
        """Return its text at a revision; None without git, revision or lock in it.

        Raises CommittedUnknownError.
        """

    def is_in_git(self) -> bool:
        """Whether it is in a working tree of git. Raises CommittedUnknownError."""

    def require(self, revision: str) -> None:
        """Raise DeclarationError unless git knows the revision."""

    def write(self, text: str) -> None:
        """Replace the file as a whole."""


class Edits(Protocol):
    """The changes of a project's files since a commit."""

    def since(self, revision: str) -> Collection[str] | None:
        """Return the paths at which files differ from those of a revision.

        None without git or the revision. Raises CommittedUnknownError.
        """

    def concern(
        self, path: str, exclude: tuple[str, ...], names: Collection[str]
    ) -> bool:
        """Whether a copy of a path takes, or took, what has any of some names.

        Raises NotThereError.
        """


class LockHistory(Protocol):
    """The history of a lock in git."""

    def commits(
        self, most: int | None = None
    ) -> Sequence[tuple[Commit, tuple[str, ...]]]:
        """Return the commits that touched it, newest first, each with its parents' ids.

        All of them, or the last ``most``; none without git. Raises
        CommittedUnknownError.
        """

    def committed(self, revision: str) -> str | None:
        """As ``Locks.committed``."""


class Images(Protocol):
    """Registries, and the engine's own images."""

    def pin(self, reference: str) -> Pin:
        """Pin the image that a reference names now: from its registry, else the engine.

        Raises DeclarationError when neither has it, UnreachableError when neither
        answers.
        """

    def local_digest(self, reference: str) -> Digest:
        """Return the digest by which the engine knows an image of its own now."""


class Builder(Protocol):
    """BuildKit, wherever it runs."""

    def build(self, request: BuildRequest, report: Report) -> Built:
        """Build, reporting events to ``report`` meanwhile.

        Raises BuildFailed, UnreachableError; on KeyboardInterrupt it ends the build,
        leaves nothing running, and propagates the interrupt.
        """

    def platform(self, builder: str | None) -> str:
        """Return the platform that the builder builds for by default."""

    def loads_several(self) -> bool:
        """Return whether the engine's store holds an image for several platforms."""


Notify = Callable[[str], None]
"""Passes on a message about a damaged or a lost object of a tier."""

CountBytes = Callable[[int], None]
"""Counts bytes as they are moved."""


@dataclass(eq=False)
class TierError(Exception):
    """A shared tier failed; ``refused``: it is reachable and refuses the operation."""

    why: str
    refused: bool = False


class Tier(Protocol):
    """A store of realizations; a missing or damaged item is a miss, never an error.

    A shared tier may raise TierError, which has no credentials, from every method.
    """

    def find(self, steps: Collection[StepDigest]) -> tuple[Record, ...]:
        """Return all records of some steps, however they were placed."""

    def fetch(self, blob: BlobDigest, path: str) -> bool:
        """Write a blob to a path where nothing is.

        Return False if the tier does not hold it whole.
        """

    def keep(self, blob: BlobDigest, path: str) -> None:
        """Store the content of a file as a blob."""

    def record(self, record: Record) -> None:
        """Store a record, all of whose layers the tier has."""


class Tiers(Tier, Protocol):
    """All tiers as one; no shared tier makes its caller fail."""

    def held(
        self, steps: Collection[StepDigest], *, anew: bool = False
    ) -> tuple[Held, ...]:
        """Return the records of some steps in every tier, with their distances.

        ``anew`` repeats queries that were made before: others build meanwhile.
        """

    def expect(self, records: Collection[Record]) -> None:
        """Note the records of what was built here, before it is stored and built on."""

    def share(self, records: Collection[Record]) -> int:
        """Share records of the nearest tier; return how many shared tiers lack."""


Stack = tuple[Layer, ...]
"""The layers of an image, lowest first."""

Config = Mapping[str, Field]
"""The config of an image, as in the OCI specs, without its ``rootfs``."""


@dataclass(frozen=True, slots=True)
class Base:
    """An image from a registry: its layers, their contents, its config.

    ``inside`` is as of a record.
    """

    layers: Stack
    writes: WriteSet
    config: Config
    inside: Callable[[], Inside | None] = unknown


class Machine(Protocol):
    """The state of a machine besides its tier, and which process builds what."""

    def base(self, digest: Digest) -> Base | None:
        """Return the image whose manifest has a digest, if it was here before."""

    def keep_base(self, digest: Digest, base: Base) -> None:
        """Remember an image, all of whose layers the tier has."""

    def note(self, name: str, text: str) -> None:
        """Store a note under a name."""

    def noted(self, name: str, *, own: bool = False) -> str | None:
        """Return the note under a name, if it is whole.

        ``own``: only if this user on this machine wrote it.
        """

    def alone(
        self, steps: Sequence[Digest], waiting: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Keep other processes from building the same steps meanwhile.

        ``waiting`` is called if another process does, before this one waits for it.
        """


class LostError(Exception):
    """A blob that a record names has disappeared; look at the records again."""


@dataclass(frozen=True, slots=True)
class StepPart:
    """A step to build: its build stage, and which instructions make its layers.

    ``copies``: whether each is of the project; ``needed``: what some have to bring.
    """

    name: StageName
    copies: tuple[bool, ...]
    runs: bool
    needed: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepRequest:
    """Steps to build, each on the one before it, the first on the stack of its closure.

    ``below`` has the write sets of that stack, lowest first. ``stacks`` has the layers
    of the build stages that are given rather than built, by name; ``config`` is theirs,
    but for those that start from another base, which ``configs`` has. The first step is
    built from the stage ``parent``. ``inline`` names steps that the same build makes
    for these to copy from, each after its own sources.
    """

    build: BuildRequest
    parts: tuple[StepPart, ...]
    parent: StageName
    on: Stack
    below: tuple[WriteSet, ...]
    stacks: Mapping[StageName, Stack]
    config: Config
    inline: tuple[StageName, ...] = ()
    configs: Mapping[StageName, Config] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Realized:
    """The layers that a step made, what they write, and how long it ran.

    ``made`` is when, in milliseconds since 1970; ``text`` returns one of the files that
    show what was installed, by its path; ``missed`` is what a copy did not bring.
    ``inside`` is as of a record (once called, the tier has it), ``builder`` of a step.
    """

    layers: Stack
    writes: WriteSet
    reads: Sequence[str]
    seconds: float
    made: int
    ran: bool
    text: Callable[[str], str]
    missed: str | None = None
    inside: Callable[[], Inside | None] = unknown
    builder: str | None = None


class LayerBuilder(Protocol):
    """Builds the layers of steps."""

    def base(self, image: str, request: BuildRequest) -> Base:
        """Return an image from its registry; its contents are read on first use."""

    def steps(self, request: StepRequest, report: Report) -> tuple[Realized, ...]:
        """Build steps, and return them after those that were built inline.

        The layers of these stay in the builder: of them it is only told how long they
        ran. Raises BuildFailed, UnreachableError, LostError.
        """

    def tree(self, request: BuildRequest, report: Report) -> tuple[WriteSet, Config]:
        """Return tree and config of an image built as a whole; raises as ``steps``."""


class LayerWriter(Protocol):
    """Writes layers that no step makes; the nearest tier has them afterwards."""

    def squash(self, layers: Stack, needless: tuple[str, ...]) -> Layer:
        """Merge layers into one of the same effect, without ``needless`` whiteouts.

        Raises LostError.
        """

    def directories(self, paths: tuple[str, ...]) -> Layer:
        """Return a layer of directories only, each owned by root, readable by all."""


class ImageLoader(Protocol):
    """Makes images of layers, and containers of images."""

    def image(
        self, images: Mapping[str, PlatformImage], request: BuildRequest, report: Report
    ) -> Built:
        """Export an image, by its platforms, to the outputs of a request.

        Raises BuildFailed, UnreachableError, LostError.
        """

    def enter(
        self, stack: Stack, config: Config, request: BuildRequest, command: list[str]
    ) -> int:
        """Run a command on the terminal, in a container; return its exit status."""


@dataclass(frozen=True, slots=True)
class JobResult:
    """A result that a job reports before its end."""

    key: str
    result: object


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A job that has ended, and its error, if any."""

    key: str
    error: BaseException | None


Job = Callable[[], Iterator[object]]
"""It yields its results. It is run to its end even if nobody waits for them."""


class Jobs(Protocol):
    """Concurrent jobs, each with a key."""

    def start(self, key: str, job: Job) -> None:
        """Start a job that runs concurrently with the others."""

    def wait(self) -> JobResult | JobEnded:
        """Return the next result or end of a job.

        Raises KeyboardInterrupt when all is to end.
        """

    def keys(self) -> Collection[str]:
        """Return the keys of the running jobs."""
