"""``dynbuild compare``."""

from dataclasses import replace
from pathlib import Path

import click

from dynbuild.cli import options
from dynbuild.cli.arguments import arguments_of
from dynbuild.cli.commands.realize import fresh, realize_options, settled_with
from dynbuild.cli.commands.realize_build import realized
from dynbuild.cli.commands.realize_made import job_of
from dynbuild.cli.commands.realize_settings import (
    RunningSettings,
    running_options,
    without_image,
)
from dynbuild.cli.consent import accepted
from dynbuild.cli.images import one_image
from dynbuild.cli.options import option
from dynbuild.cli.output import data, say, show, tell
from dynbuild.environment.project import open_project
from dynbuild.errors import DeclarationError, Diagnostic, DynbuildError
from dynbuild.realization.compare import ConfigDifference, Difference
from dynbuild.realization.request import Other
from dynbuild.reference import parse
from dynbuild.values import dataclass

_SIDES = {"only linked": "only here", "only linear": "only there"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareSettings(RunningSettings):
    """What ``compare`` is called with."""

    with_: str
    image: str | None
    target: str | None
    as_json: bool


@click.command()
@click.argument("with_", metavar="DOCKERFILE|IMAGE")
@option("--image", metavar="NAME", help="Compare image NAME of several.")
@options.of_a_dockerfile
@running_options
@options.as_json
@options.color
@options.config
@options.arguments
@options.accept_cache
@options.settings(CompareSettings)
@options.examples(
    "dynbuild compare Dockerfile      # is it the image that I had?",
)
def compare(settings: CompareSettings) -> int:
    """Compare the image with that of a Dockerfile, or with any other image.

    Realizes the lock, builds the other one with BuildKit from the same files, and lists
    the paths and the fields of the config that differ. Times do not count, nor what
    package managers write anew on each run. --build-arg gives an argument to both.

    Exits with status 1 if the images differ.
    """
    other = _other(settings)
    project = open_project(settings.config)
    arguments = arguments_of(settings.expressions, settings.texts)
    recipe, declared = fresh(project, arguments, (settings.expressions, settings.texts))
    asked = without_image(settings, settings.platform)
    recipe = settled_with(recipe, arguments)
    image = one_image(project, recipe, settings.image, "a comparison")
    request = replace(realize_options(asked), other=other)
    job = job_of(image, request, accepted(project, declared), asked)
    (linked,) = realized([job]).values()
    if isinstance(linked, DynbuildError):
        raise linked
    show(linked.warnings, settings.color)
    found = linked.differences or ()
    if settings.as_json:
        data(_as_data(found, linked.configs))
    else:
        for difference in found:
            say(f"/{difference.path}: {_what(difference)}")
        for one in linked.configs:
            say(f"config {one.field}: {one.linked!r} here, {one.other!r} there")
    count = len(found) + len(linked.configs)
    paths = f"{len(found) or 'no'} path{'s' * (len(found) != 1)}"
    fields = f"{len(linked.configs) or 'no'} field{'s' * (len(linked.configs) != 1)}"
    tell(f"{paths} and {fields} of the config differ")
    return 1 if count else 0


def _other(settings: CompareSettings) -> Other:
    """Return what to compare with: the name of a file is a Dockerfile."""
    path = Path(settings.with_)
    if not path.is_file():
        if settings.target is not None:
            message = f"--target is for a Dockerfile, and {path} is no file"
            hint = "name a Dockerfile that is there"
            raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
        try:
            return Other(f"FROM {parse(settings.with_)}\n")
        except DeclarationError as error:
            reasons = "; ".join(one.message for one in error.diagnostics)
            message = f"there is no file {settings.with_}, and {reasons}"
            hint = "name a Dockerfile that is there, or an image"
            raise DeclarationError(Diagnostic("DB0303", message, hint=hint)) from None
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "not UTF-8" if isinstance(error, ValueError) else str(error.strerror)
        message = f"cannot read {path}: {reason.lower()}"
        raise DeclarationError(Diagnostic("DB0311", message)) from None
    return Other(text, settings.target, dict(settings.texts))


def _what(difference: Difference) -> str:
    return _SIDES.get(difference.what, difference.what)


def _as_data(
    found: tuple[Difference, ...], configs: tuple[ConfigDifference, ...]
) -> dict[str, object]:
    return {
        "paths": [{"path": f"/{one.path}", "differs": _what(one)} for one in found],
        "config": [
            {"field": one.field, "here": one.linked, "there": one.other}
            for one in configs
        ],
    }
