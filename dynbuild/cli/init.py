"""``dynbuild init``."""

from pathlib import Path

import click

from dynbuild.cli.init_git import set_up_git
from dynbuild.cli.options import request
from dynbuild.cli.output import tell
from dynbuild.commands.init import STARTERS
from dynbuild.declaration.syntax import syntax_of
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic


@click.command()
@request(
    "-o",
    "--output",
    metavar="FILE",
    default="dynbuild.toml",
    show_default=True,
    help="The file to write; its suffix chooses the syntax: .toml, .yaml, .json, .nix.",
)
@request(
    "--git",
    is_flag=True,
    help="Write no declaration: let git merge and show locks, after asking.",
)
@request("-y", "--yes", is_flag=True, help="With --git: do it without asking.")
def init(*, output: str, git: bool, yes: bool) -> None:
    """Write a declaration to start from. Never overwrites a file."""
    if git:
        set_up_git(ask=not yes)
        return
    text = STARTERS[syntax_of(output)]
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
    tell(f"wrote {output}\nnext: edit it, `dynbuild lock`, `dynbuild realize -t NAME`")
