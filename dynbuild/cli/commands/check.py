"""``dynbuild check``."""

import click

from dynbuild.cli import options
from dynbuild.cli.arguments import Pairs, arguments_of
from dynbuild.cli.output import data, diagnostic_data, show, tell
from dynbuild.cli.progress import Color
from dynbuild.cli.project import keep, load_declaration
from dynbuild.commands import check as verb
from dynbuild.commands.lock import recorded
from dynbuild.environment.project import open_project
from dynbuild.errors import DeclarationError


@click.command()
@options.as_json
@options.color
@options.config
@options.arguments
@options.examples(
    "dynbuild check",
)
def check(
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    as_json: bool,
    color: Color,
) -> int:
    """Check the declaration without building anything.

    Reports every mistake, in any syntax. Asks neither the engine nor a registry.

    Exits with status 2 if there are mistakes, and with 0 if there are only warnings.
    """
    try:
        project = open_project(config)
        loaded = load_declaration(
            project, arguments_of(expressions, texts), recorded(project.locks)
        )
        noted = verb.check(loaded, project.files)
        diagnostics = (*loaded.warnings, *noted)
        status = 0
    except DeclarationError as error:
        diagnostics = error.diagnostics
        status = error.exit_code
    if as_json:
        data([diagnostic_data(diagnostic) for diagnostic in diagnostics])
    else:
        show(diagnostics, color)
    if not status:
        warnings = f"{len(diagnostics)} warning{'s' * (len(diagnostics) != 1)}"
        text = f"{project.place.config}: {warnings if diagnostics else 'no mistakes'}"
        tell(text)
        if not diagnostics:
            keep(project, "[]\n" if as_json else "", f"{text}\n")
    return status
