"""Commands that install packages: refused by the base, or better done by a list."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dynbuild.declaration.grammar import REFERENCE
from dynbuild.declaration.graph import standing_on
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.scripts.runs import ScriptRun, declaring
from dynbuild.declaration.scripts.script import Command, is_static
from dynbuild.declaration.syntax.edits import with_items
from dynbuild.declaration.syntax.spelling import spelled
from dynbuild.errors import Diagnostic, Mend
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.manager import Manager

if TYPE_CHECKING:
    from dynbuild.declaration.check.packages import Lists
    from dynbuild.declaration.syntax.tree import Path

_SYSTEMS = [(row, row.system) for row in MANAGERS.values() if row.system]
_BASES = {base: row for row, system in _SYSTEMS for base in system.bases}
"""Base images by the last part of their name, and what manages their packages."""

_UNMANAGED = re.compile(
    r"buster|bullseye|oldoldstable|bionic|focal|jammy|stretch|xenial"
    r"|^(?:9|10|11|14|16|18|20|22)(?:\.\d+)?(?:-|$)"
)
"""Tags of Debian and Ubuntu releases before externally managed Python (PEP 668)."""

_OWN_PYTHON = re.compile(
    r"venv|virtualenv|conda|pyenv|get-pip|ensurepip|python3-pip|py3-pip|\buv\b"
    r"|break.system.packages|EXTERNALLY-MANAGED",
    re.IGNORECASE,
)
"""Signs of a Python that pip may install into, or of another source of pip."""

_TARGET = re.compile(r"--(target|prefix|root|dry-run|break-system-packages)|-t$")
"""pip options that leave the system Python alone, or allow changing it."""

_QUIET = re.compile(
    r"-[yq]+|--(?:yes|assume-yes|assumeyes|quiet|no-cache|no-install-recommends"
    r"|no-install-suggests|setopt=install_weak_deps=(?:False|0)|nodocs|best)"
)
"""Options that do not affect what is installed."""

_INSTALLERS = {
    (program, system.installs): row.field
    for row, system in _SYSTEMS
    for program in row.programs
}
_REMOVES = re.compile(
    "|".join(
        rf"\b(?:{'|'.join(row.programs)})\b.*\b(?:{'|'.join(system.removes)})\b"
        for row, system in _SYSTEMS
    )
)


def _base(base: str) -> tuple[Manager | None, str, str]:
    """Return the base's own package manager, if known, with the base's name and tag."""
    match = re.search(REFERENCE, base)
    assert match  # checked before
    name = match["name"].rsplit("/", 1)[-1]
    return _BASES.get(name), name, match["tag"] or ""


def check_bases(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report package lists for which the base has no package manager."""
    declaration = loaded.declaration
    lists: list[tuple[Path, Lists, str]] = [((), declaration, declaration.base)]
    lists += [
        (("stages", at), stage, stage.base)
        for at, stage in enumerate(declaration.stages)
        if stage.base is not None
    ]
    for at, owner, base in lists:
        own, name, _ = _base(base)
        for row, system in _SYSTEMS:
            if own and row != own and getattr(owner, row.field):
                yield Diagnostic(
                    "DB0194",
                    f"{row.field} are for {system.name}, and the base is {name}",
                    loaded.key(*at, row.field),
                    f"use {own.field}, or another base",
                    severity="warning",
                )


def check_pip(loaded: Loaded, runs: list[ScriptRun]) -> Iterator[Diagnostic]:
    """Report calls of pip where it is not installed, or where Debian refuses it."""
    declaration = loaded.declaration
    own, name, tag = _base(declaration.base)
    # What another base than the image's has is not known from its name alone.
    runs = [run for run in runs if run.stage is None or run.stage.base is None]
    calls = [
        (run, command)
        for run in runs
        for command in run.commands or ()
        if command.name in MANAGERS["pip"].programs
        or command.words[1:3] == ("-m", "pip")
    ]
    if not (calls and own and own.system) or any(
        _OWN_PYTHON.search(run.text) for run in runs
    ):
        return
    wanted, specs = own.system.pip, getattr(declaration, own.field)
    listed = {re.split(r"[=:/~<>@]", spec)[0] for spec in specs}
    if wanted not in listed and not declaration.pip_packages:
        run, command = calls[0]
        yield Diagnostic(
            "DB0191",
            f"{name} has no {command.name}: it is in the package {wanted}",
            loaded.span(*run.path),
            f"add {wanted!r} to {own.field}",
            severity="warning",
            mends=_listing(loaded, own.field, wanted),
        )
    if own.name != "apt" or _UNMANAGED.search(tag):
        return
    told = _told_where(loaded)
    for run, command in calls:
        if (
            "install" in command.arguments
            and run.name not in told
            and not any(_TARGET.match(word) for word in command.words)
        ):
            yield Diagnostic(
                "DB0192",
                f"pip refuses to install into the Python of {name}, which apt manages",
                loaded.span(*run.path),
                _instead(loaded, command),
                severity="warning",
                mends=declaring(loaded, run, "pip_packages", _plain_names(command)),
            )


