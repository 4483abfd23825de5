"""The layer builder: builds steps with BuildKit, each on exactly what it stands on.

The Dockerfile stays as it was emitted. The build stage below a step, and those that it
copies from, are passed as images that are assembled here from layers of the store.
"""

import json
import os
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from dynbuild.building import (
    BuildEvent,
    BuildRequest,
    Built,
    Compression,
    Load,
    Nowhere,
    OciLayout,
    Report,
    StepFinished,
)
from dynbuild.digest import BlobDigest, Digest, sha256
from dynbuild.emit.manifest import documents
from dynbuild.engine.buildx import Buildx
from dynbuild.engine.events import of_steps
from dynbuild.engine.layout import TAG, assemble, blob, exported, seed, share
from dynbuild.engine.once import once
from dynbuild.engine.process import StoppedError, capture, interact
from dynbuild.engine.tarball import copied, directories, is_empty, squashed, written
from dynbuild.engine.texts import LayerTexts
from dynbuild.errors import CommandFailed, Diagnostic
from dynbuild.link.lazy import LazyReads, LazyWriteSet
from dynbuild.link.model import Layer, WriteSet
from dynbuild.link.writes import stacked
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

LINKED = "linked"
"""The name of the linked image in the one-line Dockerfile that exports it."""

_SECONDS = 30.0

_LONG = 2.0
"""Seconds after which a step may have written enough to take a while to compress."""


