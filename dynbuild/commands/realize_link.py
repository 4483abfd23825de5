"""``realize`` as it is meant: steps from the store or built, linked into one image."""

import os
import re
import tempfile
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from dynbuild.commands.realize import (
    RealizeOptions,
    dockerfile_of,
    platform_of,
    refuse_host_network,
)
from dynbuild.commands.realize_compare import Difference, differences
from dynbuild.commands.realize_failure import closure_of
from dynbuild.commands.realize_stack import linked
from dynbuild.commands.realize_steps import (
    How,
    Recipe,
    Site,
    realize_steps,
)
from dynbuild.commands.realize_told import conflicts, note_seconds, seconds_of
from dynbuild.digest import Digest, digest_of
from dynbuild.emit.config import image_config, step_config
from dynbuild.emit.instructions import pinned
from dynbuild.errors import (
    AnswerIsNoError,
    DeclarationError,
    Diagnostic,
    did_you_mean,
)
from dynbuild.lock.digests import descriptions, environments_of
from dynbuild.lock.model import Lock
from dynbuild.lock.order import Placed, install_order
from dynbuild.ports import (
    Base,
    Builder,
    BuildFailed,
    BuildRequest,
    Built,
    Files,
    Images,
    LostError,
    NotThereError,
    Working,
)
from dynbuild.steps.model import Copy
from dynbuild.steps.recipe import copies_of, run_of
from dynbuild.steps.run import CacheMount

EPOCH = 315_619_200
"""The time of what is copied from a project, 1980-01-02: the first day of which every
time zone can make a zip archive."""

_RETRIES = 4
"""How often what is in the store may go away meanwhile, before that is an error."""

_UNSUITED = re.compile(r"is not supported for the \S+ driver|unknown scheme|oci-layout")


class UnsuitedError(Exception):
    """A builder that cannot take or give layers."""


@dataclass(frozen=True, slots=True)
class Stepwise:
    """What only a realization step by step is asked."""

    jobs: int
    anew: tuple[str, ...] = ()
    strict: bool = False
    compare: bool = False


@dataclass(frozen=True, slots=True)
class Linked:
    """The image, and what its stages have in conflict.

    ``differences`` are those from a plain build, where they were asked for.
    """

    built: Built
    warnings: tuple[Diagnostic, ...]
    differences: tuple[Difference, ...] | None = None


def realize(  # noqa: PLR0913, PLR0917 - each edge, and what the user asked
    lock: Lock,
    files: Files,
    images: Images,
    builder: Builder,
    site: Site,
    options: RealizeOptions,
    stepwise: Stepwise,
) -> Linked:
    """Make every step exist, then the image. Raises BuildFailed, UnsuitedError."""
    _known(lock, stepwise.anew)
    refuse_host_network(lock, options)
    order = install_order(lock)
    platform = platform_of(lock, builder, options)
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as context:
        facts = _Facts(lock, order, platform, files, images, options, context)
        for _ in range(_RETRIES):
            with suppress(LostError):
                return _realize(facts, site, stepwise)
    hint = "see whether its disk is full or broken, or set CACHE_LOCAL_PATH"
    raise AnswerIsNoError(
        Diagnostic("DB0603", "what is put into the store does not stay", hint=hint)
    )


def _realize(facts: "_Facts", site: Site, stepwise: Stepwise) -> Linked:
    lock, order = facts.lock, facts.order
    try:
        base = _base(facts, site)
    except BuildFailed as error:
        if error.step is None and _UNSUITED.search(error.message):
            raise UnsuitedError(error.message) from None
        raise
    known = facts.contents(order)

    def gather(steps: Collection[str]) -> Recipe:
        chosen = tuple(placed for placed in order if placed.id in steps)
        known.update(facts.gather(chosen))
        return facts.recipe(base, known)

    recipe = facts.recipe(base, known)
    anew = frozenset(
        placed.id
        for placed in order
        if facts.options.no_cache or placed.id in stepwise.anew
    )
    before = seconds_of(site.machine)
    outcome = realize_steps(recipe, How(stepwise.jobs, anew, before), site, gather)
    note_seconds(site.machine, before, order, outcome)
    warnings = conflicts(outcome)
    if stepwise.strict and warnings:
        raise AnswerIsNoError(
            *(replace(warning, severity="error") for warning in warnings)
        )
    stack, tree = linked(lock, recipe, outcome, site)
    config = image_config(lock, environments_of(lock), base.config)
    request = facts.request("")
    built = site.workshop.image(stack, config, request, site.report)
    found = None
    if stepwise.compare:
        recipe = gather([placed.id for placed in order])
        linear = site.workshop.tree(recipe.request, site.report)
        found = differences(tree, linear)
    return Linked(replace(built, steps=outcome.steps), warnings, found)


def _known(lock: Lock, names: Collection[str]) -> None:
    """Refuse names of stages that the lock does not have."""
    for name in names:
        if name not in lock.stages:
            hint = did_you_mean(name, list(lock.stages))
            message = f"the lock has no stage {name!r}"
            raise DeclarationError(Diagnostic("DB0320", message, hint=hint))


