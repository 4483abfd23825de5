"""Commands meant for files of the project, which no command can see."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from posixpath import normpath

from dynbuild.declaration.graph import standing_on
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema_stage import Stage
from dynbuild.declaration.scripts.runs import ScriptRun, with_list
from dynbuild.declaration.scripts.script import Command, is_static
from dynbuild.declaration.syntax.edits import without_item
from dynbuild.declaration.syntax.spelling import spelled
from dynbuild.declaration.syntax.tree import find
from dynbuild.errors import Diagnostic, Mend
from dynbuild.steps.managers import MANAGERS
from dynbuild.values import dataclass

_ROOTS = re.compile(
    r"(bin|boot|dev|etc|home|lib(32|64|x32)?|media|mnt|opt|proc|root|run|sbin|srv|sys"
    r"|tmp|usr|var)(/|$)"
)
"""Directories of every base: stages run in /, so ``etc/hosts`` exists."""

_MANAGERS = "|".join(
    program for manager in MANAGERS.values() for program in manager.programs
)
_HARMLESS = re.compile(
    rf"|:|({_MANAGERS}|apt-mark|echo|printf|export|set|umask|true|test"
    r"|(add|del)(user|group)|(user|group)(add|del|mod)|ch(own|grp|mod)|ls|rm|which"
    r"|ldconfig|locale-gen|update-ca-certificates)"
)
"""Commands that make no files in the working directory, unless redirected to one."""

_FILING = re.compile(r"cp|mv|install|rsync|mkdir|ln|touch")
"""Commands that make files at the path in their last word."""

_ELSEWHERE = frozenset({"cd", "pushd", "chroot"})

_TELLING = re.compile(r"-\w*[tT]\w*$|--(target|exclude|include|files-from)")
"""Options of cp, mv and rsync with which the last word is no plain destination."""

Copied = tuple[tuple[str, str, Mapping[str, str]], ...]
"""A command's inputs: from, to, and other fields of a copy."""


def check_context(loaded: Loaded, runs: list[ScriptRun]) -> Iterator[Diagnostic]:
    """Report commands that need files which are only in the project."""
    root = _root_of(loaded, runs)
    done: set[str] = set()  # stages that may be elsewhere, or were reported
    made: set[str] = set()  # stages that may have made files by now
    for run in runs:
        if run.stage is None or run.name in done or not _in_root(run.stage):
            continue
        for command in run.commands or (None,):
            if command is None or command.name in _ELSEWHERE:
                done.add(run.name)
                break
            copied = _taken(command)
            if copied and not root.may_hold(copied, run.name, made):
                yield _warning(loaded, run, copied)
                done.add(run.name)
                break
            if _makes_files(command):
                made.add(run.name)


@dataclass(frozen=True, slots=True)
class _Root:
    """The possible content of /, besides that of every system."""

    known: frozenset[str]
    """Stages whose base is a plain one, in which no environment script makes files."""
    grown: set[str]
    """Stages that stand on others whose commands may have made files."""
    holders: Callable[[str], set[str]]
    """Stages that see a copy to a path with this first part."""

    def may_hold(self, copied: Copied, stage: str, made: set[str]) -> bool:
        """Whether the inputs of a stage's command may exist."""
        paths = [normpath(source) for source, _, _ in copied]
        if set(paths) == {"."}:
            return False  # all of / is never meant
        if stage not in self.known or stage in self.grown | made:
            return True
        return any(
            path.startswith("..")
            or _ROOTS.match(path)
            or stage in self.holders(path.split("/")[0])
            or stage in self.holders("")
            for path in paths
        )


def _root_of(loaded: Loaded, runs: list[ScriptRun]) -> _Root:
    edges = loaded.below
    makers = {
        run.name
        for run in runs
        for command in run.commands or (None,)
        if command is None or _makes_files(command)
    }
    below = {name for name, others in edges.items() if makers.intersection(others)}
    copied: dict[str, list[str]] = {}
    for stage in loaded.declaration.stages:
        inputs = [one.to for one in stage.inputs] + [one.to for one in stage.add]
        for to in (*inputs, *stage.files):
            copied.setdefault(to.strip("/").split("/")[0], []).append(stage.name)

    @cache
    def holders(first: str) -> set[str]:
        return standing_on(edges, copied.get(first, ()))

    known = frozenset(
        stage.name
        for stage in loaded.declaration.stages
        if _is_plain(stage.base or loaded.declaration.base)
        and (stage.base or "" not in makers)
    )
    return _Root(known, standing_on(edges, below), holders)


def _is_plain(base: str) -> bool:
    """Whether an image is one of a distribution or a language: / has nothing more."""
    return "/" not in base.partition("@")[0]


def _taken(command: Command) -> Copied:
    """Return the inputs that a command takes from its working directory."""
    if command.name.startswith("./"):
        return _in_place(command.name)
    take = _TAKERS.get(command.name)
    return take(command) if take else ()


