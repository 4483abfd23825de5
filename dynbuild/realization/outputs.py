"""Delivery of the image to its outputs: the engine, layouts, registries."""

from dataclasses import replace
from typing import Protocol

from dynbuild.building import BuildRequest, Built, Push, Report
from dynbuild.ports import Config, ImageLoader, Stack


class Publisher(Protocol):
    """The registries that images are pushed to."""

    def push(
        self, stack: Stack, config: Config, tags: tuple[str, ...], report: Report
    ) -> Built:
        """Push an image of these layers under every tag.

        Raises BuildFailed where a registry refuses, UnreachableError, LostError.
        """


def give(  # noqa: PLR0913, PLR0917 - the image, and each edge that receives it
    stack: Stack,
    config: Config,
    request: BuildRequest,
    image_loader: ImageLoader,
    publisher: Publisher,
    report: Report,
) -> Built:
    """Deliver an image of these layers to the outputs of a request.

    Pushes bypass BuildKit, which would transfer layers that a registry already has.
    Raises BuildFailed, UnreachableError, LostError.
    """
    others = tuple(one for one in request.outputs if not isinstance(one, Push))
    if others == request.outputs:
        return image_loader.image(stack, config, request, report)
    if others:
        image_loader.image(stack, config, replace(request, outputs=others), report)
    return publisher.push(stack, config, request.tags, report)
