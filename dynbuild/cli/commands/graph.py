"""``dynbuild graph``."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

from dynbuild.cli import options
from dynbuild.cli.images import ChosenImage, Subject, every_image, one_image, subjects
from dynbuild.cli.options import request
from dynbuild.cli.output import shows, written
from dynbuild.cli.render.pages.drawing import drawing
from dynbuild.cli.render.pages.graph_text import dot, graph_data, mermaid_graph, tree
from dynbuild.cli.render.pages.stack_page import stack_page
from dynbuild.cli.render.pages.step_details import DrawnImage, Why
from dynbuild.cli.render.why_text import step_facts
from dynbuild.cli.store import looked_up, tiers_in
from dynbuild.commands import why as verb
from dynbuild.commands.graph import picture_of
from dynbuild.commands.lock import held_by
from dynbuild.environment.history import history_of
from dynbuild.environment.project import Project, images, open_project
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.explain.past import Provenance
from dynbuild.explain.picture import Picture
from dynbuild.lockfile.images import as_images
from dynbuild.lockfile.model import Lock
from dynbuild.ports import Tier

_FORMATS: Mapping[str, Callable[[Picture, str], str]] = {
    "text": lambda picture, _: tree(picture),
    "mermaid": lambda picture, _: mermaid_graph(picture),
    "dot": lambda picture, _: dot(picture),
    "svg": drawing,
}
_FOR_EACH = ("text", "json", "html")
"""The formats that show each of several platforms."""

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

_MOST_TOGETHER = 3 * verb.MOST_NEXT
"""The most steps of several images for which the effect of a change is predicted."""


@click.command()
@click.argument("image", metavar="[IMAGE]", required=False)
@options.platform("those of the lock, else linux/amd64 if it has that", several=True)
@request(
    "--format",
    "form",
    type=click.Choice([*_FORMATS, "json", "html"]),
    help="Select the output format.  [default: by the suffix of --output, else text]",
)
@options.html
@options.output
@options.as_json
@options.config
@options.accept_cache
@options.examples(
    "dynbuild graph                   # as text",
    "dynbuild graph -o image.html     # as a page for a browser",
)
def graph(  # noqa: PLR0913 - one parameter a flag
    *,
    image: str | None,
    config: str | None,
    platform: str | None,
    form: str | None,
    html: bool,
    output: str | None,
    as_json: bool,
) -> int:
    """Draw the steps of the lock and what each stands on.

    IMAGE is one of several; the html format shows all of them where none is named.

    Times and sizes are those that the tiers have.

    Of several platforms, text, JSON and html show each, and a drawing one of them.

    The html format is one file that works offline. It shows the layers as they are
    stacked, and for each layer what it does and what `dynbuild why` reports.
    """
    chosen = _format(form, output, html=html, as_json=as_json)
    project = open_project(config, lock_alone=True)
    tiers = tiers_in(project)
    recipe = held_by(project.locks)
    is_all = chosen == "html" and image is None
    images = (
        every_image(project, recipe)
        if is_all
        else [one_image(project, recipe, image, "a drawing")]
    )
    shown = _subjects(images, platform, chosen)
    look_up = looked_up(project, tiers)
    pictures = [
        picture_of(one.image.lock, project.files, one.platform, look_up)
        for one in shown
    ]
    of_one = images[0].name if len(images) == 1 else ""
    name = of_one or project.place.root.name or "image"
    if chosen == "html":
        steps = sum(len(picture.rows) for picture in pictures)
        most_next = verb.MOST_NEXT if steps <= _MOST_TOGETHER else 0
        drawn = [
            DrawnImage(
                picture,
                _why(
                    one.image.project,
                    one.image.lock,
                    tiers,
                    picture.platform,
                    most_next,
                ),
                " ".join(filter(None, one.key)),
                () if one.told else as_images(recipe).line(one.image.name)[:-1],
            )
            for one, picture in zip(shown, pictures, strict=True)
        ]
        text = stack_page(drawn, name)
    elif chosen == "json":
        each = zip(shown, pictures, strict=True)
        text = graph_data({one.told: picture for one, picture in each})
    else:
        text = "\n".join(
            f"{one.told}\n" * bool(one.told) + _FORMATS[chosen](picture, name)
            for one, picture in zip(shown, pictures, strict=True)
        )
    written(text, output)
    return 0


def _subjects(
    images: Sequence[ChosenImage], platform: str | None, form: str
) -> list[Subject]:
    """Return what is drawn. Raises DeclarationError for more than a drawing shows."""
    if form in _FOR_EACH:
        return subjects(images, platform)
    if platform and "," in platform:
        message = f"a drawing as {form} is of one platform, and here are several"
        hint = f"name one; {', '.join(_FOR_EACH)} show each"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    return [Subject(image, platform) for image in images]


def _format(form: str | None, output: str | None, *, html: bool, as_json: bool) -> str:
    """Return the format that is named, or that the suffix of the output tells."""
    suffix = Path(output).suffix if output else ""
    named = form or ("html" if html else "json" if as_json else None)
    chosen = named or _SUFFIXES.get(suffix.lower())
    if chosen is None:
        message = f"no format for {output!r}"
        hint = f"name it with --format, or end it in {', '.join([*_SUFFIXES][1:])}"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    return chosen


def _why(
    project: Project,
    lock: Lock,
    tiers: Mapping[Provenance, Tier],
    platform: str,
    most_next: int,
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
    answer = verb.why_all(lock, edges, platform, most_next=most_next)
    return {step.placed.id: [*step_facts(answer, step, None)] for step in answer.steps}
