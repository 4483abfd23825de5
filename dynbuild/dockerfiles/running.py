"""RUN as the commands of a stage, with its mounts."""

import re
import shlex

from dynbuild.declaration.scripts.entry import read_entry
from dynbuild.dockerfiles.copying import Source
from dynbuild.dockerfiles.known import both, paths_of
from dynbuild.dockerfiles.model import Instruction, Line, Paths
from dynbuild.dockerfiles.mounting import Mounted, mount
from dynbuild.dockerfiles.scope import UnknownError
from dynbuild.dockerfiles.shell import Command, Script, errexit, read_script
from dynbuild.dockerfiles.state import DEFAULT_SHELL, State, is_posix, start_of
from dynbuild.values import dataclass

_WIDTH = 76
_SHEBANG = re.compile(r"\A#! *(?:/usr)?/bin/(?:env +)?(sh|bash|ash|dash) *\n")
"""The first line of a text for a shell without options."""

_QUIET = frozenset(("set", "cd", "export", "mkdir", "echo", "umask", "true", "rm", ":"))
_UPDATES = (["apt-get", "update"], ["apt", "update"], ["apk", "update"])
"""What a stage is not called by."""

_CARRIES_ON = (
    "Docker goes on after a command that failed before `;` or the end of a line; here "
    "the stage ends: write `|| true` behind what may fail"
)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a RUN does in a stage; ``fields`` beside its commands."""

    commands: tuple[Line, ...]
    fields: dict[str, object]
    script: Script
    caches: dict[str, dict[str, object]]
    paths: Paths | None
    reasons: tuple[str, ...] = ()


def run(state: State, one: Instruction, source: Source) -> Ran:
    """Translate one instruction. Raises UnknownError where a person has to."""
    mounted, fields = _flags(state, one, source)
    if not is_posix(state.shell):
        raise UnknownError(f"{state.shell[0]} is not a POSIX shell")
    reasons = mounted.reasons
    commands, script = _commands(one)
    interpreter = _SHEBANG.match(one.heredocs[0].text) if one.heredocs else None
    if interpreter is not None and one.text.startswith("<<"):
        fields["shell"] = [f"/bin/{interpreter[1]}", "-c"]
        reasons.append(f"/bin/{interpreter[1]} runs its text, which is no file here")
    if script.carries_on and not _ends_by_itself(state.shell):
        reasons.append(_CARRIES_ON)
    fields |= mounted.fields
    fields |= {"ssh": True} if mounted.ssh else {}
    if mounted.caches and _has_known_uid(state.user):
        fields["cache_mounts"] = list(mounted.caches.values())
    elif mounted.caches:
        reasons.append(
            f"its cache mounts are left out, for the uid of {state.user!r} is not "
            "known: write the number as user of the stage"
        )
    if "secrets" in fields and not _has_known_uid(state.user):
        raise UnknownError(f"its secret is for {state.user!r}, whose uid is not known")
    # Programs of another image may lie anywhere.
    understood = not fields and state.shell == DEFAULT_SHELL and start_of(state.image)
    programs = state.scope.search_path() if understood else None
    paths = None
    if programs is not None:
        paths = paths_of(script, state.directory, state.user)
        paths = both(paths, Paths(programs))
    return Ran(commands, fields, script, mounted.caches, paths, tuple(reasons))


def _flags(
    state: State, one: Instruction, source: Source
) -> tuple[Mounted, dict[str, object]]:
    """Return the mounts of a RUN, and its other fields."""
    mounted = Mounted()
    fields: dict[str, object] = {}
    for flag in one.flags:
        name, _, value = flag.removeprefix("--").partition("=")
        if name == "mount":
            mount(mounted, state, value, source)
        elif name == "network" and value in ("default", "none", "host"):
            fields |= {} if value == "default" else {"network": value}
        else:
            raise UnknownError(f"a stage has nothing for --{name}={value}")
    return mounted, fields


def _ends_by_itself(shell: tuple[str, ...]) -> bool:
    """Whether a shell is told to end at the first failure."""
    return errexit(" ".join(["set", *shell[1:]]))


def _has_known_uid(user: str | None) -> bool:
    return user is None or user.partition(":")[0].isdecimal()


def _commands(one: Instruction) -> tuple[tuple[Line, ...], Script]:
    if one.is_json:
        if not one.words:
            raise UnknownError("it runs nothing")
        text = shlex.join(one.words)
        return (Line(text),), Script((Command(text, 0, ""),), carries_on=False)
    if one.heredocs:
        return _documents(one)
    script = read_script(one.text)
    entries = script.entries
    if entries is None or any(read_entry(entry.text).missing for entry in entries):
        text = laid_out(one.text, one.breaks)
        if missing := read_entry(text).missing:
            raise UnknownError(f"its command {missing}")
        comments = tuple(comment.text for comment in one.inner)
        return (Line(text, comments),), script
    return _entries(one, entries), script


def _entries(one: Instruction, entries: tuple[Command, ...]) -> tuple[Line, ...]:
    ends = [*(entry.start for entry in entries[1:]), len(one.text) + 1]
    comments: list[list[str]] = [[] for _ in entries]
    for comment in one.inner:
        # One at the end of the file stands behind the text that it was to go on with.
        at = sum(end <= comment.at for end in ends[:-1])
        entry = entries[at]
        behind = one.text[entry.start + len(entry.text) : ends[at]]
        done = comment.at >= entry.start + len(entry.text)
        later = done and at + 1 < len(entries) and not behind.strip(" \t;&")
        comments[at + 1 if later else at].append(comment.text)
    return tuple(
        Line(
            laid_out(
                entry.text,
                tuple(
                    cut - entry.start
                    for cut in one.breaks
                    if entry.start < cut < entry.start + len(entry.text)
                ),
            ),
            tuple(above),
        )
        for entry, above in zip(entries, comments, strict=True)
    )


def laid_out(text: str, breaks: tuple[int, ...]) -> str:
    """Return a text with the line breaks of the file, unless it is short or quoted."""
    if not breaks or any(_in_quotes(text[:cut]) for cut in breaks):
        return text
    pieces = [
        text[start:end].strip(" \t")
        for start, end in zip((0, *breaks), (*breaks, len(text)), strict=True)
    ]
    # What stood together without a blank stays together.
    glued = any(text[cut - 1] not in " \t" and text[cut] not in " \t" for cut in breaks)
    if glued:
        return text
    pieces = [piece for piece in pieces if piece]
    whole = " ".join(pieces)
    if len(whole) <= _WIDTH:
        return whole
    return " \\\n    ".join(pieces)


def _in_quotes(text: str) -> bool:
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        at += 1
    return bool(quote)


def _documents(one: Instruction) -> tuple[tuple[Line, ...], Script]:
    first = one.heredocs[0]
    alone = re.fullmatch(r"<<-?\s*['\"]?[^\s'\"]+['\"]?", one.text)
    if not alone:
        text = "\n".join([one.text, *(f"{h.text}{h.name}" for h in one.heredocs)])
        if missing := read_entry(text).missing:
            raise UnknownError(f"its command {missing}")
        before = read_script(one.text.partition("<<")[0])
        return (Line(text),), Script(None, before.carries_on)
    if first.text.startswith("#!") and not _SHEBANG.match(first.text):
        interpreter = first.text.partition("\n")[0]
        raise UnknownError(
            f"its text is for {interpreter}: put it into a file that the stage copies, "
            "and run that"
        )
    text = _SHEBANG.sub("", first.text, count=1).rstrip("\n")
    script = read_script(text)
    entries = script.sequence
    if entries and not any(read_entry(entry.text).missing for entry in entries):
        return tuple(Line(entry.text) for entry in entries), script
    if missing := read_entry(text).missing:
        raise UnknownError(f"its command {missing}")
    return (Line(text),), script


def title_of(ran: Ran) -> str:
    """Return what a stage is called by what it runs: ``npm-ci``."""
    commands = ran.script.commands or ran.commands
    listed = [
        [word for word in command.text.split() if "=" not in word]
        for command in commands
    ]
    telling = [
        words
        for words in listed
        if words and words[0] not in _QUIET and words[:2] not in _UPDATES
    ]
    words = next(iter(telling or [words for words in listed if words]), ["run"])
    program = words[0].rsplit("/", 1)[-1]
    return "-".join([program, *(one for one in words[1:2] if one.isalpha())])
