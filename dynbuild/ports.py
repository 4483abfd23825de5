"""What commands ask of the edges, and the values that the answers are made of."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from dynbuild.building import BuildRequest, Built, Report
from dynbuild.digest import Digest, Field
from dynbuild.explain.blame import Commit
from dynbuild.link.choice import Held
from dynbuild.link.model import Layer, Record, WriteSet
from dynbuild.steps.model import Pin


class NotThereError(Exception):
    """A path of the project that cannot be copied; the message says why."""

    def __init__(self, why: str, hint: str | None = None, code: str = "DB0305") -> None:
        super().__init__(why)
        self.hint = hint
        self.code = code


@dataclass(frozen=True, slots=True)
class Noted:
    """What an image will not have of a path as the project has it."""

    path: str
    what: str
    left_out: bool = False


class Files(Protocol):
    """The files of a project that stages copy."""

    def is_directory(self, path: str) -> bool:
        """Whether a path is a directory. Raises NotThereError when it is nothing."""

    def content(self, path: str, exclude: tuple[str, ...]) -> Digest:
        """The digest of what would be copied now. Raises NotThereError."""

    def gather(self, path: str, exclude: tuple[str, ...], into: str) -> Digest:
        """Copy into a build context; the digest of what was. Raises NotThereError."""

    def gathered(self, path: str, exclude: tuple[str, ...], into: str) -> Digest:
        """The digest of what a context holds in the end. Raises NotThereError."""

    def survey(self, path: str, exclude: tuple[str, ...]) -> tuple[Noted, ...]:
        """What will be otherwise in an image. Raises NotThereError."""


class CommittedUnknownError(Exception):
    """Git did not say what is committed; the message is its own."""


class Locks(Protocol):
    """The lock of a project: its file, and what git has of it."""

    def read(self) -> str | None:
        """The text of the file, or None where there is none."""

    def committed(self, revision: str) -> str | None:
        """Its text at a revision, or None: no git, no revision, no lock in it.

        Raises CommittedUnknownError.
        """

    def require(self, revision: str) -> None:
        """Raise DeclarationError unless git knows the revision."""

    def write(self, text: str) -> None:
        """Replace the file as a whole."""


class LockHistory(Protocol):
    """What git has of a lock over time."""

    def commits(self) -> Sequence[tuple[Commit, tuple[str, ...]]]:
        """The commits that touched it, newest first, each with the ids of its parents.

        None without git. Raises CommittedUnknownError.
        """

    def committed(self, revision: str) -> str | None:
        """As ``Locks`` has it."""


class Images(Protocol):
    """Registries, and the engine's own images."""

    def pin(self, reference: str) -> Pin:
        """The image that a reference names now, from its registry, else the engine.

        Raises DeclarationError when neither has it, UnreachableError when neither
        answers.
        """

    def local_digest(self, reference: str) -> Digest:
        """The digest by which the engine knows an image of its own now."""


class Builder(Protocol):
    """BuildKit, wherever it runs."""

    def build(self, request: BuildRequest, report: Report) -> Built:
        """Build, telling ``report`` what happens meanwhile.

        Raises BuildFailed, UnreachableError; on KeyboardInterrupt it ends the build,
        leaves nothing running, and lets the interrupt through.
        """

    def platform(self, builder: str | None) -> str:
        """The platform that the builder builds for unless told otherwise."""


@dataclass(eq=False)
class TierError(Exception):
    """A shared tier failed; ``refused``: it is there, and will not do this."""

    why: str
    refused: bool = False


class Tier(Protocol):
    """A store of realizations; what it lacks or holds damaged is a miss, never more.

    A shared one may raise TierError, which holds no credentials, from every method.
    """

    def find(self, steps: Collection[Digest], platform: str) -> tuple[Record, ...]:
        """All records of some steps, however they were placed."""

    def fetch(self, blob: Digest, path: str) -> bool:
        """Put a blob at a path where nothing is; false when it is not there whole."""

    def keep(self, blob: Digest, path: str) -> None:
        """Take the content of a file in."""

    def record(self, record: Record) -> None:
        """Take a record in, of which the tier has all layers."""


class Tiers(Tier, Protocol):
    """All tiers as one; none that is shared ends what uses it."""

    def held(
        self, steps: Collection[Digest], platform: str, *, anew: bool = False
    ) -> tuple[Held, ...]:
        """The records of some steps in every tier, and how far each is.

        ``anew`` asks again what was asked before: others build meanwhile.
        """

    def expect(self, records: Collection[Record]) -> None:
        """Hear of what was built here, before it is recorded and built on."""

    def share(self, records: Collection[Record]) -> int:
        """Let shared tiers have records of the nearest; how many they lack."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The records that a shared tier has, or in words why it did not say."""

    name: str
    place: str
    records: tuple[Record, ...] = ()
    away: str | None = None


