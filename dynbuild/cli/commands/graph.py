"""``dynbuild graph``."""

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from dynbuild.cli import options
from dynbuild.cli.options import request
from dynbuild.cli.output import shows, written
from dynbuild.cli.render.pages.drawing import drawing
from dynbuild.cli.render.pages.graph_text import dot, graph_data, mermaid_graph, tree
from dynbuild.cli.render.pages.stack_page import Why, stack_page
from dynbuild.cli.render.why_text import step_facts
from dynbuild.cli.store import looked_up, tiers_in
from dynbuild.commands import why as verb
from dynbuild.commands.graph import picture_of
from dynbuild.commands.lock import frozen
from dynbuild.environment.history import history_of
from dynbuild.environment.project import Project, images, open_project
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.explain.past import Provenance
from dynbuild.explain.picture import Picture
from dynbuild.lockfile.model import Lock
from dynbuild.ports import Tier

_FORMATS: Mapping[str, Callable[[Picture, str], str]] = {
    "text": lambda picture, _: tree(picture),
    "mermaid": lambda picture, _: mermaid_graph(picture),
    "dot": lambda picture, _: dot(picture),
    "json": lambda picture, _: graph_data(picture),
    "svg": drawing,
}
_SUFFIXES = {
    "": "text",
    ".txt": "text",
    ".mmd": "mermaid",
    ".gv": "dot",
    ".dot": "dot",
    ".json": "json",
    ".svg": "svg",
    ".html": "html",
}


@click.command()
@options.config
@options.accept_cache
@options.platform("linux/amd64 if the lock has it")
@request(
    "--format",
    "form",
    type=click.Choice([*_FORMATS, "html"]),
    help="Select the output format.  [default: by the suffix of --output, else text]",
)
@options.html
@options.output
@options.as_json
def graph(  # noqa: PLR0913 - one parameter a flag
    *,
    config: str | None,
    platform: str | None,
    form: str | None,
    html: bool,
    output: str | None,
    as_json: bool,
) -> int:
    """Draw the steps of the lock and what each stands on.

    Times and sizes are those that the tiers have.

    The html format is one file that works offline. It shows the layers as they are
    stacked, and for each layer what it does and what `dynbuild why` reports.
    """
    project = open_project(config, lock_alone=True)
    lock, tiers = frozen(project.locks), tiers_in(project)
    picture = picture_of(lock, project.files, platform, looked_up(project, tiers))
    suffix = Path(output).suffix if output else ""
    named = form or ("html" if html else "json" if as_json else None)
    chosen = named or _SUFFIXES.get(suffix.lower())
    if chosen is None:
        message = f"no format for {output!r}"
        hint = f"name it with --format, or end it in {', '.join([*_SUFFIXES][1:])}"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    name = project.place.root.name or "image"
    if chosen == "html":
        why = _why(project, lock, tiers, picture.platform)
        text = stack_page(picture, name, why)
    else:
        text = _FORMATS[chosen](picture, name)
    written(text, output)
    return 0


def _why(
    project: Project, lock: Lock, tiers: Mapping[Provenance, Tier], platform: str
) -> Why:
    """Return the facts that ``why`` reports about each step."""
    edges = verb.Edges(
        files=project.files,
        locks=project.locks,
        tiers=tiers,
        history=history_of(project, shows()),
        images=images,
        platform=lambda: platform,
    )
    answer = verb.why_all(lock, edges, platform)
    return {step.placed.id: [*step_facts(answer, step, None)] for step in answer.steps}