def _in_root(stage: Stage) -> bool:
    return stage.workdir in (None, "/")


def _makes_files(command: Command) -> bool:
    if _FILING.fullmatch(command.name):
        return not command.words[-1].startswith("/")
    return command.writes or not _HARMLESS.fullmatch(command.name)


def _rooted(to: str) -> str:
    """Return a destination as ``copy`` needs it: absolute, with any trailing /."""
    plain = normpath(f"/{to.lstrip('/')}")
    return f"{plain}/" if to.endswith("/") and plain != "/" else plain


def _is_relative(word: str) -> bool:
    return is_static(word) and not word.startswith(("/", "-")) and ":" not in word


def _copying(command: Command) -> Copied:
    """Parse cp, mv and rsync: sources, then a destination."""
    *sources, to = command.arguments or ("",)
    if any(_TELLING.match(option) for option in command.options):
        return ()
    if not is_static(to) or ":" in to or not all(map(_is_relative, sources)):
        return ()
    several = "/" if len(sources) > 1 and not to.endswith("/") else ""
    return tuple((source, _rooted(to + several), {}) for source in sources)


def _installing(command: Command) -> Copied:
    """Parse install, which may set the mode: install -Dm755 x /usr/bin/x."""
    text = " ".join(command.words[1:])
    mode = re.search(r"(?:^|\s)-D?m\s*(\d{3,4})(?=\s)", text)
    rest = (text[: mode.start()] + text[mode.end() :] if mode else text).split()
    if any(word.startswith("-") and word != "-D" for word in rest):
        return ()
    more = {"mode": mode[1].rjust(4, "0")} if mode else {}
    plain = Command(("cp", *(word for word in rest if word != "-D")))
    return tuple((source, to, more) for source, to, _ in _copying(plain))


def _in_place(source: str) -> Copied:
    """Return a copy of a file to where the command looks for it, which is /."""
    if not _is_relative(source):
        return ()
    return ((source, "/" + normpath(source), {}),)


def _unpacking(command: Command) -> Copied:
    """Parse tar xf archive: an archive that nothing has fetched."""
    archive = re.search(
        r"^tar (?:-?\w*x\w*f|--extract .*--file[= ]|-x .*-f) ?(\S+)",
        " ".join(command.words),
    )
    return _in_place(archive[1]) if archive else ()


def _requiring(command: Command) -> Copied:
    """Parse pip install -r requirements.txt, and pip install of the project itself."""
    if "install" not in command.arguments:
        return ()
    listed = re.search(r"(?:-r|--requirement)[ =]?(\S+)", " ".join(command.words))
    if listed:
        return _in_place(listed[1])
    if "." in command.arguments:
        return ((".", "/app", {}),)
    return ()


def _interpreting(command: Command) -> Copied:
    """Parse sh setup.sh and python3 app.py."""
    if len(command.words) > 1 and re.fullmatch(r"[\w./-]+\.(sh|py)", command.words[1]):
        return _in_place(command.words[1])
    return ()


_TAKERS: dict[str, Callable[[Command], Copied]] = {
    "cp": _copying,
    "mv": _copying,
    "rsync": _copying,
    "install": _installing,
    "tar": _unpacking,
    "pip": _requiring,
    "pip3": _requiring,
    "sh": _interpreting,
    "bash": _interpreting,
    "python": _interpreting,
    "python3": _interpreting,
}


def _mends(
    loaded: Loaded, run: ScriptRun, copies: Sequence[Mapping[str, str]]
) -> tuple[Mend, ...]:
    """Return the mend that copies what a command needs, or instead of the command."""
    copying = with_list(loaded, run, "copy", copies, "copy it in this stage")
    files = [one for one in run.commands or () if _FILING.fullmatch(one.name)]
    if not files and any(one["from"] == "." for one in copies):
        return ()  # the command has to be told as well where the copy is
    if not copying or not files:
        return copying
    *above, index = run.path
    commands = find(loaded.tree, tuple(above))
    removed = without_item(commands, loaded.syntax, int(index))
    if removed is None or len(run.commands or ()) > 1:
        return ()
    (mend,) = copying
    return (Mend("copy it in this stage instead", (*mend.edits, removed)),)


def _warning(loaded: Loaded, run: ScriptRun, copied: Copied) -> Diagnostic:
    names = " and ".join(repr(source) for source, _, _ in copied)
    are = "are" if len(copied) > 1 else "is"
    copies = [
        {"from": normpath(source), "to": to, **more} for source, to, more in copied
    ]
    return Diagnostic(
        "DB0190",
        f"a command cannot see the files of the project: {names} {are} not in "
        "the image",
        loaded.span(*run.path),
        "copy it in this stage: " + spelled(loaded.syntax, "copy", copies),
        severity="warning",
        mends=_mends(loaded, run, copies),
    )