Stack = tuple[Layer, ...]
"""The layers of an image, lowest first."""

Config = Mapping[str, Field]
"""The config of an image, as in the OCI specs, without its ``rootfs``."""


@dataclass(frozen=True, slots=True)
class Base:
    """An image from a registry: its layers, what they hold, its config."""

    layers: Stack
    writes: WriteSet
    config: Config


class Machine(Protocol):
    """What a machine remembers beside its tier, and which process builds what."""

    def base(self, digest: Digest) -> Base | None:
        """The image whose manifest has a digest, if it was here before."""

    def keep_base(self, digest: Digest, base: Base) -> None:
        """Remember an image, of which the tier has all layers."""

    def note(self, name: str, text: str) -> None:
        """Remember something under a name."""

    def noted(self, name: str, *, own: bool = False) -> str | None:
        """What was remembered under a name, where that is whole.

        ``own``: only where this user on this machine wrote it.
        """

    def alone(
        self, steps: list[Digest], waiting: Callable[[], None]
    ) -> AbstractContextManager[None]:
        """Keep other processes from building the same steps meanwhile.

        ``waiting`` is called when another one does, before this waits for it.
        """


class LostError(Exception):
    """A blob that a record names went away; look at the records again."""


@dataclass(frozen=True, slots=True)
class StepPart:
    """A step to build: its build stage, and which instructions make its layers.

    ``copies`` has one item for each that copies: whether it is of the project.
    """

    name: str
    copies: tuple[bool, ...]
    runs: bool


@dataclass(frozen=True, slots=True)
class StepRequest:
    """Steps to build, each on the one before it, the first on the stack of its closure.

    ``below`` is what the stack holds, the lowest first. ``stacks`` has the layers of
    the build stages that are not built but given, by name; ``config`` is theirs. The
    first step is built from the stage ``parent``.
    """

    build: BuildRequest
    parts: tuple[StepPart, ...]
    parent: str
    on: Stack
    below: tuple[WriteSet, ...]
    stacks: Mapping[str, Stack]
    config: Config


@dataclass(frozen=True, slots=True)
class Realized:
    """The layers that a step made, what they write, and how long it ran.

    ``made`` is when that was, in milliseconds since 1970.
    """

    layers: Stack
    writes: WriteSet
    reads: Sequence[str]
    seconds: float
    made: int
    ran: bool


class LayerBuilder(Protocol):
    """Makes layers of steps, and images of layers."""

    def base(self, image: str, request: BuildRequest) -> Base:
        """An image from its registry; what it holds is read when it is looked at."""

    def steps(self, request: StepRequest, report: Report) -> tuple[Realized, ...]:
        """Build steps. Raises BuildFailed, UnreachableError, LostError."""

    def image(
        self, stack: Stack, config: Config, request: BuildRequest, report: Report
    ) -> Built:
        """Give an image of these layers to the outputs of a request.

        Raises BuildFailed, UnreachableError, LostError.
        """

    def tree(self, request: BuildRequest, report: Report) -> WriteSet:
        """What an image holds that is built as a whole. Raises as ``steps`` does."""

    def squash(self, layers: Stack, needless: tuple[str, ...]) -> Layer:
        """One layer with the effect of several, without the whiteouts of some paths.

        Raises LostError.
        """

    def enter(
        self, stack: Stack, config: Config, request: BuildRequest, command: list[str]
    ) -> int:
        """Run a command on the terminal, in a container of an image; its status."""

    def directories(self, paths: tuple[str, ...]) -> Layer:
        """A layer of nothing but directories, each of root and open to read."""


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job has to tell before its end."""

    key: str
    result: object


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A job that has ended, and what went wrong."""

    key: str
    error: BaseException | None


Job = Callable[[Callable[[object], None]], None]
"""It is given what tells of its results; it goes on though nobody may listen."""


class Jobs(Protocol):
    """Jobs side by side, each by its key."""

    def start(self, key: str, job: Job) -> None:
        """Let a job run beside the others."""

    def wait(self) -> JobResult | JobEnded:
        """What comes next of them. Raises KeyboardInterrupt when all is to end."""

    def keys(self) -> Collection[str]:
        """The jobs that run."""
