"""``dynbuild graph``."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from dynbuild.cli import options
from dynbuild.cli.options import option, request
from dynbuild.cli.output import tell
from dynbuild.cli.pages.drawing import drawing
from dynbuild.cli.pages.graph_text import dot, graph_data, mermaid_graph, tree
from dynbuild.cli.pages.stack_page import stack_page
from dynbuild.cli.project import open_project
from dynbuild.cli.store import looked_up
from dynbuild.commands.graph import seen
from dynbuild.commands.lock import frozen
from dynbuild.errors import AnswerIsNoError, Diagnostic
from dynbuild.explain.picture import Picture

_FORMATS: Mapping[str, Callable[[Picture, str], str]] = {
    "text": lambda picture, _: tree(picture),
    "mermaid": lambda picture, _: mermaid_graph(picture),
    "dot": lambda picture, _: dot(picture),
    "json": lambda picture, _: graph_data(picture),
    "svg": drawing,
    "html": stack_page,
}
_SUFFIXES = {
    ".mmd": "mermaid",
    ".gv": "dot",
    ".dot": "dot",
    ".json": "json",
    ".svg": "svg",
    ".html": "html",
}


@click.command()
@options.config
@option("--platform", metavar="PLATFORM", help="Look at this one, as linux/arm64.")
@request(
    "--format",
    "form",
    type=click.Choice(list(_FORMATS)),
    help="text unless the name of the output says another.",
)
@request("-o", "--output", metavar="FILE", help="Write a file instead of stdout.")
@options.as_json
def graph(
    *,
    config: str | None,
    platform: str | None,
    form: str | None,
    output: str | None,
    as_json: bool,
) -> int:
    """Draw the steps of the lock: what stands on what, and what is known of each.

    html is one file that works without a network: the layers as they are stacked, and
    of each what it does and why it is where it is. Times and sizes are those that the
    tiers here have.
    """
    project = open_project(config, lock_alone=True)
    picture = seen(frozen(project.locks), project.files, platform, looked_up(project))
    suffix = Path(output).suffix if output else ""
    chosen = form or ("json" if as_json else _SUFFIXES.get(suffix, "text"))
    told = _FORMATS[chosen](picture, project.place.root.name or "image")
    if output is None:
        sys.stdout.write(told)
        return 0
    try:
        Path(output).write_text(told, encoding="utf-8", newline="\n")
    except OSError as error:
        reason = (error.strerror or "error").lower()
        message = f"cannot write {output}: {reason}"
        hint = "name a file in a directory that is there and can be written"
        raise AnswerIsNoError(Diagnostic("DB0316", message, hint=hint)) from None
    tell(f"wrote {output}")
    return 0
