"""From a step to its script: the only place that writes scripts."""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import assert_never
from urllib.parse import urlsplit

from dynbuild.digest import Digest, Field, digest_of, sha256, short
from dynbuild.quote import MAX_SCRIPT, shell
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.script import SHELL, wrapped
from dynbuild.steps.model import (
    AptSource,
    Copy,
    Freshen,
    Group,
    Script,
    Setup,
    Stage,
    Step,
    Upgrade,
    User,
)
from dynbuild.steps.pinned import Pinned, Versions
from dynbuild.steps.run import (
    BaseMount,
    BindMount,
    CacheMount,
    Mount,
    Run,
    ScratchMount,
    SecretMount,
    SshMount,
)
from dynbuild.steps.users import account_of, home_of, user_script

STAGE_RECIPE = 3
"""Incremented whenever a stage's script is generated differently; part of digests."""

_TESTED = "(exit $?)"
"""Ends the script if the previous command failed. ``set -e`` alone ignores a failed
``a && b``; ``command || exit`` would disable it within the command."""


TARGETS = ("TARGETARCH", "TARGETOS", "TARGETPLATFORM", "TARGETVARIANT")
"""Variables that a builder sets by the platform that it builds for."""


def target_variables(platform: str) -> dict[str, str]:
    """Return the values of those variables, as a builder sets them."""
    system, architecture, variant = f"{platform}//".split("/")[:3]
    return {
        "TARGETARCH": architecture,
        "TARGETOS": system,
        "TARGETPLATFORM": platform,
        "TARGETVARIANT": variant,
    }


_NAMED = re.compile(rf"\b({'|'.join(TARGETS)})\b")
_COPIED = re.compile(rf"\$\{{({'|'.join(TARGETS)})\}}")


