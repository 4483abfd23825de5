"""The final output of a build: one line per step, or the failure."""

import re
from collections.abc import Sequence

from dynbuild.building import BuildFailed, Lacking, StepResult
from dynbuild.cli.progress_text import (
    Titles,
    duration,
    key_of,
    lines,
    on_builder,
    outcome,
    price,
    printable,
    size,
    title,
)
from dynbuild.declaration.grammar import STEP_NAME, matches
from dynbuild.engine import messages
from dynbuild.errors import Diagnostic
from dynbuild.explain.past import BUILT, LOCAL, PastStep
from dynbuild.steps.managers.apt_snapshot import NEWER, UNDATED
from dynbuild.steps.managers.came import UNFIT, UNKNOWN, UNSERVED
from dynbuild.steps.managers.presence import DIFFERS

_LOG_IN = "log in to the registry with `docker login`"
_MAY_WRITE = (
    f"{_LOG_IN}, as who may write there"
    "\n(for ghcr.io, `packages: write` in the workflow, and in the package's settings"
    '\n"Manage Actions access")'
)

_WORTH_TELLING = 1.0
"""Seconds saved that the last line tells."""

LINES = 20
WIDTH = 400
"""Maximum lines of a script, and characters of a line, that an error shows."""

_NO_EMULATION = (
    "the builder runs no programs of that platform: let its engine emulate it, with\n"
    "`docker run --privileged --rm tonistiigi/binfmt --install all` where it runs;\n"
    "or build with one on such a machine (--builder)"
)
_MORE_MEMORY = "give its builder\nmore, or run fewer steps at once (--jobs)"
_TOO_LATE = (
    "its last output may show what it waited for; if it needs the time, raise\n"
    "`timeout` of the stage: no digest covers that"
)
_PACKAGES_TOO_LATE = (
    "its last output may show what it waited for: a source that is slow, or versions\n"
    "that fit nowhere, which narrower specs cure; if it needs the time, raise\n"
    "--package-timeout"
)
_NO_SHELL = (
    "the base has no shell to run a step in: start from one that has,"
    "\nsuch as debian:stable-slim or alpine, and copy what the other has into it"
)
_NOT_FOUND = (
    re.compile(r"(?:^|: )([^\s:]+): (?:command )?not found$"),
    re.compile(r"command not found: (\S+)$"),
    re.compile(r"env: \W?([^\s:]+?)\W?: No such file or directory$"),
)


def summary(
    steps: Sequence[StepResult],
    titles: Titles,
    seconds: float,
    past: Sequence[PastStep] = (),
) -> str:
    """Return one line per step, in the order of ``titles``, and their totals."""
    place = {step: number for number, step in enumerate(titles)}
    ordered = sorted(
        steps,
        key=lambda one: place.get(key_of(one.step, one.image), len(place)),
    )
    lines_ = (outcome(result, titles) for result in ordered)
    return "\n".join([*lines_, totals(steps, seconds, past)])


def totals(
    steps: Sequence[StepResult], seconds: float, past: Sequence[PastStep] = ()
) -> str:
    """Return ``6 steps: 2 ran, 4 cached, 12.3 s``, with the elapsed wall time.

    ``past`` has the steps that exist now: what was taken of shared tiers, and how long
    all that did not run took when it did, are told as well.
    """
    ran = sum(result.ran for result in steps)
    noun = "step" if len(steps) == 1 else "steps"
    cached = len(steps) - ran
    text = f"{len(steps)} {noun}: {ran} ran, {cached} cached, {duration(seconds)}"
    taken: dict[str, int] = {}
    for step in past:
        if step.source not in (BUILT, LOCAL):
            taken[step.source] = taken.get(step.source, 0) + step.size
    text += "".join(f"; {size(of)} from {tier}" for tier, of in sorted(taken.items()))
    saved = sum(step.seconds for step in past if not step.ran)
    return f"{text}; saved {price(saved)}" if saved >= _WORTH_TELLING else text


def failure(error: BuildFailed, titles: Titles) -> Diagnostic:
    """Return the failed step, its command, its last output, and the next action."""
    output = _block("its last output", "\n".join(error.output))
    if error.step is None:
        where = messages.outside_of_steps(error.instruction or "")
        first = f"the build failed{where and f' at {where}'}: {error.message}"
        return Diagnostic("DB0511", "\n".join([first, *output]), hint=_remedy(error))
    kind, _, rest = (error.instruction or "").partition(" ")
    secret = messages.missing_secret(error.message)
    named = title(error.step, titles, error.platform, error.image)
    if error.exit_code is None and secret:
        first = f"{named} needs the secret {secret!r}"
        hint = f"--secret id={secret},env=VARIABLE or id={secret},src=FILE"
        return Diagnostic("DB0510", f"{first}, which is not given", hint=hint)
    command = []
    own = matches(STEP_NAME, error.step)
    if not own:
        # For dynbuild's own steps only the declaration and their output matter.
        command = (
            _block("the command", _as_declared(rest))
            if kind == "RUN"
            else _block("the instruction", error.instruction or "")
        )
    code = error.exit_code
    reason = _unstarted(error.message) if code is None else f"exit code {code}"
    first = f"{named} failed{on_builder(error.builder)}: {reason}"
    late = _PACKAGES_TOO_LATE if own else _TOO_LATE
    if error.late and error.limits:
        of = "a package group may" if own else "its timeout"
        reason = f"longer than {of}, {error.limits.timeout}, and was ended"
        first = f"{named} ran{on_builder(error.builder)} {reason}"
    foreign = any(map(messages.is_of_another_platform, error.output[-1:]))
    hint = _of_versions(error.output) or _next_step(error)
    hint = _NO_EMULATION if foreign else late if error.late else hint
    return Diagnostic("DB0510", "\n".join([first, *command, *output]), hint=hint)


