"""The Dockerfile of a lock: one named build stage per step, in install order.

A pure function of the lock. The linked steps form one line of stages; build-only
ones, and those that are copied from, branch off it. The last stage holds the runtime
config, so that it never decides what has to run.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from dynbuild import quote
from dynbuild.digest import Digest, short
from dynbuild.emit.branches import Branch, Branches, Part, branches
from dynbuild.emit.instructions import Around, declared, instructions, pinned
from dynbuild.emit.mounts import PRINTED, Mounts
from dynbuild.emit.runtime import runtime
from dynbuild.errors import Diagnostic, LockError
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed
from dynbuild.lockfile.resolved import environments_of
from dynbuild.quote import StageName
from dynbuild.steps.environment import Environments
from dynbuild.steps.model import OwnBase, Stage, Step
from dynbuild.steps.run import BASE_STEP, CacheMount
from dynbuild.steps.title import title
from dynbuild.values import dataclass

IMAGE_STEP = StageName("image.0")
"""The name of the last stage: the image with its runtime config."""

_HEADER = """\
# Emitted by dynbuild from a lock, for {platform}. Change the declaration, not this.
#
# One build stage per step, in install order. `dynbuild realize` builds each step on
# what it declares and links the layers; a plain build of this file gives the same
# files wherever stages read only what they declare.
#
# For hadolint: steps end as root, so that each can be the parent of any other; users go
# by name; versions, caches, pipes and `cd` are the business of the commands declared.
# hadolint global ignore={ignored}"""


_CONSTANT = "# check=skip=FromPlatformFlagConstDisallowed"
"""For `docker build --check`: a stage's platform is meant to be the same everywhere."""

_IGNORED = (
    "DL3002,DL3003,DL3008,DL3009,DL3013,DL3015,DL3016,DL3018,DL3027,DL3032,DL3033,"
    "DL3040,DL3041,DL3042,DL3066,DL4006"
)
"""Advice for Dockerfiles that people write: on the last user of a stage, on WORKDIR for
cd (the commands of a stage share one shell), on versions (pinned where the declaration
pins them), caches (mounted, or in stages that no image has), pipefail (not in sh)."""


