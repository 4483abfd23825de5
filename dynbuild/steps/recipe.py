"""From a step to its script: the only place that writes scripts."""

import posixpath
import re
from collections.abc import Mapping
from textwrap import indent
from typing import assert_never
from urllib.parse import urlsplit

from dynbuild.digest import sha256, short
from dynbuild.quote import shell
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.script import SHELL, wrapped
from dynbuild.steps.model import (
    AptSource,
    Copy,
    Group,
    Script,
    Stage,
    Step,
    User,
)
from dynbuild.steps.run import (
    BASE_MOUNT,
    BaseMount,
    CacheMount,
    Mount,
    Run,
    ScratchMount,
    SecretMount,
    SshMount,
)

STAGE_RECIPE = 3
"""Incremented whenever a stage's script is generated differently; part of digests."""

_TESTED = "(exit $?)"
"""Ends the script if the previous command failed. ``set -e`` alone ignores a failed
``a && b``; ``command || exit`` would disable it within the command."""


def run_of(step: Step, environment: Mapping[str, str], user: User | None) -> Run | None:
    """Return a step's execution, or None for a stage that only copies.

    ``environment`` holds the variables that the step's commands see beyond the base's;
    ``user`` is the declared user, whose uid the mounts of its stages get.
    """
    match step:
        case Group():
            return MANAGERS[step.manager].run(step)
        case AptSource():
            return Run(_source_script(step), shell=SHELL)
        case Script():
            return Run(f"set -e\n{step.text}\n{_TESTED}")
        case User():
            # sudo's installation works in /tmp.
            scratch = (ScratchMount("/tmp"),) if step.sudo else ()  # noqa: S108
            return Run(_user_script(step), (*scratch, BaseMount()), shell=SHELL)
        case Stage():
            return _stage_run(step, environment, user)
        case _:
            assert_never(step)


def copies_of(step: Step) -> tuple[Copy, ...]:
    """Return the files that a step copies before it runs."""
    match step:
        case Stage():
            return step.copies
        case AptSource(key=str(path), key_digest=digest):
            return (
                Copy(path, _key_path(step), owner="0:0", mode="644", digest=digest),
            )
        case _:
            return ()


def compares_times(step: Step) -> bool:
    """Whether the timestamps of a step's copies may affect its script's result.

    A builder's own cache has a copy with the timestamps of when it first saw the
    content, which may be older than files in a cache mount: it must not be used.
    """
    return (
        isinstance(step, Stage)
        and bool(step.cache_mounts and step.commands)
        and any(copy.of_project for copy in step.copies)
    )


def user_packages(user: User | None) -> frozenset[str]:
    """Return packages that the user step needs, whatever the package lists say."""
    return frozenset({"sudo"}) if user and user.sudo else frozenset()


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
    )


def _stage_mounts(stage: Stage, user: User | None) -> tuple[Mount, ...]:
    uid, gid = _ids(stage.user, user)
    mounts: list[Mount] = [
        CacheMount(one.target, one.id, one.sharing, uid, gid, one.mode)
        for one in stage.cache_mounts
    ]
    mounts += [
        SecretMount(secret.id, secret.env, secret.target, uid, gid)
        for secret in stage.secrets
    ]
    if stage.ssh:
        mounts.append(SshMount(uid, gid))
    return tuple(mounts)


def _parents(stage: Stage, user: User | None) -> tuple[str, ...]:
    """Return directories of a home that mounts would create, owned by root."""
    if user is None or stage.user != user.name:
        return ()
    home = f"/home/{user.name}/"
    above = {posixpath.dirname(one.target.rstrip("/")) for one in stage.cache_mounts}
    return tuple(sorted(path for path in above if path.startswith(home)))


def _ids(name: str, user: User | None) -> tuple[int, int]:
    """Return uid and gid of a stage's user, which the declaration's check validated."""
    if user is not None and name == user.name:
        return user.uid, user.uid
    match = re.fullmatch(r"([0-9]+)(?::([0-9]+))?", name)
    if match is None:
        return 0, 0
    return int(match[1]), int(match[2] or match[1])


def _user_script(user: User) -> str:
    name, uid, login = shell(user.name), user.uid, shell(user.shell)
    advice = shell(f'dynbuild: declare user = {{ name = "{user.name}", uid = N }}:')
    own_gid = f"s/^{user.name}:[^:]*:\\([0-9]*\\):.*/\\1/p"
    # Small bases have no tool for it: there the files are written as by useradd.
    lines = [
        "set -eu",
        f"if ! id -u {name} > /dev/null 2>&1; then",
        f"  other=$(sed -n 's/^\\([^:]*\\):[^:]*:{uid}:.*/\\1/p' /etc/passwd)",
        '  [ -z "$other" ] || {',
        *_whose("    ", '"^$other:"'),
        f'    echo {advice} \\\n      "$where $other has uid {uid}" >&2',
        "    exit 1",
        "  }",
        f"  has_group() {{ grep -q {shell(f'^{user.name}:')} /etc/group; }}",
        "  if command -v useradd > /dev/null; then",
        f"    has_group || groupadd --gid {uid} {name}",
        f"    useradd --uid {uid} --gid {name} --no-log-init --create-home \\",
        f"      --shell {login} {name}",
        "  else",
        f"    home=/home/{name}",
        f"    has_group || echo {shell(f'{user.name}:x:{uid}:')} >> /etc/group",
        f"    gid=$(sed -n {shell(own_gid)} /etc/group)",
        f"    printf '%s:x:%s:%s::%s:%s\\n' {name} {uid} \"$gid\" $home {login} \\",
        "      >> /etc/passwd",
        "    [ ! -e /etc/shadow ] ||",
        f"      echo {shell(f'{user.name}:!::0:99999:7:::')} >> /etc/shadow",
        "    mkdir -p $home",
        f"    chown {uid}:$gid $home",
        "  fi",
        "fi",
        f'[ "$(id -u {name})" = {uid} ] || {{',
        *_whose("  ", shell(f"^{user.name}:")),
        f'  echo {advice} \\\n    "$where N is $(id -u {name})" >&2',
        "  exit 1",
        "}",
    ]
    if user.sudo:
        rule = shell(f"{user.name} ALL=(ALL:ALL) NOPASSWD: ALL")
        place = shell(f"/etc/sudoers.d/{user.name}")
        lines += [_install_sudo(), f"echo {rule} > {place}", f"chmod 0440 {place}"]
    return "\n".join(lines)


def _install_sudo() -> str:
    """Return a command that installs sudo by the manager of the base's system."""
    systems = {
        manager.programs[0]: manager.system
        for manager in MANAGERS.values()
        if manager.system
    }
    word, lines = "if", ["command -v sudo > /dev/null || {"]
    for system in systems.values():
        for program, script in system.sudo.items():
            test = f"  {word} command -v {program} > /dev/null; then"
            if "\n" in script:
                lines += [test, indent(script, "    ")]
            else:
                lines.append(f"{test} {script}")
            word = "elif"
    *others, last = systems
    lacks = f"the base has no {', '.join(others)} or {last}"
    return "\n".join(
        [
            *lines,
            "  else",
            f"    echo 'dynbuild: sudo = true needs sudo, and {lacks}' >&2",
            "    exit 1",
            "  fi",
            "}",
        ]
    )


def _whose(margin: str, pattern: str) -> list[str]:
    """Return lines that find out whether a user is from the base or a later step."""
    return [
        f"{margin}where='in the base'",
        f"{margin}grep -qs {pattern} {BASE_MOUNT}/etc/passwd ||",
        f"{margin}  where='by what a package, a script or a stage did,'",
    ]


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