def shell(  # noqa: PLR0913, PLR0917 - each edge, and what the user asked
    lock: Lock,
    files: Files,
    images: Images,
    builder: Builder,
    site: Site,
    options: RealizeOptions,
    stepwise: Stepwise,
    stage: str,
) -> int:
    """Open a shell where a stage would begin: on all that it stands on."""
    _known(lock, [stage])
    refuse_host_network(lock, options)
    whole = install_order(lock)
    steps = {placed.id: placed for placed in whole}
    below = closure_of(steps[stage], steps)
    order = tuple(placed for placed in whole if placed.id in below)
    platform = platform_of(lock, builder, options)
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as context:
        facts = _Facts(lock, whole, platform, files, images, options, context)
        base = _base(facts, site)
        known = facts.contents(order)

        def gather(steps: Collection[str]) -> Recipe:
            chosen = tuple(placed for placed in order if placed.id in steps)
            known.update(facts.gather(chosen))
            return replace(facts.recipe(base, known), order=order)

        recipe = replace(facts.recipe(base, known), order=order)
        outcome = realize_steps(recipe, How(stepwise.jobs), site, gather)
        layers = tuple(
            layer
            for part in (base.layers, *(one.layers for one in outcome.all_records))
            for layer in part
        )
        environment = environments_of(lock).of_stage(stage)
        config = step_config(lock, base.config, environment)
        own = lock.stages[stage].stage.shell or lock.shell
        return site.workshop.enter(layers, config, recipe.request, [own[0]])


def _base(facts: "_Facts", site: Site) -> Base:
    lock, platform = facts.lock, facts.platform
    digest = (
        facts.unpinned[lock.base.image]
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
    if (held := site.machine.base(digest)) is not None:
        return held
    what = f"importing {lock.base.image}"
    site.report(Working(what))
    with site.machine.alone([digest], lambda: None):
        base = site.machine.base(digest)
        if base is None:
            base = site.workshop.base(pinned(lock.base), facts.request(""))
            site.machine.keep_base(digest, base)
    site.report(Working(what, done=True))
    return base


class _Facts:
    """What a lock is realized from: files, images, and what the user asked."""

    def __init__(  # noqa: PLR0913, PLR0917 - it is what there is to know
        self,
        lock: Lock,
        order: tuple[Placed, ...],
        platform: str,
        files: Files,
        images: Images,
        options: RealizeOptions,
        context: str,
    ) -> None:
        self.lock = lock
        self.order = order
        self.platform = platform
        self.files = files
        self.options = options
        self.context = context
        self.unpinned = {
            pin.image: images.local_digest(pin.image)
            for pin in (lock.base, *lock.images.values())
            if pin.digest is None
        }

    def contents(self, steps: Collection[Placed]) -> dict[Copy, Digest]:
        """The content of what is live; what is tracked has to be as the lock says."""
        return self._read(steps, self.files.content)

    def gather(self, steps: Collection[Placed]) -> dict[Copy, Digest]:
        """Copy what steps copy into the context, all of one time."""
        found = self._read(
            steps, lambda path, exclude: self.files.gather(path, exclude, self.context)
        )
        for folder, folders, names in os.walk(self.context):
            for name in (".", *folders, *names):
                path = os.path.join(folder, name)  # noqa: PTH118
                os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)
        return found

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
            secrets=options.secrets,
            ssh=options.ssh,
        )

    def recipe(self, base: Base, contents: Mapping[Copy, Digest]) -> Recipe:
        lock, order = self.lock, self.order
        described = descriptions(lock, order, self.platform, contents, self.unpinned)
        text = dockerfile_of(lock, order, self.platform, described)
        return Recipe(
            order=order,
            digests={step: digest_of(told) for step, told in described.items()},
            platform=self.platform,
            base=base,
            config=step_config(lock, base.config),
            request=self.request(text),
            parents=parents(text),
            locked={placed.id: _locked(lock, placed) for placed in order},
        )

    def _read(
        self,
        steps: Collection[Placed],
        read: Callable[[str, tuple[str, ...]], Digest],
    ) -> dict[Copy, Digest]:
        contents: dict[Copy, Digest] = {}
        problems = []
        for placed in steps:
            for copy in copies_of(placed.step):
                if not copy.of_project:
                    continue
                try:
                    content = read(copy.path, copy.exclude)
                except NotThereError as error:
                    message = f"{placed.id} cannot copy {copy.path!r}: {error}"
                    problems.append(Diagnostic("DB0305", message))
                    continue
                if copy.live:
                    contents[copy] = content
                elif content != copy.digest:
                    problems.append(
                        Diagnostic(
                            "DB0413",
                            f"{copy.path} is not the file that the lock says",
                            hint="run `dynbuild lock`, review and commit its change",
                        )
                    )
        if problems:
            raise AnswerIsNoError(*problems)
        return contents


def _locked(lock: Lock, placed: Placed) -> frozenset[str]:
    """The locked mounts of a step: one step at a time has each."""
    run = run_of(placed.step, {}, lock.user)
    mounts = run.mounts if run else ()
    return frozenset(m.id for m in mounts if isinstance(m, CacheMount) and m.locked)


def parents(dockerfile: str) -> dict[str, str]:
    """The build stage that each build stage of an emitted Dockerfile stands on."""
    found = {}
    word = None
    for line in dockerfile.split("\n"):
        if word is not None:
            word = None if line == word else word
        elif match := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            found[match[2]] = match[1]
        elif not line.startswith("#") and (match := re.search(r"<<'(\w+)'$", line)):
            word = match[1]
    return found
