"""The instructions of one step: its copies, its script, and nothing left behind.

Every step begins and ends as root, in ``/``, with the declaration's shell, so that
any step can be the parent of any other.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

from dynbuild import quote
from dynbuild.declaration.scripts.entry import incomplete
from dynbuild.emit.modes import in_letters
from dynbuild.emit.text import instruction
from dynbuild.lockfile.model import Lock
from dynbuild.steps.model import (
    AptSource,
    Copy,
    Group,
    Install,
    Pin,
    Script,
    Stage,
    Step,
    User,
)
from dynbuild.steps.recipe import copies_of, run_of
from dynbuild.steps.run import (
    BASE_MOUNT,
    BASE_STEP,
    BaseMount,
    CacheMount,
    Mount,
    Run,
    ScratchMount,
    SecretMount,
    SshMount,
)

_LINT = "# hadolint ignore=SC2034,SC2043,SC2046,SC2086"
"""Rules of ShellCheck that are wrong for the scripts that dynbuild writes: a list may
be of one, words are split on purpose, variables differ by the base."""


def instructions(
    step: Step,
    environment: Mapping[str, str],
    lock: Lock,
    sources: Mapping[str, quote.StageName],
    cache_id: Callable[[CacheMount], str],
) -> tuple[list[str], list[str]]:
    """Return the lines that copy and the lines that run, without a FROM.

    Raises quote.UnfitError.

    ``sources`` has the build stages that copies from other stages are from;
    ``cache_id`` gives the id of a cache mount.
    """
    _check(step, environment)
    copies = [
        line for copy in copies_of(step) for line in _copy(copy, lock.images, sources)
    ]
    run = run_of(step, environment, lock.user)
    if run is None:
        return copies, []
    return copies, _run(run, lock.shell, _lint(step, environment), cache_id)


def pinned(pin: Pin) -> str:
    """Return the reference of an image, with its tag for people and its digest."""
    return quote.reference(f"{pin.image}@{pin.digest}" if pin.digest else pin.image)


def _check(step: Step, environment: Mapping[str, str]) -> None:
    """Refuse text that would mean something else in a script. Raises UnfitError."""
    commands = _commands(step)
    for start, _, missing in incomplete(commands):
        # It would swallow the line that tests its status.
        raise quote.UnfitError(f"the command {commands[start][:60]!r} {missing}")
    match step:
        case Stage():
            quote.account(step.user)
            for variable in environment:
                quote.variable(variable)
        case Group():
            specs = (a.spec for a in step.actions.values() if isinstance(a, Install))
            for text in (
                *step.actions,
                *step.declared,
                *step.declared.values(),
                *specs,
            ):
                quote.operand(text)
        case AptSource():
            for text in (step.uri, *step.suites, *step.components):
                quote.name(text)
        case User():
            quote.user(step.name)
            quote.operand(step.shell)
        case _:
            pass


def _commands(step: Step) -> tuple[str, ...]:
    """Return the commands that the user wrote."""
    match step:
        case Stage():
            return step.commands
        case Script():
            return (step.text,)
        case _:
            return ()


def _lint(step: Step, environment: Mapping[str, str]) -> list[str]:
    if isinstance(step, Group | User):
        return [_LINT]
    rules = []
    if re.search("[$`]", "".join(environment.values())):
        rules.append("SC2016")  # what is exported means itself
    if re.search(r"\b(?:echo|printf)\b", "\n".join(_commands(step))):
        rules.append("SC2320")  # whether a command failed is asked of echo as well
    return [f"# hadolint ignore={','.join(rules)}"] if rules else []


def _copy(
    copy: Copy, images: Mapping[str, Pin], sources: Mapping[str, quote.StageName]
) -> list[str]:
    flags = []
    if copy.stage is not None and copy.image is not None:
        raise quote.UnfitError("a copy comes from a stage or an image, not from both")
    if copy.stage is not None:
        flags.append(f"--from={sources[copy.stage]}")
    elif copy.image is not None:
        flags.append(f"--from={pinned(images[copy.image])}")
    if copy.owner is not None:
        flags.append(f"--chown={quote.flag(copy.owner)}")
    if copy.mode is not None:
        # What is tracked is a file; a tracked directory has its mode in letters.
        of_file = copy.of_project and not copy.live
        mode = in_letters(copy.mode, of_file=of_file)
        flags.append(f"--chmod={quote.flag(mode)}")
    flags += [f"--exclude={quote.flag(pattern)}" for pattern in copy.exclude]
    return instruction("COPY", flags, quote.copy_paths(copy.path, copy.to))


def _run(
    run: Run,
    shell: tuple[str, ...],
    lint: Sequence[str],
    cache_id: Callable[[CacheMount], str],
) -> list[str]:
    own_shell = run.shell if run.shell != shell else None
    lines = []
    if any(isinstance(mount, CacheMount) for mount in run.mounts):
        lines.append("ARG TARGETARCH")
    if own_shell is not None:
        lines.append(f"SHELL {quote.command(own_shell)}")
    if run.user != "root":
        lines.append(f"USER {quote.argument(run.user)}")
    # After USER: a directory that is not there yet is made for that user.
    moves = [*run.directories]
    if run.workdir is not None or moves:
        moves.append(run.workdir or "/")
    lines += [f"WORKDIR {quote.argument(path)}" for path in moves]
    flags = [f"--mount={_mount(mount, cache_id)}" for mount in run.mounts]
    if run.network != "default":
        flags.append(f"--network={quote.flag(run.network)}")
    opening, *script = quote.heredoc(run.script)
    # hadolint cannot parse what follows a heredoc without an empty line between.
    lines += [*lint, *instruction("RUN", flags, opening), *script, ""]
    if run.user != "root":
        lines.append("USER root")
    if run.workdir is not None:
        lines.append("WORKDIR /")
    if own_shell is not None:
        lines.append(f"SHELL {quote.command(shell)}")
    return lines


def _mount(mount: Mount, cache_id: Callable[[CacheMount], str]) -> str:
    match mount:
        case CacheMount():
            options = {
                "type": "cache",
                "target": mount.target,
                **({} if mount.sharing == "shared" else {"sharing": mount.sharing}),
                **({} if mount.mode is None else {"mode": mount.mode}),
                **_ids(mount.uid, mount.gid),
            }
            # The architecture is the one variable that may stand in an option.
            identity = quote.option(cache_id(mount))
            return f"{_options(options)},id={identity}-$TARGETARCH"
        case ScratchMount():
            options = {"type": "tmpfs", "target": mount.target}
        case BaseMount():
            options = {"type": "bind", "from": BASE_STEP, "target": BASE_MOUNT}
        case SecretMount():
            file = mount.env is None or mount.target is not None
            options = {
                "type": "secret",
                "id": mount.id,
                "required": "true",
                **({} if mount.env is None else {"env": quote.variable(mount.env)}),
                **({} if mount.target is None else {"target": mount.target}),
                **(_ids(mount.uid, mount.gid) if file else {}),
            }
        case SshMount():
            options = {"type": "ssh", "required": "true", **_ids(mount.uid, mount.gid)}
        case _:
            assert_never(mount)
    return _options(options)


def _options(options: Mapping[str, str]) -> str:
    return ",".join(f"{name}={quote.option(text)}" for name, text in options.items())


def _ids(uid: int, gid: int) -> dict[str, str]:
    return {"uid": str(uid), "gid": str(gid)} if uid or gid else {}
