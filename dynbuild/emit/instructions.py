"""The instructions of one step: its copies, its script, and nothing left behind.

Every step begins and ends as root, in ``/``, with the declaration's shell, so that
any step can be the parent of any other. Root is told by its number: a base that lacks
/etc/passwd knows no names.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import assert_never

from dynbuild import quote
from dynbuild.declaration.scripts.entry import incomplete
from dynbuild.emit.modes import in_letters
from dynbuild.emit.text import instruction
from dynbuild.lockfile.model import Lock
from dynbuild.steps.downloads import (
    USUAL_MODE,
    address_of,
    digest_of_download,
    place_of,
)
from dynbuild.steps.model import (
    AptSource,
    Copy,
    Download,
    Group,
    InlineFile,
    Install,
    Pin,
    Script,
    Setup,
    Stage,
    Step,
    User,
)
from dynbuild.steps.recipe import TARGETS, copied_targets, copies_of, run_of
from dynbuild.steps.run import (
    BASE_MOUNT,
    TIME_VARIABLE,
    BaseMount,
    BindMount,
    CacheMount,
    Mount,
    Run,
    ScratchMount,
    SecretMount,
    SshMount,
    time_of,
)
from dynbuild.values import dataclass

_LINT = "# hadolint ignore=SC2034,SC2043,SC2046,SC2086"
"""Rules of ShellCheck that are wrong for the scripts that dynbuild writes: a list may
be of one, words are split on purpose, variables differ by the base."""


@dataclass(frozen=True, slots=True)
class Around:
    """What the Dockerfile around a step has for it.

    ``base`` is the build stage that it started from; ``sources`` has those that copies
    from other stages are from; ``cache_id`` gives the id of a cache mount;
    ``handed_on`` are the variables that the build stages above declare.
    """

    platform: str
    base: quote.StageName
    sources: Mapping[str, quote.StageName]
    cache_id: Callable[[CacheMount], str]
    handed_on: Collection[str]


def instructions(
    step: Step, environment: Mapping[str, str], lock: Lock, around: Around
) -> tuple[list[str], list[str]]:
    """Return the lines that copy and the lines that run, without a FROM.

    Raises quote.UnfitError.
    """
    _check(step, environment)
    copies = [f"ARG {name}" for name in copied_targets(step)]
    if isinstance(step, Stage):
        copies += [line for one in step.add for line in _download(one, around.platform)]
    for copy in copies_of(step):
        copies += _copy(copy, lock.images, around.sources)
    if isinstance(step, Stage | Setup):
        copies += [line for file in step.files for line in _file(file)]
    run = run_of(step, environment, lock.user)
    if run is None:
        return copies, []

    def mounted(mount: Mount) -> str:
        return _mount(mount, lock.images, around)

    # A builder hands an ARG on to the build stages that follow, but not to those that
    # stand on layers of a tier: the same step would see two environments. Scripts of
    # ours ask for none.
    ours = isinstance(step, User | AptSource)
    seen = {*around.handed_on} - {*_arguments(run)} - lock.base.env.keys()
    unset = [] if ours else sorted(seen)
    lint = _lint(step, environment)
    return copies, _run(run, lock.shell, lint, mounted, unset, time_of(lock.config))


def declared(
    step: Step, environment: Mapping[str, str], user: User | None
) -> frozenset[str]:
    """Return the variables that the build stage of a step declares with ARG."""
    run = run_of(step, environment, user)
    return frozenset([*copied_targets(step), *(_arguments(run) if run else ())])


def pinned(pin: Pin) -> str:
    """Return the reference of an image, with its tag for people and its digest."""
    if pin.empty:
        return pin.image
    return quote.reference(pin.reference)


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
            _check_group(step)
        case AptSource():
            for text in (step.uri, *step.suites, *step.components):
                quote.name(text)
        case User():
            for account in (step, *step.others):
                _check_account(account)
        case _:
            pass


def _check_group(group: Group) -> None:
    specs = (one.spec for one in group.actions.values() if isinstance(one, Install))
    for text in (*group.actions, *group.declared, *group.declared.values(), *specs):
        quote.operand(text)
    for index in group.indexes:
        said = (index.url, index.scope, index.username, index.secret)
        for word in (text for text in said if text is not None):
            quote.name(word)


def _check_account(user: User) -> None:
    for name in (user.name, user.group or user.name, *user.groups):
        quote.user(name)
    if user.uid == 0:
        raise quote.UnfitError(f"{user.name!r} would be root, which is there already")
    quote.operand(user.shell)
    if user.home:
        quote.written(user.home)
    for text in (user.shell, user.home or ""):
        if ":" in text:
            raise quote.UnfitError(f"{text!r} has a colon, which ends a field")


def _commands(step: Step) -> tuple[str, ...]:
    """Return the commands that the user wrote."""
    match step:
        case Stage() | Setup():
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


def _source(
    files: Copy, images: Mapping[str, Pin], sources: Mapping[str, quote.StageName]
) -> str | None:
    """Return the build stage or the image that files are taken from, if not ours."""
    if files.stage is not None and files.image is not None:
        raise quote.UnfitError("files come from a stage or an image, not from both")
    if files.stage is not None:
        return sources[files.stage]
    return None if files.image is None else pinned(images[files.image])


def _copy(
    copy: Copy, images: Mapping[str, Pin], sources: Mapping[str, quote.StageName]
) -> list[str]:
    flags = []
    source = _source(copy, images, sources)
    if source is not None:
        flags.append(f"--from={source}")
    if copy.owner is not None:
        flags.append(f"--chown={quote.flag(copy.owner)}")
    if copy.mode is not None:
        # What is tracked is a file; a tracked directory has its mode in letters.
        of_file = copy.of_project and not copy.live
        mode = in_letters(copy.mode, of_file=of_file)
        flags.append(f"--chmod={quote.flag(mode)}")
    flags += [f"--exclude={quote.flag(pattern)}" for pattern in copy.exclude]
    return instruction("COPY", flags, _paths(copy))


def _paths(copy: Copy) -> str:
    variables = () if copy.of_project else TARGETS
    literal = copy.pattern == "none"
    written = quote.copy_paths if literal else quote.copy_patterns
    return written(copy.paths, copy.to, variables)


def _download(download: Download, platform: str) -> list[str]:
    digest = digest_of_download(download, platform)
    if digest is None:
        raise quote.UnfitError(f"there is no digest of {download.url} for {platform}")
    flags = [f"--checksum={digest}"]
    if download.unpack:
        flags.append("--unpack=true")
    else:
        flags.append(f"--chmod={quote.flag(download.mode or USUAL_MODE)}")
    if download.owner is not None:
        flags.append(f"--chown={quote.flag(download.owner)}")
    url = address_of(download.url, platform)
    place = place_of(download, platform)
    return instruction("ADD", flags, quote.download(url, place))


def _file(file: InlineFile) -> list[str]:
    flags = []
    if file.owner is not None:
        flags.append(f"--chown={quote.flag(file.owner)}")
    if file.mode is not None:
        flags.append(f"--chmod={quote.flag(in_letters(file.mode, of_file=True))}")
    opening, *text = quote.document(file.text)
    # hadolint cannot parse what follows a heredoc without an empty line between.
    return [
        *instruction("COPY", flags, f"{opening} {quote.written(file.to)}"),
        *text,
        "",
    ]


def _arguments(run: Run) -> list[str]:
    targets = {*run.targets}
    if any(isinstance(mount, CacheMount) for mount in run.mounts):
        targets.add("TARGETARCH")
    return sorted(targets)


def _run(  # noqa: PLR0913, PLR0917 - what the instructions around a script depend on
    run: Run,
    shell: tuple[str, ...],
    lint: Sequence[str],
    mounted: Callable[[Mount], str],
    unset: Sequence[str],
    time: int | None,
) -> list[str]:
    own_shell = run.shell if run.shell != shell else None
    lines = [f"ARG {name}" for name in _arguments(run)]
    if time is not None:
        lines.append(f"ARG {TIME_VARIABLE}={time}")
    if own_shell is not None:
        lines.append(f"SHELL {quote.command(own_shell)}")
    if run.user != "root":
        lines.append(f"USER {quote.argument(run.user)}")
    # After USER: a directory that is not there yet is made for that user.
    moves = [*run.directories]
    if run.workdir is not None or moves:
        moves.append(run.workdir or "/")
    lines += [f"WORKDIR {quote.argument(path)}" for path in moves]
    flags = [f"--mount={mounted(mount)}" for mount in run.mounts]
    if run.network != "default":
        flags.append(f"--network={quote.flag(run.network)}")
    forgets = [f"unset {' '.join(unset)}"] if unset else []
    opening, *script = quote.heredoc("\n".join([*forgets, run.script]))
    # hadolint cannot parse what follows a heredoc without an empty line between.
    lines += [*lint, *instruction("RUN", flags, opening), *script, ""]
    if run.user != "root":
        lines.append("USER 0")
    if run.workdir is not None:
        lines.append("WORKDIR /")
    if own_shell is not None:
        lines.append(f"SHELL {quote.command(shell)}")
    return lines


def _mount(mount: Mount, images: Mapping[str, Pin], around: Around) -> str:
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
            identity = quote.option(around.cache_id(mount))
            return f"{_options(options)},id={identity}-$TARGETARCH"
        case BindMount(files):
            source = _source(files, images, around.sources)
            options = {
                "type": "bind",
                **({} if source is None else {"from": source}),
                "source": quote.bound(files.path),
                "target": files.to,
            }
        case ScratchMount():
            options = {
                "type": "tmpfs",
                "target": mount.target,
                **({} if mount.size is None else {"size": mount.size}),
            }
        case BaseMount():
            options = {"type": "bind", "from": around.base, "target": BASE_MOUNT}
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
