"""The layer builder: builds steps with BuildKit, each on exactly what it stands on.

The Dockerfile stays as it was emitted. The build stage below a step, and those that it
copies from, are passed as images that are assembled here from layers of the store, or
that the builder takes from a registry by itself.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import field, replace
from functools import partial
from itertools import count
from pathlib import Path

from dynbuild.building import (
    BuildEvent,
    BuildFailed,
    BuildRequest,
    Compression,
    OciLayout,
    PlatformImage,
    Report,
    StepFinished,
    StepResult,
)
from dynbuild.digest import BlobDigest, sha256
from dynbuild.engine.buildx import Buildx
from dynbuild.engine.events import of_steps
from dynbuild.engine.image_loader import patiently, taking_from, words_of
from dynbuild.engine.installed import Installed
from dynbuild.engine.layout import (
    TAG,
    assemble,
    blob,
    exported,
    pretend,
    seed,
    share,
)
from dynbuild.engine.limits import Holding
from dynbuild.engine.once import once
from dynbuild.engine.tarball import (
    copied,
    directories,
    holds_files,
    is_empty,
    reproducible,
    squashed,
    written,
)
from dynbuild.engine.texts import LayerTexts
from dynbuild.errors import CommandFailed, Diagnostic, UnreachableError
from dynbuild.inside.codec import dumps
from dynbuild.link.lazy import LazyReads, LazyWriteSet
from dynbuild.link.model import Inside, Layer, WriteSet
from dynbuild.link.writes import stacked
from dynbuild.offers import Offer, Offers
from dynbuild.ports import (
    Base,
    Config,
    LostError,
    Machine,
    Realized,
    Stack,
    StepPart,
    StepRequest,
    Tier,
)
from dynbuild.quote import StageName
from dynbuild.values import dataclass

_LONG = 2.0
"""Seconds after which a step may have written enough to take a while to compress."""


@dataclass(frozen=True, slots=True)
class BuildxLayerBuilder:
    """Implements ``ports.LayerBuilder`` and ``LayerWriter``.

    It works with buildx, in a folder beside a tier; layers get a compression.
    """

    buildx: Buildx
    tier: Tier
    machine: Machine
    offers: Offers
    holding: Holding
    folder: Path
    compression: Compression = "zstd"
    _numbers: Iterator[int] = field(default_factory=count)

    def base(self, image: str, request: BuildRequest) -> Base:
        place = self._place()
        out = place / "out"
        (place / "context").mkdir()
        self.buildx.build(
            replace(
                request,
                dockerfile=f"FROM {image}\n",
                context=str(place / "context"),
                outputs=(OciLayout(str(out)),),
                tags=(),
                secrets=(),
                ssh=(),
            ),
            lambda _: None,
        )
        result = exported(out)
        for layer in result.layers:
            self.tier.keep(layer.digest, str(blob(out, layer)))
        config = {
            name: value
            for name, value in result.config.items()
            if name not in ("rootfs", "history")
        }
        paths = [blob(out, layer) for layer in result.layers]
        seen = Installed()
        writes = LazyWriteSet(once(lambda: written(paths, {}, inside=seen)))
        inside = once(lambda: self._inside(writes, seen, place))
        return Base(result.layers, writes, config, inside)

    def steps(self, request: StepRequest, report: Report) -> tuple[Realized, ...]:
        with ExitStack() as taking:
            offers = self._offers(request, taking)
            if offers:
                try:
                    return self._steps(request, report, offers)
                except (BuildFailed, UnreachableError, CommandFailed) as error:
                    if isinstance(error, BuildFailed) and error.exit_code is not None:
                        raise
                    # It may be the registry's fault: no command has failed.
                    self.offers.failed(words_of(error))
        return patiently(lambda: self._steps(request, report, {}), report)

    def _offers(
        self, request: StepRequest, taking: ExitStack
    ) -> dict[StageName, Offer]:
        """Return the stacks that the builder can take from a registry by itself."""
        found: dict[StageName, Offer] = {}
        for name, stack in request.stacks.items():
            config = request.configs.get(name, request.config)
            offered = self.offers.offered(stack, config, request.build.builder)
            if (offer := taking.enter_context(offered)) is not None:
                found[name] = offer
        return found

    def _steps(
        self, request: StepRequest, report: Report, offers: Mapping[StageName, Offer]
    ) -> tuple[Realized, ...]:
        place = self._place()
        contexts: dict[str, str] = {}
        buildx = self.buildx
        for name, offer in offers.items():
            buildx = taking_from(buildx, offer)
            contexts[name] = f"docker-image://{offer.reference}"
        out = place / "out"
        try:
            for name in request.stacks.keys() - offers.keys():
                layout = place / f"given-{len(contexts)}"
                stack = request.stacks[name]
                config = request.configs.get(name, request.config)
                one = {",".join(request.build.platforms): PlatformImage(stack, config)}
                assemble(layout, one, self.tier.fetch)
                contexts[name] = f"oci-layout://{layout}:{TAG}"
            if request.parent in offers:
                pretend(out, request.on)
            else:
                seed(out, request.on, self.tier.fetch)
        except KeyError as error:
            raise LostError(error.args[0]) from None
        names = [part.name for part in request.parts]
        told = [*request.inline, *names]
        build = replace(
            self.holding.held(request.build, told),
            target=names[-1],
            outputs=(OciLayout(str(out), self.compression),),
            build_contexts={**request.build.build_contexts, **contexts},
        )
        with self._ahead(buildx, build, out, names[:-1], report) as forward:
            built = buildx.build(build, of_steps(told, names, forward))
        image = exported(out)
        height = len(request.on)
        lower = [layer.diff_id for layer in image.layers[:height]]
        if lower != [layer.diff_id for layer in request.on]:
            raise _other_layers("they do not stand on those that it was given")
        if request.parent in offers:
            self._real(image.layers[height:], request.on, out)
        made = zip(image.layers[height:], image.made_by(height), strict=True)
        layers = iter(made)
        realized = [_inline(built.steps, name) for name in request.inline]
        below: WriteSet = LazyWriteSet(once(lambda: stacked(request.below)))
        ground = (
            partial(self._ground, request.on, place)
            if request.parent in offers
            else lambda: (blob(out, layer) for layer in reversed(request.on))
        )
        texts = LayerTexts(self.machine, ground)
        for part in request.parts:
            own, missed = self._own_layers(part, layers, place, build)
            paths = [path for _, path in own]
            seen = Installed()
            writes, above = _writes(paths, below, texts, seen)
            inside = once(partial(self._inside, writes, seen, place))
            reads = LazyReads(once(partial(texts.reads, writes, below, above)))
            below = above
            realized.append(
                replace(
                    _inline(built.steps, part.name),
                    layers=tuple(layer for layer, _ in own),
                    writes=writes,
                    reads=reads,
                    made=int(time.time() * 1000),
                    text=partial(texts.text, tree=above),
                    missed=missed,
                    inside=inside,
                )
            )
        if next(layers, None) is not None:
            raise _other_layers("there are more than the steps can have")
        return tuple(realized)

    def tree(self, request: BuildRequest, report: Report) -> tuple[WriteSet, Config]:
        out = self._place() / "out"
        self.buildx.build(
            replace(request, outputs=(OciLayout(str(out), self.compression),)), report
        )
        image = exported(out)
        files = written((blob(out, layer) for layer in image.layers), {})
        return files, image.config

    def squash(self, layers: Stack, needless: tuple[str, ...]) -> Layer:
        place = self._place()
        paths = []
        for number, layer in enumerate(layers):
            paths.append(place / str(number))
            if not self.tier.fetch(layer.digest, str(paths[-1])):
                raise LostError(layer.digest)
        combined, path = squashed(paths, needless, place, self.compression)
        self.tier.keep(combined.digest, str(path))
        return combined

    def directories(self, paths: tuple[str, ...]) -> Layer:
        layer, path = directories(paths, self._place(), self.compression)
        self.tier.keep(layer.digest, str(path))
        return layer

    def _place(self) -> Path:
        place = self.folder / str(next(self._numbers))
        place.mkdir()
        return place

    def _inside(self, writes: WriteSet, seen: Installed, place: Path) -> Inside:
        """Keep what layers say is installed, which is seen while they are read."""
        len(writes)
        readings = seen.of(writes)
        if not readings:
            return Inside()
        data = dumps(readings)
        digest = BlobDigest(sha256(data))
        path = place / digest.removeprefix("sha256:")
        path.write_bytes(data)
        self.tier.keep(digest, str(path))
        return Inside(digest, len(data))

    def _real(self, made: Stack, on: Stack, out: Path) -> None:
        """Fetch layers that steps made as they were below, and that were left out."""
        below = {layer.digest for layer in on}
        for layer in made:
            if layer.digest in below:
                blob(out, layer).unlink()
                if not self.tier.fetch(layer.digest, str(blob(out, layer))):
                    raise LostError(layer.digest)

    def _ground(self, stack: Stack, place: Path) -> Iterator[Path]:
        """Fetch what a builder took by itself, as far as it is looked at."""
        for number, layer in enumerate(reversed(stack)):
            path = place / f"ground-{number}"
            if not path.exists() and not self.tier.fetch(layer.digest, str(path)):
                raise LostError(layer.digest)
            yield path

    @contextmanager
    def _ahead(
        self,
        buildx: Buildx,
        build: BuildRequest,
        out: Path,
        steps: Collection[StageName],
        report: Report,
    ) -> Iterator[Report]:
        """Let BuildKit compress the layers of long steps while later steps run.

        BuildKit compresses layers only when they are exported: by default all at the
        end, on one processor. The blobs are put where the build itself would put them.
        """
        folder = self._place()

        def pack(step: StageName) -> None:
            share(out, folder)
            output = OciLayout(str(folder), self.compression)
            more = replace(build, target=step, outputs=(output,))
            buildx.attempt(more, output, lambda _: None)
            share(folder, out)

        def passed(event: BuildEvent) -> None:
            report(event)
            match event:
                case StepFinished(step, seconds) if (
                    step in pending and seconds >= _LONG
                ):
                    pending.remove(step)
                    threads.submit(pack, step)

        pending = set(steps)
        # One at a time: only one build may write a layout.
        threads = ThreadPoolExecutor(1)
        try:
            yield report if build.no_cache or build.no_cache_steps else passed
        finally:
            threads.shutdown(cancel_futures=True)

    def _own_layers(
        self,
        part: StepPart,
        layers: Iterator[tuple[Layer, str]],
        place: Path,
        build: BuildRequest,
    ) -> tuple[list[tuple[Layer, Path]], str | None]:
        """Return the next layers that belong to a step: its copies, then its run.

        Layers copied from the project are made independent of the build's time. Also
        returned is the first of what its copies have to bring and did not.
        """
        own: list[tuple[Layer, Path]] = []
        missed: str | None = None
        for number, of_project in enumerate(part.copies):
            layer, instruction = _next_layer(layers, "COPY ", "ADD ")
            needed = part.needed.get(number)
            if needed and not holds_files(blob(place / "out", layer)):
                missed = missed or needed
            own.append(self._settled(layer, place, build, of_project=of_project))
        while part.runs:
            layer, instruction = _next_layer(layers, "RUN ", "WORKDIR ")
            own.append(self._settled(layer, place, build, of_project=False))
            if instruction.startswith("RUN "):
                break
        filled = [(layer, path) for layer, path in own if not is_empty(path)]
        for layer, path in filled:
            self.tier.keep(layer.digest, str(path))
        return filled, missed

    def _settled(
        self, layer: Layer, place: Path, build: BuildRequest, *, of_project: bool
    ) -> tuple[Layer, Path]:
        """Return a layer as it is kept, independent of the time as far as asked."""
        path, how = blob(place / "out", layer), self.compression
        if build.time is not None:
            return reproducible(path, place, build.time, how, of_project=of_project)
        latest = build.source_date_epoch
        return copied(path, place, latest, how) if of_project else (layer, path)


def _inline(results: Sequence[StepResult], name: StageName) -> Realized:
    """Return a step without its layers, which stay in the builder."""
    own = [result for result in results if result.step == name]
    seconds = sum(result.seconds for result in own)
    ran = any(result.ran for result in own)
    return Realized((), {}, (), seconds, 0, ran, lambda _: "")


def _writes(
    layers: Sequence[Path], below: WriteSet, texts: LayerTexts, seen: Installed
) -> tuple[WriteSet, WriteSet]:
    """Return the write set of layers and of the whole stack, both read lazily."""
    writes = LazyWriteSet(once(lambda: written(layers, below, texts.cached, seen)))
    return writes, LazyWriteSet(once(lambda: stacked([below, writes])))


def _next_layer(
    layers: Iterator[tuple[Layer, str]], *instructions: str
) -> tuple[Layer, str]:
    """Return the next layer, which must come from one of the given instructions.

    Raises CommandFailed.
    """
    wanted = " or ".join(name.strip() for name in instructions)
    layer, instruction = next(layers, (None, ""))
    if layer is None:
        raise _other_layers(f"there is none of {wanted}")
    if not instruction.startswith(instructions):
        raise _other_layers(f"{instruction[:60]!r} made one in place of {wanted}")
    return layer, instruction


def _other_layers(why: str) -> CommandFailed:
    message = f"the builder gave other layers than it was asked for: {why}"
    hint = "`--linear` builds the Dockerfile as a whole; another `--builder` may do"
    return CommandFailed(Diagnostic("DB0617", message, hint=hint))
