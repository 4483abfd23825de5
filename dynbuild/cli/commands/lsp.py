"""``dynbuild lsp``."""

import click

from dynbuild.errors import CommandFailed, Diagnostic
from dynbuild.version import __version__

_EXTRA = {"pygls", "lsprotocol", "cattrs", "attrs"}


@click.command()
@click.option("--stdio", is_flag=True, hidden=True, help="What editors pass.")
def lsp(*, stdio: bool) -> int:
    """Serve an editor: diagnostics, completion, hovers, renaming, prices.

    Editors start this command and speak the Language Server Protocol with it, on
    standard input and output; docs/editors.md says how to set each up. Needs the extra:
    pip install 'dynbuild[lsp]'.
    """
    del stdio  # there is no other way
    try:
        # The protocol's types take longer to import than most commands run.
        from dynbuild.cli.server.server import serve  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        message = f"the language server needs {error.name}, which is not installed"
        hint = "install the extra: pip install 'dynbuild[lsp]'"
        raise CommandFailed(Diagnostic("DB0346", message, hint=hint)) from None
    serve(__version__)
    return 0
