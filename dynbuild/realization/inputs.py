"""The inputs of a realization: the base image, the files, and the user's options."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from tempfile import mkdtemp

from dynbuild.building import BuildRequest, Working
from dynbuild.digest import Digest
from dynbuild.emit.config import step_config
from dynbuild.emit.dockerfile import layout
from dynbuild.emit.instructions import pinned
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed
from dynbuild.lockfile.resolved import resolve
from dynbuild.ports import Base
from dynbuild.realization.contents import contents, local_digests
from dynbuild.realization.model import Backends, Recipe
from dynbuild.realization.request import RealizeOptions, dockerfile_of, latest_time
from dynbuild.realization.versions import last_versions
from dynbuild.steps.model import Copy
from dynbuild.steps.recipe import run_of
from dynbuild.steps.run import CacheMount


class RealizeInputs:
    """The inputs that a lock is realized from: files, images, and user options."""

    def __init__(  # noqa: PLR0913, PLR0917 - all the inputs
        self,
        lock: Lock,
        order: tuple[Placed, ...],
        platform: str,
        backends: Backends,
        options: RealizeOptions,
        folder: str,
    ) -> None:
        self.lock = lock
        self.order = order
        self.platform = platform
        self.backends = backends
        self.files = backends.files
        self.images = backends.images
        self.options = options
        self.folder = folder
        self.context = folder
        self.unpinned = local_digests(lock, backends.images)

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

    def request(self, text: str) -> BuildRequest:
        options = self.options
        return BuildRequest(
            dockerfile=text,
            context=self.context,
            outputs=options.outputs,
            tags=options.tags,
            platforms=(self.platform,),
            builder=options.builder,
            network=options.network,
            host_network=options.host_network,
            source_date_epoch=latest_time(self.lock, options),
            secrets=options.secrets,
            ssh=options.ssh,
        )

    def recipe(
        self, base: Base, known: Mapping[Copy, Digest], earlier: Iterable[Lock]
    ) -> Recipe:
        """Return the recipe; ``known`` has the contents of copies."""
        lock, order = self.lock, self.order
        resolved = resolve(lock, self.platform, known, self.unpinned, order)
        text = dockerfile_of(resolved, self.options.project)
        laid = layout(order)
        return Recipe(
            order=order,
            described=resolved.descriptions,
            digests=resolved.digests,
            platform=self.platform,
            base=base,
            config=step_config(lock, base.config),
            request=replace(self.request(text), parts=laid.parts),
            parents={stage.name: stage.parent for stage in laid.branches},
            sources=laid.sources,
            copies=laid.copies_of,
            locked={placed.id: _locked(lock, placed) for placed in order},
            moves={name: entry.moves for name, entry in lock.stages.items()},
            previous=last_versions(resolved, earlier),
        )


def base_of(inputs: RealizeInputs) -> Base:
    """Return the base image, imported into the store. Raises DeclarationError."""
    lock, platform, backends = inputs.lock, inputs.platform, inputs.backends
    digest = (
        inputs.unpinned[lock.base.image]
        if lock.base.digest is None
        else lock.base.platforms.get(platform)
    )
    if digest is None:
        known = ", ".join(sorted(lock.base.platforms))
        raise DeclarationError(
            Diagnostic(
                "DB0304",
                f"{lock.base.image} does not exist for {platform}",
                hint=f"it exists for {known}: pass one of these as --platform",
            )
        )
    if (held := backends.machine.base(digest)) is not None:
        return held
    what = f"importing {lock.base.image}"
    backends.report(Working(what))
    with ExitStack() as alone:
        alone.enter_context(backends.machine.alone([digest], lambda: None))
        base = backends.machine.base(digest)
        if base is None:
            base = backends.layer_builder.base(pinned(lock.base), inputs.request(""))
            inputs.check_unpinned(lock.base.image)
            _keep(digest, base, backends, alone.pop_all())
    backends.report(Working(what, done=True))
    return base


def _keep(digest: Digest, base: Base, backends: Backends, alone: ExitStack) -> None:
    """Store a base in parallel with the first builds: reading it takes a while."""

    def keep() -> Iterator[object]:
        with alone:
            backends.machine.keep_base(digest, base)
        yield from ()

    backends.jobs.start(digest, keep)


def _locked(lock: Lock, placed: Placed) -> frozenset[str]:
    """Return the locked cache mounts of a step: one step at a time may use each."""
    run = run_of(placed.step, {}, lock.user)
    return frozenset(
        mount.id or f"{placed.id} {mount.target}"
        for mount in (run.mounts if run else ())
        if isinstance(mount, CacheMount) and mount.sharing == "locked"
    )