def _unstarted(message: str) -> str:
    """Return the message about a script that never started, without the script."""
    text = messages.without_script(message)
    return "\n".join(lines(text)[:LINES])


def _as_declared(script: str) -> str:
    """Return a script without the lines that dynbuild added."""
    own = ("set -e", "(exit $?)")
    first, *rest = script.split("\n")
    lines = rest if first.startswith("unset TARGET") else [first, *rest]
    return "\n".join(line for line in lines if line not in own)


def _block(heading: str, text: str) -> list[str]:
    """Return lines under a heading, with their number and length limited."""
    if not text:
        return []
    shown = [_cut(line) for line in lines(text)]
    more = [f"... ({len(shown) - LINES} more lines)"] if len(shown) > LINES else []
    block = (f"    {line}".rstrip() for line in [*shown[:LINES], *more])
    return [f"  {heading}:", *block]


def _next_step(error: BuildFailed) -> str:
    """Return the advice for a step that failed."""
    if error.lacking is not None:
        return _provided(error.lacking)
    if error.forgotten is not None:
        return (
            f"{error.forgotten} is no longer declared, but the lock installs it still:"
            "\n`dynbuild lock --repack` makes a lock that forgets it"
        )
    match error.exit_code:
        case 127:
            name = _missing(error.output) or "a command"
            return (
                f"{name} is not there: declare the package that has it,"
                "\nor depend on the stage that installs it"
            )
        case 137:
            return _killed(error)
        case None if hint := _before_it_ran(error):
            return hint
        case _:
            return "correct it and run again: the steps that succeeded are kept"


def _killed(error: BuildFailed) -> str:
    """Return the advice for a step that was killed."""
    memory = error.limits.memory if error.limits else None
    sure = messages.is_of_memory(error.message)
    why = "for want of memory" if sure else "most often for want of memory"
    if memory is None:
        return f"it was killed, {why}: {_MORE_MEMORY}"
    return (
        f"it was killed, {why}: its stage says memory = {memory!r};\n"
        "raise that, or let it take less"
    )


def _of_versions(output: Sequence[str]) -> str | None:
    """Return the advice for a group that cannot bring what the lock has."""
    if any(line.startswith(UNSERVED) for line in output):
        return (
            "the sources have other versions now, and the lock wants these: take the "
            "step from\na cache that holds it; or `dynbuild lock --repack --resolve` "
            "installs what is served now"
        )
    if any(line.startswith(NEWER) for line in output):
        return (
            "the snapshot is older than the base, or than what was installed before: "
            "let\n`apt_snapshot` name a later one and run `dynbuild lock --repack`, or "
            "take an older base"
        )
    if any(line.startswith(UNDATED) for line in output):
        return (
            "say where snapshots of these archives are: `mirrors` of `apt_snapshot` "
            "(docs/packages.md)"
        )
    if any(line.startswith(UNFIT) for line in output):
        return (
            "what two changes need was merged: `dynbuild lock --repack --resolve` "
            "installs, and\nwrites down, what does fit"
        )
    if any(line.startswith((DIFFERS, UNKNOWN)) for line in output):
        return (
            "nobody may replace what the lock names: if dynbuild.sum lacks its digest, "
            "restore\nthe file; else see who serves it; or `dynbuild lock --repack "
            "--resolve` installs\nand writes down what is served now"
        )
    return None


def _before_it_ran(error: BuildFailed) -> str | None:
    """Return the advice for a step in which no command ran."""
    if error.missed is not None:
        return "correct the pattern; where it may match nothing, say optional = true"
    if user := messages.unknown_user(error.message):
        if user in ("root", "0"):
            return _NO_SHELL
        return (
            f"nothing made the user {user} before this step: declare it as user,"
            "\ndepend on the stage that makes it, or write a number"
        )
    if name := messages.missing_program(error.message):
        if name == "/bin/sh":
            return _NO_SHELL
        return (
            f"{name} is not there: install it before this step, or name another shell"
        )
    return None


def _provided(lacks: Lacking) -> str:
    """Return the location of what was missing, and how to make it available."""
    has = f"{lacks.name} is not there; {lacks.other!r} has it ({lacks.path})"
    if lacks.moves:
        return (
            f"{has}, but comes later:\n`dynbuild lock --move {lacks.step}` puts "
            f"{lacks.step!r} behind it"
        )
    return f"{has}:\nname it in the dependencies of {lacks.step!r}"


def _remedy(error: BuildFailed) -> str | None:
    """Return the advice for a failure outside of the steps, if there is one."""
    if messages.is_refused(error.message):
        return _MAY_WRITE if "push" in error.message else _LOG_IN
    if "permission denied" in error.message:
        return "let your user read and write what is named"
    if "no space left on device" in error.message:
        return "make room there, and run again: the steps on record are kept"
    if messages.is_of_the_base(error.instruction or ""):
        return "`dynbuild lock --upgrade-base` pins what the base's tag names now"
    return None


def _missing(output: Sequence[str]) -> str | None:
    """Return the command that a shell did not find, from its last output."""
    for text in reversed(output):
        for pattern in _NOT_FOUND:
            if match := pattern.search(printable(text).rstrip()):
                return match[1]
    return None


def _cut(line: str) -> str:
    """Return a line cut to the length that an error shows."""
    if len(line) <= WIDTH:
        return line
    return f"{line[:WIDTH]}... ({len(line) - WIDTH} more characters)"
