"""The image loader: makes images of layers with BuildKit, and containers of images.

An image is assembled from layers of the store, or the builder takes it from a registry
that has it, where the layers would have to come from there anyway.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from dynbuild.building import (
    BuildFailed,
    BuildRequest,
    Built,
    Load,
    Nowhere,
    OciLayout,
    Output,
    PlatformImage,
    Report,
    Working,
)
from dynbuild.digest import BlobDigest, Digest, sha256
from dynbuild.emit.manifest import documents, index, manifests_of
from dynbuild.engine import messages
from dynbuild.engine.buildx import Buildx
from dynbuild.engine.layout import TAG, assemble, seed, subject_at
from dynbuild.engine.process import StoppedError, capture, interact
from dynbuild.errors import DynbuildError
from dynbuild.offers import Offer, Offers
from dynbuild.ports import Config, LostError, Machine, Stack, Tier
from dynbuild.values import dataclass

LINKED = "linked"
"""The name of the linked image in the one-line Dockerfile that exports it."""

_SECONDS = 30.0

_T = TypeVar("_T")

_UNTIL_FORGOTTEN = (1.0, 2.0, 4.0, 8.0)
"""Seconds to wait, each time, until containerd collects what came wrong: until then it
takes that for the begin of the same layer, wherever the rest comes from."""


@dataclass(frozen=True, slots=True)
class BuildxImageLoader:
    """Implements ``ports.ImageLoader``. It works with buildx, in a folder."""

    buildx: Buildx
    tier: Tier
    machine: Machine
    offers: Offers
    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def image(
        self, images: Mapping[str, PlatformImage], request: BuildRequest, report: Report
    ) -> Built:
        outputs = tuple(o for o in request.outputs if not isinstance(o, Nowhere))
        manifests = {p: documents(x.stack, x.config)[1] for p, x in images.items()}
        several = len(manifests) > 1
        top = index(manifests) if several else next(iter(manifests.values()))
        if not outputs:
            digests = {platform: sha256(one) for platform, one in manifests.items()}
            return Built(sha256(top), manifests_of(digests), ())
        if several:
            request = replace(request, platforms=tuple(images))
        if outputs != (Load(),) or several:
            whole = self._assembled(images, request, outputs, report)
            layouts = [one.directory for one in outputs if isinstance(one, OciLayout)]
            if not several or not layouts or whole.digest is None:
                return whole
            # BuildKit writes manifests of its own.
            entries = {
                platform: subject_at(Path(layouts[0]), whole.digest, platform)
                for platform in images
            }
            more = manifests_of({p: str(one["digest"]) for p, one in entries.items()})
            return replace(whole, metadata={**whole.metadata, **more})
        note = "loaded-" + sha256(
            "\n".join([sha256(top), request.builder or "", *request.tags]).encode()
        ).removeprefix("sha256:")
        if noted := self.machine.noted(note, own=True):
            metadata: dict[str, Any] = json.loads(noted)
            digest = Digest(metadata["containerimage.digest"])
            if self._is_loaded(digest, request.tags):
                return Built(digest, metadata, ())
        (only,) = images.values()
        built = self._taken(only.stack, only.config, request, report)
        if built is None:
            built = self._assembled(images, request, outputs, report)
        self.machine.note(note, json.dumps(dict(built.metadata)))
        return built

    def enter(
        self, stack: Stack, config: Config, request: BuildRequest, command: list[str]
    ) -> int:
        number = f"{os.getpid()}-{next(self._numbers)}"
        tag, name = f"dynbuild-shell:{number}", f"dynbuild-shell-{number}"
        load = replace(request, outputs=(Load(),), tags=(tag,))
        only = {",".join(request.platforms): PlatformImage(stack, config)}
        self.image(only, load, lambda _: None)
        environment = self.buildx.environment
        network = [f"--network={request.network}"] if request.network else []
        terminal = ["--interactive", *(["--tty"] if sys.stdin.isatty() else [])]
        entry, *rest = command
        run = [*terminal, *network, f"--entrypoint={entry}", tag, *rest]
        words = ["run", "--rm", f"--name={name}", *run]
        try:
            return interact(environment, words, self.buildx.running)
        except StoppedError:
            capture(environment, ["rm", "--force", name], _SECONDS)
            raise
        finally:
            capture(environment, ["image", "rm", tag], _SECONDS)

    def _taken(
        self, stack: Stack, config: Config, request: BuildRequest, report: Report
    ) -> Built | None:
        """Let the builder take the image from a registry; None where it cannot."""
        with self.offers.offered(stack, config, request.builder) as offer:
            if offer is None:
                return None
            context = f"docker-image://{offer.reference}"
            try:
                return self._exported(
                    taking_from(self.buildx, offer), context, request, (Load(),), report
                )
            except (BuildFailed, DynbuildError) as error:
                self.offers.failed(words_of(error))
                return None

    def _assembled(
        self,
        images: Mapping[str, PlatformImage],
        request: BuildRequest,
        outputs: tuple[Output, ...],
        report: Report,
    ) -> Built:
        place = self._place()
        stack = tuple(dict.fromkeys(x for one in images.values() for x in one.stack))
        try:
            assemble(place / "image", images, self.tier.fetch)
            for output in outputs:
                if isinstance(output, OciLayout):
                    seed(Path(output.directory), stack, self._copy_out)
        except KeyError as error:
            raise LostError(error.args[0]) from None
        context = f"oci-layout://{place / 'image'}:{TAG}"
        return patiently(
            lambda: self._exported(self.buildx, context, request, outputs, report),
            report,
        )

    def _exported(
        self,
        buildx: Buildx,
        context: str,
        request: BuildRequest,
        outputs: tuple[Output, ...],
        report: Report,
    ) -> Built:
        empty = self._place()
        return buildx.build(
            replace(
                request,
                dockerfile=f"FROM {LINKED}\n",
                context=str(empty),
                outputs=outputs,
                target=None,
                build_contexts={LINKED: context},
                secrets=(),
                ssh=(),
                no_cache=False,
                no_cache_steps=(),
            ),
            report,
        )

    def _place(self) -> Path:
        place = self.folder / f"image-{next(self._numbers)}"
        place.mkdir()
        return place

    def _copy_out(self, digest: BlobDigest, path: str) -> bool:
        """Copy a blob into a layout that is not ours; do not link it to the tier."""
        if not self.tier.fetch(digest, f"{path}.part"):
            return False
        part = Path(f"{path}.part")
        data = part.read_bytes()
        part.unlink()
        Path(path).write_bytes(data)
        return True

    def _is_loaded(self, digest: Digest, tags: tuple[str, ...]) -> bool:
        answer = capture(
            self.buildx.environment,
            ["image", "inspect", "--format", "{{.Id}}", *tags],
            _SECONDS,
        )
        ids = answer.stdout.decode("utf-8", "replace").split()
        return ids == [digest] * len(tags)


def patiently(build: Callable[[], _T], report: Report) -> _T:
    """Build; where a blob came wrong before, wait until the builder has forgotten that.

    Raises what ``build`` raises.
    """
    for seconds in _UNTIL_FORGOTTEN:
        try:
            return build()
        except BuildFailed as error:
            if not messages.is_of_a_blob_that_came_wrong(error.message):
                raise
            report(Working("waiting until the builder forgets a damaged layer"))
            time.sleep(seconds)
    return build()


def words_of(error: BuildFailed | DynbuildError) -> str:
    """Return what a builder, or docker, says of its failure."""
    if isinstance(error, BuildFailed):
        return error.message
    return error.diagnostics[0].message


def taking_from(buildx: Buildx, offer: Offer) -> Buildx:
    """Return a buildx that takes what is offered, or soon says that it cannot."""
    environment = {**buildx.environment, **offer.environment}
    return replace(buildx, environment=environment, awaited=offer.reference)
