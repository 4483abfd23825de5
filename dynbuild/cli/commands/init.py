"""``dynbuild init``."""

from pathlib import Path

import click

from dynbuild.cli.commands.init_git import set_up_git
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
    help="Write to FILE; its suffix (.toml, .yaml, .json or .nix) selects the syntax.",
)
@request(
    "--git",
    is_flag=True,
    help="Set up git to merge and diff locks, after asking; write no declaration.",
)
@request("-y", "--yes", is_flag=True, help="With --git: do not ask for confirmation.")
def init(*, output: str, git: bool, yes: bool) -> None:
    """Write a starter declaration.

    Never overwrites a file. With --git, sets up the git repository instead, so that
    git merges locks by their meaning and shows them in install order.
    """
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