def targets_of(step: Step, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables of the platform that a stage's commands and copies name.

    What stages set themselves under such a name is theirs.
    """
    if not isinstance(step, Stage):
        return ()
    found = set(_NAMED.findall("\n".join(step.commands))) - environment.keys()
    return tuple(sorted(found | set(copied_targets(step))))


def copied_targets(step: Step) -> tuple[str, ...]:
    """Return the variables of the platform that stand in paths of copies.

    Those of the project's files mean themselves: they are the same everywhere.
    """
    texts = [
        text
        for copy in copies_of(step)
        if not copy.of_project
        for text in (copy.path, copy.to)
    ]
    return tuple(sorted(set(_COPIED.findall("\n".join(texts)))))


def run_of(step: Step, environment: Mapping[str, str], user: User | None) -> Run | None:
    """Return a step's execution, or None for a stage that only copies.

    ``environment`` holds the variables that the step's commands see beyond the base's;
    ``user`` is the declared user, whose uid the mounts of its stages get.
    """
    match step:
        case Group():
            return _numbered(step, MANAGERS[step.manager].run(step))
        case AptSource():
            return Run(_source_script(step), shell=SHELL)
        case Setup():
            return Run(_tested(step.commands)) if step.commands else None
        case Script():
            return Run(f"set -e\n{step.text}\n{_TESTED}")
        case User():
            # sudo's installation works in /tmp.
            scratch = (ScratchMount("/tmp"),) if step.sudo else ()  # noqa: S108
            return Run(user_script(step), (*scratch, BaseMount()), shell=SHELL)
        case Stage():
            return _stage_run(step, environment, user)
        case _:
            assert_never(step)


def is_too_big(
    group: Group, versions: Versions, digests: Iterable[tuple[str, str, str]]
) -> bool:
    """Whether no step could install these versions: it names all, with digests.

    These are of a package, a version and a digest each.
    """
    sums = {f"{name} {version}": frozenset({one}) for name, version, one in digests}
    run = MANAGERS[group.manager].run(replace(group, pinned=Pinned(versions, sums)))
    # Another index may add a digest.
    return len(run.script) > MAX_SCRIPT * 0.9


def _numbered(group: Group, run: Run) -> Run:
    """Return a run that no builder's cache takes for that of an earlier upgrade."""
    if group.number is None:
        return run
    return replace(run, script=f"# upgrade {group.number}\n{run.script}")


def copies_of(step: Step) -> tuple[Copy, ...]:
    """Return the files that a step copies before it runs."""
    match step:
        case Stage() | Setup():
            return step.copies
        case AptSource(key=str(path), key_digest=digest):
            return (
                Copy(path, _key_path(step), owner="0:0", mode="644", digest=digest),
            )
        case _:
            return ()


def described_inputs(step: Step) -> dict[str, tuple[Copy, ...]]:
    """Return the files that a step takes, by the field that describes them."""
    mounted = step.mounts if isinstance(step, Stage) else ()
    return {"copies": copies_of(step), "mounted": mounted}


def inputs_of(step: Step) -> tuple[Copy, ...]:
    """Return the files that a step takes: what it copies, then what it mounts."""
    return step.inputs if isinstance(step, Stage) else copies_of(step)


def content_of(copy: Copy, read: Callable[[str, tuple[str, ...]], Digest]) -> Digest:
    """Return the digest of what a copy takes; ``read`` gives that of one path."""
    if not copy.files:
        return read(copy.path, copy.exclude)
    matched: list[Field] = [
        [posixpath.basename(path), read(path, ())] for path in copy.files
    ]
    return digest_of({"files": matched})


def compares_times(step: Step) -> bool:
    """Whether the timestamps of a step's copies may affect its script's result.

    A builder's own cache has a copy with the timestamps of when it first saw the
    content, which may be older than files in a cache mount: it must not be used.
    """
    return (
        isinstance(step, Stage)
        and bool(step.cache_mounts and step.commands)
        and (any(copy.of_project for copy in step.copies) or bool(step.files))
    )


def asks_for_newest(step: Step) -> bool:
    """Whether what a step brings depends on when it runs, and that is what it is for.

    A builder's own cache would answer for a later upgrade with an earlier one that
    changed nothing: both run the same on the same.
    """
    return isinstance(step, Group) and any(
        isinstance(action, Upgrade | Freshen) for action in step.actions.values()
    )


def user_packages(user: User | None) -> frozenset[str]:
    """Return packages that the user step needs, whatever the package lists say."""
    return frozenset({"sudo"}) if user and user.sudo else frozenset()


def _tested(commands: Sequence[str]) -> str:
    lines = (line for command in commands for line in (command, _TESTED))
    return "\n".join(["set -e", *lines])


def _stage_run(
    stage: Stage, environment: Mapping[str, str], user: User | None
) -> Run | None:
    if not stage.commands:
        return None
    exports = [
        f"export {name}={shell(value)}" for name, value in sorted(environment.items())
    ]
    # Otherwise the builder's own cache would answer with its previous result.
    bumped = [f"# bump {stage.bump}"] if stage.bump else []
    tested = [line for command in stage.commands for line in (command, _TESTED)]
    script = "\n".join(["set -e", *bumped, *exports, *tested])
    return Run(
        script,
        _stage_mounts(stage, user),
        user=stage.user,
        workdir=stage.workdir,
        shell=stage.shell,
        network=stage.network,
        directories=_parents(stage, user),
        targets=targets_of(stage, environment),
    )


def _stage_mounts(stage: Stage, user: User | None) -> tuple[Mount, ...]:
    uid, gid = _ids(stage.user, user)
    mounts: list[Mount] = [
        CacheMount(one.target, one.id, one.sharing, uid, gid, one.mode)
        for one in stage.cache_mounts
    ]
    mounts += [ScratchMount(one.target, one.size) for one in stage.tmpfs]
    mounts += map(BindMount, stage.mounts)
    mounts += [
        SecretMount(secret.id, secret.env, secret.target, uid, gid)
        for secret in stage.secrets
    ]
    if stage.ssh:
        mounts.append(SshMount(uid, gid))
    return tuple(mounts)


def _parents(stage: Stage, user: User | None) -> tuple[str, ...]:
    """Return directories of a home that mounts would create, owned by root."""
    account = account_of(stage.user, user)
    if account is None or not (home := home_of(account)):
        return ()
    above = {posixpath.dirname(one.target.rstrip("/")) for one in stage.cache_mounts}
    return tuple(sorted(path for path in above if path.startswith(f"{home}/")))


def _ids(name: str, user: User | None) -> tuple[int, int]:
    """Return uid and gid of a stage's user, which the declaration's check validated."""
    account = account_of(name, user)
    if account is not None:
        return account.uid, account.uid if account.gid is None else account.gid
    match = re.fullmatch(r"([0-9]+)(?::([0-9]+))?", name)
    if match is None:
        return 0, 0
    return int(match[1]), int(match[2] or match[1])


def _source_script(source: AptSource) -> str:
    fields = {
        "Types": "deb",
        "URIs": source.uri,
        "Suites": " ".join(source.suites),
        "Components": " ".join(source.components),
        "Signed-By": _key_path(source) if source.key else "",
    }
    parts = ["set -eu"]
    if source.key:
        armoured = f"grep -q -e '-----BEGIN PGP PUBLIC KEY' {_key_path(source)}"
        if _is_binary(source.key):
            test, form = f"! {armoured}", "a binary one: name an armoured one .asc"
        else:
            test, form = armoured, "an ASCII-armoured one: name a binary one .gpg"
        complaint = shell(f"dynbuild: the key {source.key} is not {form}")
        parts += [f"{test} || {{", f"  echo {complaint} >&2", "  exit 1", "}"]
    told = [f"{name}: {value}" for name, value in fields.items() if value]
    place = f"/etc/apt/sources.list.d/{source_name(source)}.sources"
    parts.append(wrapped("printf '%s\\n'", told, f" > {place}"))
    return "\n".join(parts)


def source_name(source: AptSource) -> str:
    """Return a unique file name that shows the origin of a source."""
    try:
        address = urlsplit(source.uri)
        place = f"{address.hostname}{address.path}"
    except ValueError:
        place = source.uri  # a lock may say anything
    spoken = re.sub(r"[^a-z0-9]+", "-", place.lower())
    identity = "\n".join([source.uri, *source.suites, *source.components])
    return f"{spoken.strip('-')[:60]}-{short(sha256(identity.encode()))[:8]}"


def _key_path(source: AptSource) -> str:
    """Return a key's path; apt goes by its suffix (sources.list(5), Signed-By)."""
    suffix = "gpg" if source.key and _is_binary(source.key) else "asc"
    return f"/etc/apt/keyrings/{source_name(source)}.{suffix}"


def _is_binary(key: str) -> bool:
    return key.lower().endswith((".gpg", ".pgp"))
