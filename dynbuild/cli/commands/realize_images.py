"""Several images of one command line: what each is called, and what runs again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dynbuild.cli.commands.image_outputs import outputs
from dynbuild.cli.commands.realize_settings import BuildSettings
from dynbuild.cli.images import ChosenImage
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lockfile.images import AnyLock, as_images
from dynbuild.realization.request import RealizeOptions
from dynbuild.realization.run import known
from dynbuild.reference import parse

PLACEHOLDER = "{image}"
"""What stands for the name of an image in those that ``-t`` and ``-o`` give."""


def options_of_each(
    images: Sequence[ChosenImage],
    request: RealizeOptions,
    settings: BuildSettings,
    recipe: AnyLock,
) -> list[RealizeOptions]:
    """Return the options for each image. Raises DeclarationError."""
    anew = [_stages(image, settings.anew, recipe) for image in images]
    for name in settings.anew:
        if not any(name.rpartition("/")[2] in stages for stages in anew):
            known(images[0].lock, [name])
    return [
        replace(_named(image, images, request, settings), anew=stages)
        for image, stages in zip(images, anew, strict=True)
    ]


def _named(
    image: ChosenImage,
    images: Sequence[ChosenImage],
    request: RealizeOptions,
    settings: BuildSettings,
) -> RealizeOptions:
    for flag, text in _texts(settings):
        if PLACEHOLDER in text and not image.name:
            message = f"{flag} {text}: there is one image, and it has no name"
            hint = f"leave {PLACEHOLDER} out"
            raise DeclarationError(Diagnostic("DB0350", message, hint=hint))
        if PLACEHOLDER not in text and len(images) > 1:
            message = f"{flag} {text} would name {len(images)} images alike"
            hint = f"write {PLACEHOLDER} where the name of each goes: "
            hint += f"{flag} '{text}-{PLACEHOLDER}'; or name one image"
            raise DeclarationError(Diagnostic("DB0352", message, hint=hint))
    tags = tuple(tag.replace(PLACEHOLDER, image.name) for tag in settings.tags)
    layouts = tuple(one.replace(PLACEHOLDER, image.name) for one in settings.layouts)
    for tag in tags:
        parse(tag)
    into = outputs(tags, layouts, settings.pushed)
    return replace(request, tags=tags, outputs=into)


def _texts(settings: BuildSettings) -> Iterator[tuple[str, str]]:
    yield from (("-t", tag) for tag in settings.tags)
    yield from (("-o", layout) for layout in settings.layouts)


def _stages(
    image: ChosenImage, names: Sequence[str], recipe: AnyLock
) -> tuple[str, ...]:
    """Return the stages that are named and that an image has, itself or inherited."""
    line = as_images(recipe).line(image.name)
    parts = [name.rpartition("/") for name in names]
    return tuple(
        stage
        for owner, slash, stage in parts
        if stage in image.lock.stages and (not slash or owner in line)
    )