@dataclass(frozen=True, slots=True)
class BuildStage:
    """A stage of a Dockerfile: ``FROM parent AS name``, comments above, lines below.

    ``step`` is the id of the step that it is for; the base and the image have none.
    """

    name: StageName
    parent: str
    step: str | None
    comments: tuple[str, ...]
    lines: tuple[str, ...]
    platform: str | None = None
    """Where it runs, and what stands on it, whatever the image is for."""


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A Dockerfile as a value; ``render`` makes its text."""

    header: str
    stages: tuple[BuildStage, ...]


def emit(
    lock: Lock,
    order: tuple[Placed, ...],
    platform: str,
    digests: Mapping[str, Digest],
    mounts: Mounts = PRINTED,
) -> Dockerfile:
    """Write the Dockerfile of a lock.

    ``digests`` holds those of the steps whose content is known; ``mounts`` says whose
    cache mounts it names. Raises LockError for text that no Dockerfile can hold.
    """
    environments = environments_of(lock)
    steps = {placed.id: placed for placed in order}
    laid = layout(order)
    header = {"platform": quote.comment(platform), "ignored": _IGNORED}
    with _speaking_of("the base"):
        stages = [_base(lock, own, name) for own, name in laid.bases.items()]
    inputs = _StepInputs(lock, environments, laid, mounts, platform)
    handed_on: dict[str, frozenset[str]] = {}
    for branch in laid.branches:
        parent = branch.parent
        for part in branch.parts:
            above = handed_on.get(parent, frozenset())
            with _speaking_of(f"{branch.of!r}"):
                lines: list[str] = []
                for id_ in part.steps:
                    if branch.purpose != "step" and not part.copies:
                        lines.append(f"# {quote.comment(id_)}")
                    begun = part.begun and id_ == part.steps[0]
                    lines += _body(steps[id_], inputs, part, above, begun=begun)
                    above |= inputs.declared(steps[id_])
                comments = (
                    [f"# What {quote.comment(part.steps[0])} copies"]
                    if part.copies
                    else _comments(branch, steps, laid, digests)
                )
                stages.append(_stage(part.name, parent, branch.of, comments, lines))
            handed_on[part.name] = above
            parent = part.name
    with _speaking_of("the image"):
        lines = runtime(lock, environments)
        stages.append(_stage(IMAGE_STEP, laid.last, None, ["# The image"], lines))
    text = _HEADER.format(**header)
    if any(stage.platform for stage in stages):
        text = f"{_CONSTANT}\n{text}"
    return Dockerfile(text, tuple(stages))


def render(dockerfile: Dockerfile) -> str:
    """Return the text of a Dockerfile, with a newline at its end."""
    return "\n\n".join([dockerfile.header, *map(_section, dockerfile.stages)]) + "\n"


def layout(order: tuple[Placed, ...]) -> Branches:
    """Lay out the build stages. Raises LockError for names that Docker cannot take."""
    return branches(order, _names(order))


@contextmanager
def _speaking_of(what: str) -> Iterator[None]:
    """Turn an UnfitError into a LockError that names its subject."""
    try:
        yield
    except quote.UnfitError as error:
        raise LockError(
            Diagnostic(
                "DB0408",
                f"no Dockerfile can say this of {what}: {error}",
                hint="change it in the declaration, then run `dynbuild lock`",
            )
        ) from None


def _names(order: tuple[Placed, ...]) -> dict[str, StageName]:
    """Return the build-stage name of each step; the names are unique."""
    names: dict[str, StageName] = {BASE_STEP: BASE_STEP, IMAGE_STEP: IMAGE_STEP}
    owner = {BASE_STEP: "the base", IMAGE_STEP: "the image"}
    for placed in order:
        with _speaking_of(f"{placed.id!r}"):
            name = quote.stage(placed.id)
            if name in owner:
                raise quote.UnfitError(f"{owner[name]} is called {name!r} too")
            owner[name] = f"{placed.id!r}"
            names[placed.id] = name
    return names


def _base(lock: Lock, own: OwnBase | None, name: StageName) -> BuildStage:
    ground = lock.on(own)
    lines = ["USER 0", f"SHELL {quote.command(ground.shell)}"]
    if ground.base.workdir not in ("", "/"):
        lines.append("WORKDIR /")
    platform = own.platform if own else None
    comments = ["# hadolint ignore=DL3029"] if platform else []
    base = _stage(name, pinned(ground.base), None, comments, lines)
    return replace(base, platform=platform)


def _comments(
    branch: Branch,
    steps: Mapping[str, Placed],
    laid: Branches,
    digests: Mapping[str, Digest],
) -> list[str]:
    if branch.purpose == "needs":
        return [f"# What {quote.comment(branch.of)} stands on, together"]
    if branch.purpose == "files":
        return [f"# {quote.comment(branch.of)}, as others copy from it"]
    placed = steps[branch.of]
    label = title(placed.step)
    name = placed.id if label == placed.id else f"{placed.id}: {label}"
    on = ", ".join(placed.on) or laid.bases[placed.own_base]
    facts = f"seq {placed.seq}, stands on {on}"
    if placed.live:
        facts += ", live"
    elif (digest := digests.get(placed.id)) is not None:
        facts += f", digest {short(digest)}"
    return [f"# {quote.comment(name)}", f"# {quote.comment(facts)}"]


@dataclass(frozen=True, slots=True)
class _StepInputs:
    """The common inputs of the instructions of all steps."""

    lock: Lock
    environments: Environments
    laid: Branches
    mounts: Mounts
    platform: str

    def environment(self, step: Step) -> Mapping[str, str]:
        if not isinstance(step, Stage):
            return {}
        return self.environments.of_stage(step.name)

    def declared(self, placed: Placed) -> frozenset[str]:
        step = placed.step
        return declared(step, self.environment(step), self.lock.user)


def _body(
    placed: Placed,
    inputs: _StepInputs,
    part: Part,
    above: Collection[str],
    *,
    begun: bool,
) -> list[str]:
    """Return the lines of a step that belong in a part of a build stage."""
    step, lock = placed.step, inputs.lock.on(placed.own_base)
    own = inputs.environment(step)

    def cache_id(mount: CacheMount) -> str:
        return inputs.mounts.id(mount, step, lock.base.image)

    base, sources = inputs.laid.bases[placed.own_base], inputs.laid.sources
    around = Around(inputs.platform, base, sources, cache_id, above)
    copies, run = instructions(step, own, lock, around)
    if part.copies:
        return copies
    return run if begun else copies + run


def _stage(
    name: StageName,
    parent: str,
    step: str | None,
    comments: Sequence[str],
    lines: Sequence[str],
) -> BuildStage:
    """Make a build stage, with a warning if it contains invisible characters.

    Raises quote.UnfitError for a line that no Dockerfile can hold.
    """
    lines = tuple(map(quote.line, lines))
    if unseen := quote.unseen([parent, *lines]):
        hidden = ", ".join(unseen)
        warning = f"# Careful, this has characters that cannot be seen: {hidden}"
        comments = [*comments, warning]
    return BuildStage(name, parent, step, tuple(comments), lines)


def _section(stage: BuildStage) -> str:
    """Render a build stage, without the empty line that its last heredoc asks for."""
    flag = f"--platform={quote.flag(stage.platform)} " if stage.platform else ""
    lines = [f"FROM {flag}{stage.parent} AS {stage.name}", *stage.lines]
    body = lines[:-1] if lines[-1] == "" else lines
    return "\n".join([*stage.comments, *body])
