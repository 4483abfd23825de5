"""The Dockerfile of a lock: one named build stage per step, in install order.

A pure function of the lock. The linked steps form one line of stages; build-only
ones branch off it. The last stage holds the runtime config, so that it never decides
what has to run.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dynbuild import quote
from dynbuild.digest import Digest, short
from dynbuild.emit.instructions import instructions, pinned, runtime
from dynbuild.errors import Diagnostic, LockError
from dynbuild.lock.digests import environments_of
from dynbuild.lock.model import Lock
from dynbuild.lock.order import Placed
from dynbuild.steps.environment import expand
from dynbuild.steps.model import Stage
from dynbuild.steps.run import BASE_STEP
from dynbuild.steps.title import title

IMAGE_STEP = "image.0"
"""The name of the last stage: the image with its runtime config."""

_HEADER = """\
# Emitted by dynbuild from a lock, for {platform}. Change the declaration, not this.
#
# One build stage per step, in install order. `dynbuild realize` builds each step on
# what it declares and links the layers; a plain build of this file gives the same
# files wherever stages read only what they declare."""


@dataclass(frozen=True, slots=True)
class _Branch:
    """A build-only stage: the linked step it branched off at, and what lies between."""

    root: int
    members: tuple[str, ...]


def emit(
    lock: Lock,
    order: tuple[Placed, ...],
    platform: str,
    digests: Mapping[str, Digest],
) -> str:
    """The text, with a newline at its end.

    ``digests`` holds those of the steps whose content the lock decides; the others
    are marked as live. Raises LockError for text that no Dockerfile can hold.
    """
    try:
        return _emit(lock, order, platform, digests)
    except quote.UnfitError as error:
        raise LockError(
            Diagnostic(
                "DB0408",
                f"no Dockerfile can say this: {error}",
                hint="change it in the declaration, then run `dynbuild lock`",
            )
        ) from None


def _emit(
    lock: Lock,
    order: tuple[Placed, ...],
    platform: str,
    digests: Mapping[str, Digest],
) -> str:
    environments = environments_of(lock)
    steps = {placed.id: placed for placed in order}

    def body(placed: Placed) -> list[str]:
        step = placed.step
        seen = environments.of_stage(step.name) if isinstance(step, Stage) else {}
        return instructions(step, seen, lock.user, lock.images, lock.shell)

    sections = [[_HEADER.format(platform=quote.comment(platform))], _base(lock)]
    linked = [BASE_STEP]
    branches: dict[str, _Branch] = {}
    for placed in order:
        name = _stage_name(placed.id)
        if placed.linked:
            parent = linked[-1]
            linked.append(placed.id)
        else:
            members = _build_only_below(placed, steps)
            parent, branch = _branch(placed, members, linked, branches, steps)
            branches[placed.id] = branch
            if members and parent not in members:
                # No one stage holds all that it needs: put that together first.
                gathered = _free_name(f"{name}.needs", steps)
                section = [
                    f"# What {placed.id} needs, together",
                    f"FROM {_stage_name(parent)} AS {gathered}",
                ]
                for member in members:
                    section += body(steps[member])
                sections.append(section)
                parent = gathered
        sections.append(
            [
                *_comment(placed, digests.get(placed.id)),
                f"FROM {_stage_name(parent)} AS {name}",
                *body(placed),
            ]
        )
    lines = ["# The image", f"FROM {_stage_name(linked[-1])} AS {IMAGE_STEP}"]
    composed = environments.of_image()
    seen = {**lock.base.env, **composed}
    own = {name: expand(text, seen) for name, text in lock.config.env.items()}
    lines += runtime(lock.config, {**composed, **own})
    workdir = lock.config.workdir or lock.base.workdir
    if workdir not in ("", "/"):
        lines.append(f"WORKDIR {quote.value(workdir)}")
    user = lock.user.name if lock.user else lock.base.user
    if user not in ("", "root", "0"):
        lines.append(f"USER {quote.argument(user)}")
    return "\n\n".join(map(_section, [*sections, lines])) + "\n"


def _section(lines: list[str]) -> str:
    """A section without the empty line that its last heredoc asks for."""
    return "\n".join(lines[:-1] if lines[-1] == "" else lines)


def _base(lock: Lock) -> list[str]:
    lines = [
        f"# {quote.comment(lock.base.image)}",
        f"FROM {pinned(lock.base)} AS {BASE_STEP}",
        "USER root",
        f"SHELL {quote.exec_form(lock.shell)}",
    ]
    return lines if lock.base.workdir in ("", "/") else [*lines, "WORKDIR /"]


def _comment(placed: Placed, digest: Digest | None) -> list[str]:
    on = ", ".join(placed.on) or BASE_STEP
    facts = [f"seq {placed.seq}", f"on {on}", short(digest) if digest else "live"]
    told = title(placed.step)
    name = placed.id if told == placed.id else f"{placed.id}: {told}"
    return [f"# {quote.comment(name)}", f"# {quote.comment(', '.join(facts))}"]


def _build_only_below(placed: Placed, steps: Mapping[str, Placed]) -> tuple[str, ...]:
    """The build-only stages that one stands on, in install order."""
    found: set[str] = set()
    pending = [placed]
    while pending:
        for below in pending.pop().on:
            if below not in found and not steps[below].linked:
                found.add(below)
                pending.append(steps[below])
    return tuple(name for name in steps if name in found)


def _branch(
    placed: Placed,
    members: tuple[str, ...],
    linked: list[str],
    branches: Mapping[str, _Branch],
    steps: Mapping[str, Placed],
) -> tuple[str, _Branch]:
    """The parent of a build-only stage, and where its branch left the line."""
    if members:
        last = branches[members[-1]]
        needed = max(
            (
                linked.index(below)
                for member in (*members, placed.id)
                for below in steps[member].on
                if steps[below].linked
            ),
            default=0,
        )
        if needed <= last.root and set(members) == {*last.members, members[-1]}:
            return members[-1], _Branch(last.root, members)
    return linked[-1], _Branch(len(linked) - 1, members)


def _stage_name(step: str) -> str:
    return quote.name(step)


def _free_name(wanted: str, steps: Mapping[str, Placed]) -> str:
    taken = {step.lower() for step in steps}
    while wanted in taken:
        wanted += "s"
    return wanted
