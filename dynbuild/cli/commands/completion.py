"""``dynbuild completion``."""

import os
from pathlib import PurePath

import click
from click.shell_completion import ShellComplete, get_completion_class

from dynbuild.cli.output import give
from dynbuild.errors import DeclarationError, Diagnostic

SHELLS = ("bash", "zsh", "fish")


_EPILOG = """\
\b
Once, for all later shells:
  bash  dynbuild completion bash >> ~/.bashrc
  zsh   dynbuild completion zsh >> ~/.zshrc
  fish  dynbuild completion fish > ~/.config/fish/completions/dynbuild.fish
"""


@click.command(epilog=_EPILOG)
@click.argument("shell", type=click.Choice(SHELLS), required=False)
def completion(shell: str | None) -> int:
    """Print what lets a shell complete commands, options and stages.

    Without SHELL, for the one that $SHELL names.
    """
    name = shell or PurePath(os.environ.get("SHELL", "")).name
    found = get_completion_class(name) if name in SHELLS else None
    if found is None:
        known = ", ".join(SHELLS)
        message = f"no completion is known for the shell {name!r}"
        hint = f"name one of {known}: `dynbuild completion bash`"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    root = click.get_current_context().find_root()
    completer = found(root.command, {}, "dynbuild", "_DYNBUILD_COMPLETE")
    # The script alone: bash's own class would run bash first, to see how old it is.
    give(ShellComplete.source(completer) + "\n")
    return 0