@dataclass(frozen=True, slots=True)
class BuildxLayerBuilder:
    """Implements ``ports.LayerBuilder``, ``LayerWriter`` and ``ImageLoader``.

    It works with buildx, in a folder beside a tier; layers get a compression.
    """

    buildx: Buildx
    tier: Tier
    machine: Machine
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
        return Base(
            result.layers,
            LazyWriteSet(once(lambda: written(paths, {}))),
            config,
        )

    def steps(self, request: StepRequest, report: Report) -> tuple[Realized, ...]:
        place = self._place()
        contexts: dict[str, str] = {}
        try:
            for name, stack in request.stacks.items():
                layout = place / f"given-{len(contexts)}"
                assemble(layout, stack, request.config, self.tier.fetch)
                contexts[name] = f"oci-layout://{layout}:{TAG}"
            out = place / "out"
            seed(out, request.on, self.tier.fetch)
        except KeyError as error:
            raise LostError(error.args[0]) from None
        names = [part.name for part in request.parts]
        build = replace(
            request.build,
            target=names[-1],
            outputs=(OciLayout(str(out), self.compression),),
            build_contexts={**request.build.build_contexts, **contexts},
        )
        with self._ahead(build, out, names[:-1], report) as forward:
            built = self.buildx.build(build, of_steps(names, forward))
        image = exported(out)
        height = len(request.on)
        lower = [layer.diff_id for layer in image.layers[:height]]
        if lower != [layer.diff_id for layer in request.on]:
            raise _other_layers("they do not stand on those that it was given")
        made = zip(image.layers[height:], image.made_by(height), strict=True)
        layers = iter(made)
        realized = []
        below: WriteSet = LazyWriteSet(once(lambda: stacked(request.below)))
        texts = LayerTexts(self.machine, [blob(out, layer) for layer in request.on])
        for part in request.parts:
            own = self._own_layers(part, layers, place, build.source_date_epoch)
            paths = [path for _, path in own]
            writes, above = _writes(paths, below, texts)
            reads = LazyReads(once(partial(texts.reads, writes, below, above)))
            below = above
            results = [
                step_result
                for step_result in built.steps
                if step_result.step == part.name
            ]
            realized.append(
                Realized(
                    tuple(layer for layer, _ in own),
                    writes,
                    reads,
                    sum(result.seconds for result in results),
                    int(time.time() * 1000),
                    any(result.ran for result in results),
                    partial(texts.text, tree=above),
                )
            )
        if next(layers, None) is not None:
            raise _other_layers("there are more than the steps can have")
        return tuple(realized)

    def image(
        self, stack: Stack, config: Config, request: BuildRequest, report: Report
    ) -> Built:
        outputs = tuple(o for o in request.outputs if not isinstance(o, Nowhere))
        _, manifest = documents(stack, config)
        if not outputs:
            return Built(sha256(manifest), {}, ())
        note = "loaded-" + sha256(
            "\n".join([sha256(manifest), request.builder or "", *request.tags]).encode()
        ).removeprefix("sha256:")
        if outputs == (Load(),) and (noted := self.machine.noted(note, own=True)):
            metadata: dict[str, Any] = json.loads(noted)
            digest = Digest(metadata["containerimage.digest"])
            if self._is_loaded(digest, request.tags):
                return Built(digest, metadata, ())
        place = self._place()
        try:
            assemble(place / "image", stack, config, self.tier.fetch)
            for output in outputs:
                if isinstance(output, OciLayout):
                    seed(Path(output.directory), stack, self._copy_out)
        except KeyError as error:
            raise LostError(error.args[0]) from None
        (place / "context").mkdir()
        built = self.buildx.build(
            replace(
                request,
                dockerfile=f"FROM {LINKED}\n",
                context=str(place / "context"),
                outputs=outputs,
                target=None,
                build_contexts={LINKED: f"oci-layout://{place / 'image'}:{TAG}"},
                secrets=(),
                ssh=(),
                no_cache=False,
                no_cache_steps=(),
            ),
            report,
        )
        if outputs == (Load(),):
            self.machine.note(note, json.dumps(dict(built.metadata)))
        return built

    def tree(self, request: BuildRequest, report: Report) -> WriteSet:
        out = self._place() / "out"
        self.buildx.build(
            replace(request, outputs=(OciLayout(str(out), self.compression),)), report
        )
        return written((blob(out, layer) for layer in exported(out).layers), {})

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

    def enter(
        self, stack: Stack, config: Config, request: BuildRequest, command: list[str]
    ) -> int:
        number = f"{os.getpid()}-{next(self._numbers)}"
        tag, name = f"dynbuild-shell:{number}", f"dynbuild-shell-{number}"
        load = replace(request, outputs=(Load(),), tags=(tag,))
        self.image(stack, config, load, lambda _: None)
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

    def directories(self, paths: tuple[str, ...]) -> Layer:
        layer, path = directories(paths, self._place(), self.compression)
        self.tier.keep(layer.digest, str(path))
        return layer

    def _place(self) -> Path:
        place = self.folder / str(next(self._numbers))
        place.mkdir()
        return place

    @contextmanager
    def _ahead(
        self,
        build: BuildRequest,
        out: Path,
        steps: Collection[StageName],
        report: Report,
    ) -> Iterator[Report]:
        """Let BuildKit compress the layers of long steps while later steps run.

        BuildKit compresses layers only when they are exported: by default all of them,
        at the end, on one processor. The compressed blobs are put where the build
        itself would put them.
        """
        folder = self._place()

        def pack(step: StageName) -> None:
            share(out, folder)
            output = OciLayout(str(folder), self.compression)
            more = replace(build, target=step, outputs=(output,))
            self.buildx.attempt(more, output, lambda _: None)
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
        latest: int | None,
    ) -> list[tuple[Layer, Path]]:
        """Return the next layers that belong to a step: its copies, then its run.

        Layers copied from the project are made independent of the build's time.
        """
        own: list[tuple[Layer, Path]] = []
        for of_project in part.copies:
            layer, instruction = _next_layer(layers, "COPY ")
            path = blob(place / "out", layer)
            if of_project:
                layer, path = copied(path, place, latest, self.compression)
            own.append((layer, path))
        while part.runs:
            layer, instruction = _next_layer(layers, "RUN ", "WORKDIR ")
            own.append((layer, blob(place / "out", layer)))
            if instruction.startswith("RUN "):
                break
        filled = [(layer, path) for layer, path in own if not is_empty(path)]
        for layer, path in filled:
            self.tier.keep(layer.digest, str(path))
        return filled

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


def _writes(
    layers: Sequence[Path], below: WriteSet, texts: LayerTexts
) -> tuple[WriteSet, WriteSet]:
    """Return the write set of layers and of the whole stack, both read lazily."""
    writes = LazyWriteSet(once(lambda: written(layers, below, texts.cached)))
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
