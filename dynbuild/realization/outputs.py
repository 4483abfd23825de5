"""Delivery of the image to its outputs: the engine, layouts, registries."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from dynbuild.building import BuildRequest, Built, PlatformImage, Push, Report
from dynbuild.ports import ImageLoader


class Publisher(Protocol):
    """The registries that images are pushed to."""

    def push(
        self,
        images: Mapping[str, PlatformImage],
        annotations: Mapping[str, str],
        tags: tuple[str, ...],
        report: Report,
        *,
        named: bool = True,
    ) -> Built:
        """Push an image, by its platforms, under every tag, or by its digest alone.

        Raises BuildFailed where a registry refuses, UnreachableError, LostError.
        """


def give(
    images: Mapping[str, PlatformImage],
    request: BuildRequest,
    image_loader: ImageLoader,
    publisher: Publisher,
    report: Report,
) -> Built:
    """Deliver an image, by its platforms, to the outputs of a request.

    Pushes bypass BuildKit, which would transfer layers that a registry already has.
    Raises BuildFailed, UnreachableError, LostError.
    """
    others = tuple(one for one in request.outputs if not isinstance(one, Push))
    if others == request.outputs:
        return image_loader.image(images, request, report)
    if others:
        image_loader.image(images, replace(request, outputs=others), report)
    named = all(one.named for one in request.outputs if isinstance(one, Push))
    return publisher.push(
        images, request.annotations, request.tags, report, named=named
    )
