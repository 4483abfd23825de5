"""The inputs of a realization: the base image, the files, and the user's options."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from dynbuild.building import BuildRequest
from dynbuild.digest import Digest, RealizationId, StepDigest
from dynbuild.emit.config import step_config
from dynbuild.emit.dockerfile import layout
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic
from dynbuild.inheritance import Steps, above_of
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed, install_order, on_platform
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.resolved import for_platform, resolve
from dynbuild.ports import Base
from dynbuild.realization.contents import contents, local_digests
from dynbuild.realization.model import Backends, Recipe
from dynbuild.realization.request import (
    RealizeOptions,
    arguments_of,
    dockerfile_of,
    latest_time,
    limits_in,
)
from dynbuild.realization.versions import last_versions
from dynbuild.steps.model import Copy, OwnBase
from dynbuild.steps.recipe import run_of
from dynbuild.steps.run import CacheMount, time_of

if TYPE_CHECKING:
    from dynbuild.realization.noted import NotedOnto


class RealizeInputs:
    """The inputs that a lock is realized from: files, images, and user options.

    ``line`` has the image's name after those of the images that it extends, the root
    first, and nothing where there is one image. ``bases`` has those that were read for
    any image of the run. ``of_several``: the image is for other platforms as well;
    ``narrowed`` warns of those that it is declared and not made for. ``rebased`` is as
    of ``resolve``, ``expected`` as a recipe's ``previous``, and ``onto`` is noted once
    the image is made.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - all the inputs
        self,
        lock: Lock,
        platform: str,
        backends: Backends,
        options: RealizeOptions,
        folder: str,
        line: tuple[str, ...] = (),
        bases: dict[Digest, Base] | None = None,
        *,
        of_several: bool = False,
        narrowed: Diagnostic | None = None,
        rebased: Mapping[str, RealizationId] | None = None,
        expected: Mapping[StepDigest, StepDigest] | None = None,
    ) -> None:
        self.lock = of_platform(lock, platform)
        self.order = on_platform(install_order(self.lock), platform)
        self.platform = platform
        self.backends = backends
        self.files = backends.files
        self.images = backends.images
        self.options = options
        self.folder = folder
        self.context = folder
        self.line = line
        self.bases = bases
        self.of_several = of_several
        self.narrowed = narrowed
        self.rebased = rebased or {}
        self.expected = expected or {}
        self.onto: NotedOnto | None = None
        self.unpinned = local_digests(self.lock, backends.images)

    def above(self, at: int) -> "RealizeInputs":
        """Return the inputs of an image that this one extends, the root first."""
        return RealizeInputs(
            self.lock.line[at],
            self.platform,
            replace(self.backends, earlier=tuple),
            self.options,
            self.folder,
            self.line[: at + 1],
            self.bases,
            of_several=self.of_several,
        )

    def refuse_absent(self, stage: str) -> None:
        """Raise DeclarationError for a stage that is for other platforms."""
        if stage not in self.lock.stages:
            message = f"there is no stage {stage!r} for {self.platform}"
            hint = "its `only` says which platforms have it: pass one as --platform"
            raise DeclarationError(Diagnostic("DB0320", message, hint=hint))

    def check_unpinned(self, image: str) -> None:
        """Raise CommandFailed if an image without a pin has changed."""
        known = self.unpinned.get(image)
        if known is not None and self.images.local_digest(image) != known:
            message = f"{image} became another image while it was read"
            raise CommandFailed(Diagnostic("DB0613", message, hint="run again"))

    def contents(self, steps: Collection[Placed]) -> dict[Copy, Digest]:
        """Return the digests of live copies; check tracked files against the lock."""
        return contents(steps, self.files.content)

    def gather(self, steps: Collection[Placed]) -> dict[Copy, Digest]:
        """Copy the files that steps copy into a new context, and return their digests.

        Live files may change meanwhile, so the digests are those of the finished
        context. A context that was given to a builder never changes.
        """
        self.context = context = mkdtemp(dir=self.folder)
        files = self.files
        contents(steps, lambda path, out: files.gather(path, out, context))
        return contents(steps, lambda path, out: files.gathered(path, out, context))

    def request(self, text: str, platform: str | None = None) -> BuildRequest:
        options = self.options
        return BuildRequest(
            dockerfile=text,
            context=self.context,
            outputs=options.outputs,
            tags=options.tags,
            platforms=(platform or self.platform,),
            builders=options.builders,
            network=options.network,
            host_network=options.host_network,
            source_date_epoch=latest_time(self.lock, options),
            time=time_of(self.lock.config),
            arguments=arguments_of(self.lock),
            secrets=options.secrets,
            ssh=options.ssh,
            limits=limits_in(self.order, options.package_timeout),
        )

    def recipe(
        self,
        bases: Mapping[OwnBase | None, Base],
        known: Mapping[Copy, Digest],
        earlier: Iterable[Lock],
    ) -> Recipe:
        """Return the recipe; ``known`` has the contents of copies."""
        lock, order = self.lock, self.order
        resolved = resolve(lock, self.platform, known, self.unpinned, self.rebased)
        exact = replace(resolved, lock=for_platform(lock, self.platform))
        text = dockerfile_of(exact, self.options.project)
        laid = layout(order)
        above = above_of(resolved)
        return Recipe(
            order=order,
            described=resolved.descriptions,
            digests=resolved.digests,
            platform=self.platform,
            bases=bases,
            configs={
                own: step_config(lock.on(own), base.config)
                for own, base in bases.items()
            },
            starts=laid.bases,
            request=replace(self.request(text), parts=laid.parts),
            parents={stage.name: stage.parent for stage in laid.branches},
            sources=laid.sources,
            copies=laid.copies_of,
            locked={placed.id: _locked(lock, placed) for placed in order},
            moves={name: entry.moves for name, entry in lock.stages.items()},
            previous={**last_versions(resolved, earlier), **self.expected},
            above=above,
            images=_owners(resolved.digests, above, self.line),
            told=self.platform if self.of_several else None,
        )


def _owners(
    digests: Mapping[str, StepDigest], above: Sequence[Steps], line: Sequence[str]
) -> dict[str, str]:
    """Return the image whose step each is: the first that has it, as it is here."""
    if not line:
        return {}
    every = [*(one.digests for one in above), digests]
    return {
        id_: next(
            name
            for name, has in zip(line, every, strict=True)
            if has.get(id_) == digest
        )
        for id_, digest in digests.items()
    }


def _locked(lock: Lock, placed: Placed) -> frozenset[str]:
    """Return the locked cache mounts of a step: one step at a time may use each."""
    run = run_of(placed.step, {}, lock.user)
    return frozenset(
        mount.id or f"{placed.id} {mount.target}"
        for mount in (run.mounts if run else ())
        if isinstance(mount, CacheMount) and mount.sharing == "locked"
    )
