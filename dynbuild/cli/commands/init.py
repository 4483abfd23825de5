"""``dynbuild init``."""

from contextlib import suppress
from pathlib import Path

import click

from dynbuild.cli import options
from dynbuild.cli.commands.init_git import set_up_git
from dynbuild.cli.options import request
from dynbuild.cli.output import data, show, tell
from dynbuild.commands.init import STARTERS
from dynbuild.commands.propose import READ, proposed
from dynbuild.declaration.syntax import syntax_of
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class InitSettings:
    """What the command line asks for."""

    output: str
    dockerfiles: tuple[str, ...]
    targets: tuple[str, ...]
    build_args: tuple[str, ...]
    as_json: bool
    git: bool
    yes: bool


@click.command()
@request(
    "-o",
    "--output",
    metavar="FILE",
    default="dynbuild.toml",
    show_default=True,
    help="Write to FILE; its suffix (.toml, .yaml, .json or .nix) selects the syntax.",
)
@request(
    "--from",
    "dockerfiles",
    multiple=True,
    metavar="DOCKERFILE",
    help="Translate a Dockerfile, and report what became of each instruction.",
)
@request(
    "--target",
    "targets",
    multiple=True,
    metavar="STAGE",
    help="With --from: the build stage to make an image of; several make several.",
)
@request(
    "--build-arg",
    "build_args",
    multiple=True,
    metavar="NAME=VALUE",
    help="With --from: the value of an ARG; repeatable.",
)
@request("--json", "as_json", is_flag=True, help="With --from: report as JSON.")
@request(
    "--git",
    is_flag=True,
    help="Set up git to merge and diff locks, after asking; write no declaration.",
)
@request("-y", "--yes", is_flag=True, help="With --git: do not ask for confirmation.")
@options.settings(InitSettings)
@options.examples(
    "dynbuild init                      # dynbuild.toml, to start from",
    "dynbuild init --from Dockerfile    # the image that a Dockerfile makes",
)
def init(settings: InitSettings) -> int:
    """Write a declaration to start from.

    Proposes one for what is there: requirements.txt, pyproject.toml with uv or poetry,
    package.json, go.mod, Cargo.toml. With --from, translates a Dockerfile. Never
    overwrites a file. With --git, sets up the git repository instead, so that git
    merges locks by their meaning and shows them in install order.
    """
    if settings.git:
        set_up_git(ask=not settings.yes)
        return 0
    if len(settings.dockerfiles) > 1:
        message = f"one Dockerfile at a time, and here are {len(settings.dockerfiles)}"
        hint = (
            "translate each to a file of its own with -o; then each is one of `images` "
            "in dynbuild.toml,\nand what they have in common an image that they extend"
        )
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    if settings.dockerfiles:
        (dockerfile,) = settings.dockerfiles
        return _translate(settings, dockerfile)
    lone = {
        "--target": settings.targets,
        "--build-arg": settings.build_args,
        "--json": settings.as_json,
    }
    for name, given in lone.items():
        if given:
            message = f"{name} is for a Dockerfile, and none is given"
            hint = "name it with --from"
            raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    syntax = syntax_of(settings.output)
    proposal = proposed(_project_files()) if syntax == "toml" else None
    _write(settings.output, proposal or STARTERS[syntax])
    named = _config_of(settings.output)
    then = f"`dynbuild lock{named}`, `dynbuild realize{named} -t NAME`"
    tell(f"wrote {settings.output}\nnext: edit it, {then}")
    if syntax == "toml" and Path("Dockerfile").is_file():
        tell(
            f"to translate the Dockerfile instead, remove {settings.output} and run "
            "`dynbuild init --from Dockerfile`"
        )
    return 0


def _config_of(output: str) -> str:
    """Return the flag by which other commands find a declaration, if they need one."""
    path = Path(output)
    found = path.parent == Path() and path.stem == "dynbuild"
    return "" if found else f" -c {output}"


def _project_files() -> dict[str, str]:
    """Return the files that tell what the project is made with, as far as readable."""
    found: dict[str, str] = {}
    for name in READ:
        with suppress(OSError, UnicodeDecodeError):
            path = Path(name)
            found |= {name: path.read_text("utf-8")} if path.is_file() else {}
    return found


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            message = f"{text!r} gives no value to an argument"
            hint = "write --build-arg NAME=VALUE"
            raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
        found[name] = value
    return found


def _translate(settings: InitSettings, dockerfile: str) -> int:
    # Its parser is needed by this alone.
    from dynbuild.commands.init_from import translated  # noqa: PLC0415
    from dynbuild.dockerfiles.report import as_data, told  # noqa: PLC0415

    output = settings.output
    if syntax_of(output) != "toml":
        message = f"a Dockerfile is translated to TOML, and {output} is not"
        raise DeclarationError(
            Diagnostic("DB0317", message, hint="write to dynbuild.toml")
        )
    given = _pairs(settings.build_args)
    conversion, mistakes = translated(Path(dockerfile), settings.targets, given, output)
    _write(output, conversion.text)
    if settings.as_json:
        data(
            {
                "instructions": as_data(conversion.notes),
                "independent": [list(pair) for pair in conversion.dropped],
            }
        )
    else:
        tell(told(dockerfile, conversion.notes))
    same = settings.targets or settings.build_args
    named = _config_of(output)
    compare = f"`dynbuild compare{named} {dockerfile}`"
    compare += " with the same --target and --build-arg" if same else ""
    tell(f"wrote {output}\nnext: edit it, `dynbuild lock{named}`, {compare}")
    show(mistakes)
    return 1 if any(one.severity == "error" for one in mistakes) else 0


def _write(output: str, text: str) -> None:
    try:
        with Path(output).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise DeclarationError(
            Diagnostic(
                "DB0315",
                f"{output} is there already",
                hint="name another with -o, or remove it first",
            )
        ) from None
    except OSError as error:
        raise CommandFailed(
            Diagnostic(
                "DB0316", f"cannot write {output}: {(error.strerror or '').lower()}"
            )
        ) from None
