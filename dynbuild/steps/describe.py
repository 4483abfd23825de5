"""Descriptions: the labelled fields that decide what a step builds.

The digest of a step is the digest of this description; explanations of a rebuild read
the same value, so that digest and explanation cannot drift apart.
"""

import posixpath
from collections.abc import Callable, Mapping
from typing import assert_never

from dynbuild.digest import Description, Digest, Field
from dynbuild.steps.downloads import (
    USUAL_MODE,
    address_of,
    digest_of_download,
    name_of,
    place_of,
)
from dynbuild.steps.fields import FieldValue, own_facts_of, set_columns
from dynbuild.steps.kinds import (
    FieldKind,
    Lines,
    PlatformDigests,
    Records,
    Variables,
    Words,
)
from dynbuild.steps.managers.left_out import strict
from dynbuild.steps.model import (
    DEFAULT_SHELL,
    AptSource,
    Copy,
    Download,
    Group,
    InlineFile,
    Pin,
    Script,
    Setup,
    Stage,
    Step,
    User,
)
from dynbuild.steps.recipe import STAGE_RECIPE, copies_of, run_of, targets_of
from dynbuild.steps.run import (
    BaseMount,
    BindMount,
    CacheMount,
    OwnMount,
    ScratchMount,
    SecretMount,
    SshMount,
)
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The inputs of a step's result beyond its own facts.

    ``platform`` is what it runs on, ``target`` what the image is for. ``stands_on``
    holds the digests of the steps it stands on; ``taken`` the content
    digest of each of its inputs: of files, or of the source step or image. ``time`` is
    the one time of its layers, in Unix seconds, if they have to be alike.
    """

    platform: str
    target: str
    base: Digest
    shell: tuple[str, ...]
    environment: Mapping[str, str]
    user: User | None
    stands_on: tuple[Digest, ...]
    taken: tuple[Digest, ...]
    time: int | None = None


def describe(step: Step, around: Surroundings) -> Description:
    """Return every field that decides what a step builds.

    Not covered: names of stages, seqs, runtime config, tier settings, secret values,
    modification times, the umask of a checkout.
    """
    copies = copies_of(step)
    described: dict[str, Field] = {
        "kind": _kind(step),
        "platform": around.platform,
        "base": around.base,
        "stands_on": sorted(around.stands_on),
        "copies": [
            _copy(copy, content)
            for copy, content in zip(copies, around.taken, strict=False)
        ],
    }
    if around.time is not None:
        described["reproducible"] = around.time
    if isinstance(step, Stage):
        described["bump"] = step.bump
        if step.add:
            described["added"] = [_added(one, around.target) for one in step.add]
        described |= _described_alone(step)
    if isinstance(step, Setup) and step.files:
        described["files"] = _plain(Records(InlineFile), step.files)
    if targets := targets_of(step, around.environment):
        described["targets"] = list(targets)
        if around.target != around.platform:
            described["target"] = around.target
    run = run_of(strict(step), around.environment, around.user)
    if run is None:
        return described
    described["shell"] = list(run.shell or around.shell)
    described["user"] = run.user
    described["workdir"] = run.workdir
    described["network"] = run.network
    described["mounts"] = [
        _mount(mount) for mount in run.mounts if not isinstance(mount, BindMount)
    ]
    if isinstance(step, Stage):
        if step.mounts:
            described["mounted"] = [
                _mounted(files, content)
                for files, content in zip(
                    step.mounts, around.taken[len(copies) :], strict=True
                )
            ]
        described["recipe"] = STAGE_RECIPE
        described["environment"] = dict(around.environment)
        described["commands"] = list(step.commands)
    else:
        described["script"] = run.script
    return described


def _described_alone(stage: Stage) -> dict[str, Field]:
    """Describe the facts of a stage that no other field of its description covers."""
    return {
        row.name: _plain(row.kind, value)
        for row, value in own_facts_of(stage)
        if not row.covered_by
    }


def _kind(step: Step) -> str:
    match step:
        case Stage():
            return "stage"
        case Group():
            return step.manager
        case Script():
            return "script"
        case AptSource():
            return "source"
        case Setup():
            return "setup"
        case User():
            return "user"
        case _:
            assert_never(step)


def _copy(copy: Copy, content: Digest) -> Description:
    """Describe a copy; its source path counts only as far as it affects the result.

    Its last name does: a file copied to a directory of the image, written with a slash
    or without, keeps its name.
    """
    return {
        "content": content,
        "to": copy.to,
        "name": "" if copy.files else posixpath.basename(posixpath.normpath(copy.path)),
        "owner": copy.owner,
        "mode": copy.mode,
        "path": None if copy.of_project else copy.path,
        **({} if copy.pattern == "none" else {"pattern": copy.pattern}),
        "exclude": [] if copy.of_project else list(copy.exclude),
    }


def _added(download: Download, platform: str) -> Description:
    """Describe a download on a platform; where it is from does not count."""
    url = address_of(download.url, platform)
    return {
        "content": digest_of_download(download, platform),
        "to": place_of(download, platform),
        "name": "" if download.unpack else name_of(url),
        "unpack": download.unpack,
        "owner": download.owner,
        "mode": None if download.unpack else download.mode or USUAL_MODE,
    }


def _mounted(files: Copy, content: Digest) -> Description:
    """Describe what is seen in place, where its own name does not count."""
    return {
        "content": content,
        "to": files.to,
        "path": None if files.of_project else files.path,
    }


def _mount(mount: OwnMount) -> Field:
    match mount:
        case CacheMount(target, identity, sharing, uid, gid, mode):
            # The scope of a cache (such as the checkout) differs between machines and
            # is not covered.
            told: list[Field] = [] if mode is None else [mode]
            return ["cache", target, identity, sharing, uid, gid, *told]
        case ScratchMount(target, size):
            return ["scratch", target, *([] if size is None else [size])]
        case BaseMount():
            return ["base"]
        case SecretMount(identity, env, target, uid, gid):
            return ["secret", identity, env, target, uid, gid]
        case SshMount(uid, gid):
            return ["ssh", uid, gid]
        case _:
            assert_never(mount)


def own_facts(
    stage: Stage, pins: Mapping[str, Pin], shell: tuple[str, ...]
) -> Description:
    """Return a stage's own facts about its result: no names, nothing from others.

    Two stages with equal own facts and equal surroundings build the same thing; this
    is how the lock recognises a renamed stage, and tells a changed stage from a moved
    one. ``pins`` are the images that stages start or copy from, ``shell`` the default
    one. The refresh number, which belongs to the lock, is excluded.
    """
    facts = {row.name: _plain(row.kind, value) for row, value in own_facts_of(stage)}
    facts["copies"] = [_own(copy, pins, _copy) for copy in stage.copies]
    if "mounts" in facts:
        facts["mounts"] = [_own(files, pins, _mounted) for files in stage.mounts]
    if "add" in facts:
        # The same on every platform: a lock is not about one.
        facts["add"] = [
            {**_added(one, ""), "content": [list(pair) for pair in one.digests]}
            for one in stage.add
        ]
    if stage.base is not None:
        facts["base"] = _known(stage.base, pins) or stage.base
        shell = DEFAULT_SHELL
    if stage.commands:
        facts["shell"] = list(stage.shell or shell)
    return facts


def _known(image: str, pins: Mapping[str, Pin]) -> Digest | None:
    return pins[image].digest if image in pins else None


def _plain(kind: FieldKind, value: FieldValue) -> Field:
    """Return a value as a description holds it; of a record, what is set."""
    match kind:
        case Records():
            return [
                {
                    column.name: _plain(column.kind, of)
                    for column, of in set_columns(item)
                }
                for item in value
            ]
        case Variables():
            return dict(value)
        case Words() | Lines():
            return list(value)
        case PlatformDigests():
            return [list(pair) for pair in value]
        case _:
            known: Field = value
            return known


def _own(
    copy: Copy,
    pins: Mapping[str, Pin],
    described: Callable[[Copy, Digest], Description],
) -> Field:
    if copy.image is not None:
        content: Field = ["image", _known(copy.image, pins) or copy.image]
    elif copy.stage is not None:
        content = "of a stage"
    else:
        content = copy.digest or ["live", copy.path, list(copy.exclude)]
    return {**described(copy, Digest("")), "content": content}