def _told_where(loaded: Loaded) -> set[str]:
    """Return stages whose environment has another Python, or allows pip to install."""
    stages = loaded.declaration.stages
    for_all = {stage.name for stage in stages if _is_free(stage.env)}
    alone = {stage.name for stage in stages if _is_free(stage.build_env)}
    return standing_on(loaded.below, for_all) | alone


def _is_free(env: Mapping[str, str]) -> bool:
    return any(_OWN_PYTHON.search(f"{name}={value}") for name, value in env.items())


def _is_of_others(loaded: Loaded, field: str) -> bool:
    """Whether packages of another system are listed: an image has those of one."""
    fields = {row.field for row, _ in _SYSTEMS}
    return field in fields and any(
        getattr(loaded.declaration, other) for other in fields - {field}
    )


def _listing(loaded: Loaded, field: str, package: str) -> tuple[Mend, ...]:
    if _is_of_others(loaded, field):
        return ()
    edit = with_items(loaded.tree, loaded.syntax, field, [package])
    return (Mend(f"add {package!r} to {field}", (edit,)),) if edit else ()


def _installed(command: Command) -> tuple[str, ...]:
    return command.arguments[command.arguments.index("install") + 1 :]


def _plain_names(command: Command) -> tuple[str, ...]:
    """Return what a command installs; nothing where it names more than packages."""
    names = _installed(command)
    flags = {"install", "-U", "--upgrade", "--no-cache-dir", "-q", "--quiet", "-m"}
    plain = set(command.options) <= flags and all(map(_is_name, names))
    return names if plain and names != ("pip",) else ()


def _instead(loaded: Loaded, command: Command) -> str:
    """Return the equivalent list, where the command names only packages."""
    if _installed(command) == ("pip",):
        return "remove it: the pip of the distribution stays as it is"
    if names := _plain_names(command):
        return f"declare them instead: {spelled(loaded.syntax, 'pip_packages', names)}"
    return "use pip_packages, a virtual environment, or --break-system-packages"


def _is_name(word: str) -> bool:
    return is_static(re.sub(r"\[[\w,-]*\]", "", word)) and not re.match(r"[./]", word)


def check_managers(loaded: Loaded, runs: list[ScriptRun]) -> Iterator[Diagnostic]:
    """Report packages installed by commands where a list would do."""
    passing = {run.name for run in runs if run.stage and _REMOVES.search(run.text)}
    for run in runs:
        if run.stage and run.stage.build_only:
            continue  # its packages are not for the image
        for command in run.commands or ():
            verb, *names = command.arguments or ("",)
            field = _INSTALLERS.get((command.name, verb))
            if field is None or not names:
                continue
            if all(map(_is_name, names)) and all(
                _QUIET.fullmatch(option) for option in command.options
            ):
                hint = f"declare them instead: {spelled(loaded.syntax, field, names)}"
                if run.name in passing:
                    # A list would add to the image the packages removed here.
                    hint = (
                        "do this in a stage with build_only, and copy what it makes: "
                        "then there is nothing to remove"
                    )
                yield Diagnostic(
                    "DB0193",
                    f"{run.owner} installs packages itself: a change of it installs "
                    "all of them again, and other packages have to wait for it",
                    loaded.span(*run.path),
                    hint,
                    severity="warning",
                    mends=()
                    if run.name in passing or _is_of_others(loaded, field)
                    else declaring(loaded, run, field, names),
                )
