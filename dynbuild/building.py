"""A build: the request to BuildKit, its events, and its outcome."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from dynbuild.digest import Digest, Field
from dynbuild.errors import CommandFailed, Diagnostic
from dynbuild.link.model import Layer
from dynbuild.quote import StageName
from dynbuild.steps.limits import Limits
from dynbuild.values import dataclass

ABLE = (
    'turn on Docker\'s containerd image store: "features": '
    '{"containerd-snapshotter": true}\n'
    "in /etc/docker/daemon.json, then `systemctl restart docker`; or make a builder\n"
    "that can, and name it with --builder:\n"
    "`docker buildx create --driver docker-container --name NAME`"
)
"""How to come by a builder that takes and gives OCI layouts."""


@dataclass(frozen=True, slots=True)
class Load:
    """The image goes into the engine's image store."""


@dataclass(frozen=True, slots=True)
class Push:
    """The image goes to the registry that its tags name.

    Unless it is ``named``, the tags stay as they are: something else will hold it.
    """

    named: bool = True


Compression: TypeAlias = Literal["zstd", "gzip"]
"""How layers are packed."""


@dataclass(frozen=True, slots=True)
class OciLayout:
    """The image becomes an OCI layout in a directory.

    ``compression`` is that of layers that are packed for it: those that the builder has
    from a registry or a layout stay as they are.
    """

    directory: str
    compression: Compression | None = None


@dataclass(frozen=True, slots=True)
class Nowhere:
    """The image is built and stays in the builder's cache."""


Output = Load | Push | OciLayout | Nowhere


def holds_annotations(output: Output) -> bool:
    """Whether an output keeps the image's manifest, and so what it says."""
    return isinstance(output, Push | OciLayout)


def metadata_of(annotations: Mapping[str, str]) -> dict[str, object]:
    """Return what is told of an image that was built with annotations."""
    return {"dynbuild.annotations": dict(annotations)} if annotations else {}


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """One build of a Dockerfile, as ``docker buildx build`` takes it."""

    dockerfile: str
    context: str
    outputs: tuple[Output, ...]
    tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    target: str | None = None
    builders: tuple[str, ...] = ()
    """The buildx builders that may make it, one of them; by default docker's own."""
    network: str | None = None
    host_network: bool = False
    no_cache: bool = False
    no_cache_steps: tuple[StageName, ...] = ()
    parts: Mapping[StageName, StageName] = field(default_factory=dict)
    """The step of each build stage that is only a part of a step, by stage name."""
    source_date_epoch: int | None = None
    """The latest mtime in layers of copies; scripts see the files' own times."""
    time: int | None = None
    """The one time of all layers, in Unix seconds, if they have to be alike."""
    secrets: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()
    build_contexts: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    """What the manifest says of the image; none that is loaded has a place for it."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """The values of ARG; a Dockerfile of a lock has none."""
    limits: Mapping[StageName, Limits] = field(default_factory=dict)
    """What the commands of steps may take; nothing is said of those without limits."""
    resources: tuple[str, ...] = ()
    """What the builder holds each command to, as ``docker buildx build`` takes it."""
    ignored: str = ""
    """The paths that the builder leaves out of the context, in .dockerignore syntax."""

    @property
    def builder(self) -> str | None:
        """The builder that makes it: the first, where no other one was chosen."""
        return self.builders[0] if self.builders else None


@dataclass(frozen=True, slots=True)
class StepStarted:
    """The first instruction of a step (a named build stage) that has to run has begun.

    A step that is wholly cached finishes without having started. ``platform`` is given
    if a build is for more than one, ``image`` if several are made: whose step it is;
    ``builder`` if several may build.
    """

    step: StageName
    platform: str | None = None
    image: str | None = None
    builder: str | None = None


@dataclass(frozen=True, slots=True)
class StepOutput:
    """Whole lines that an instruction of a step printed, as they came."""

    step: StageName
    text: str
    platform: str | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class StepFinished:
    """All instructions of a step are done; ``ran`` is false when none had to run."""

    step: StageName
    seconds: float
    ran: bool
    platform: str | None = None
    image: str | None = None
    builder: str | None = None


@dataclass(frozen=True, slots=True)
class Working:
    """Other work that takes time: pulling the base, exporting, pushing."""

    what: str
    current: int = 0
    total: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line of BuildKit's own progress, for machines."""

    line: str


BuildEvent = StepStarted | StepOutput | StepFinished | Working | RawLine
Report = Callable[[BuildEvent], None]


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of a step: seconds of its own instructions, and whether any ran.

    ``builder`` is the one that built it here, where several may.
    """

    step: StageName
    seconds: float
    ran: bool
    platform: str | None = None
    image: str | None = None
    builder: str | None = None


@dataclass(frozen=True, slots=True)
class PlatformImage:
    """What an image is on one platform: its layers, lowest first, and its config."""

    stack: tuple[Layer, ...]
    config: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Built:
    """A finished build: BuildKit's metadata, unchanged, and the step results."""

    digest: Digest | None
    metadata: Mapping[str, object]
    steps: tuple[StepResult, ...]


@dataclass(frozen=True, slots=True)
class Lacking:
    """A command or path that a step did not find, and where another step has it.

    ``moves``: the other step comes later in the order, and needs no dependency.
    """

    step: str
    name: str
    path: str
    other: str
    moves: bool


class UnsuitedError(CommandFailed):
    """No builder can take and give OCI layouts, as building step by step needs it."""

    def __init__(self, why: str, builder: str | None = None) -> None:
        named = f"the builder {builder}" if builder else "this builder"
        message = f"{named} cannot realize step by step: {why}"
        super().__init__(Diagnostic("DB0512", message, hint=ABLE))


@dataclass(eq=False)
class BuildFailed(Exception):  # noqa: N818 - it is an answer, named for what happened
    """A build that BuildKit gave up: which step, which instruction, its last lines.

    ``step`` is None when it failed outside of any step (a pull, an export).
    ``forgotten`` is a package that the failure mentions and that is no longer declared,
    ``missed`` what a copy did not bring, whose pattern matched nothing.
    ``image`` is the one whose step it is, if several are made, ``platform`` that for
    which it was built, if there are several; then ``others`` are the failures for
    others of them. ``builder`` is the one that it failed on, if several may build.
    ``limits`` are those of the step; ``late``: it was ended for its time was over.
    """

    step: StageName | None
    instruction: str | None
    message: str
    output: tuple[str, ...]
    exit_code: int | None
    steps: tuple[StepResult, ...]
    lacking: Lacking | None = None
    forgotten: str | None = None
    missed: str | None = None
    image: str | None = None
    platform: str | None = None
    others: "tuple[BuildFailed, ...]" = ()
    builder: str | None = None
    limits: Limits | None = None
    late: bool = False

    def __str__(self) -> str:
        step = f"{self.image}/{self.step}" if self.image else self.step
        step = f"{step} ({self.platform})" if self.platform else step
        where = f"step {step}" if self.step else "the build"
        code = self.exit_code
        reason = self.message if code is None else f"exit code {code}"
        return "\n".join([f"{where} failed: {reason}", *self.output])
