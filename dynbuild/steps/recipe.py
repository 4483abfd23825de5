"""From a step to what it executes: the one place that writes scripts."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from dynbuild.digest import sha256, short
from dynbuild.quote import shell
from dynbuild.steps.managers import MANAGERS
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
    CacheMount,
    Mount,
    Run,
    SecretMount,
    SshMount,
)

STAGE_RECIPE = 1
"""Grows whenever the script of a stage is written in another way: digests cover it."""

_SUDO = """command -v sudo > /dev/null || {
  if command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -y -q --no-install-recommends sudo
    rm -rf /var/lib/apt/lists/* /var/log/apt/* /var/log/dpkg.log
  elif command -v dnf > /dev/null; then dnf -y install sudo
  elif command -v yum > /dev/null; then yum -y install sudo
  elif command -v apk > /dev/null; then apk add --no-cache sudo
  else
    echo 'dynbuild: sudo = true needs sudo, and the base has no apt, dnf or apk' >&2
    exit 1
  fi
}"""


def run_of(step: Step, environment: Mapping[str, str], user: User | None) -> Run | None:
    """What a step executes, or None for a stage that only copies.

    ``environment`` is what the step's commands see beyond the base's variables;
    ``user`` is the declared user, whose uid the mounts of its stages get.
    """
    match step:
        case Group():
            return MANAGERS[step.manager].run(step)
        case AptSource():
            return Run(_source_script(step))
        case Script():
            return Run(f"set -e\n{step.text}")
        case User():
            return Run(_user_script(step))
        case Stage():
            return _stage_run(step, environment, user)


def copies_of(step: Step) -> tuple[Copy, ...]:
    """The files that a step takes before it runs."""
    match step:
        case Stage():
            return step.copies
        case AptSource(key=str(path), key_digest=digest):
            return (
                Copy(path, _key_path(step), owner="0:0", mode="644", digest=digest),
            )
        case _:
            return ()


def user_packages(user: User | None) -> frozenset[str]:
    """Packages that the user step needs, whatever the package lists say."""
    return frozenset({"sudo"}) if user and user.sudo else frozenset()


def _stage_run(
    stage: Stage, environment: Mapping[str, str], user: User | None
) -> Run | None:
    if not stage.commands:
        return None
    exports = [
        f"export {name}={shell(value)}" for name, value in sorted(environment.items())
    ]
    script = "\n".join(["set -e", *exports, *stage.commands])
    return Run(
        script,
        _stage_mounts(stage, user),
        user=stage.user,
        workdir=stage.workdir,
        shell=stage.shell,
        network=stage.network,
    )


def _stage_mounts(stage: Stage, user: User | None) -> tuple[Mount, ...]:
    uid, gid = _ids(stage.user, user)
    mounts: list[Mount] = [
        CacheMount(
            target, f"dynbuild-{target.strip('/')}-{uid}-$TARGETARCH", uid=uid, gid=gid
        )
        for target in stage.cache_mounts
    ]
    mounts += [
        SecretMount(secret.id, secret.env, secret.target, uid, gid)
        for secret in stage.secrets
    ]
    if stage.ssh:
        mounts.append(SshMount(uid, gid))
    return tuple(mounts)


def _ids(name: str, user: User | None) -> tuple[int, int]:
    """uid and gid of a stage's user; the declaration's check made sure of them."""
    if user is not None and name == user.name:
        return user.uid, user.uid
    numbers = [int(number) for number in re.findall(r"\d+", name)]
    uid = numbers[0] if name[0].isdigit() else 0
    return uid, numbers[1] if name[0].isdigit() and len(numbers) > 1 else uid


def _user_script(user: User) -> str:
    name, uid, login = shell(user.name), user.uid, shell(user.shell)
    taken = shell(
        f"dynbuild: the base has a user {user.name} with another uid; declare it as "
        f'user = {{ name = "{user.name}", uid = N }} with N being'
    )
    lines = [
        "set -eu",
        f"if ! id -u {name} > /dev/null 2>&1; then",
        "  if command -v useradd > /dev/null; then",
        f"    useradd --uid {uid} --user-group --create-home --shell {login} {name}",
        "  else",
        f"    adduser -D -u {uid} -s {login} {name}",
        "  fi",
        "fi",
        f'[ "$(id -u {name})" = {uid} ] || {{',
        f'  echo {taken} "$(id -u {name})" >&2',
        "  exit 1",
        "}",
    ]
    if user.sudo:
        rule = shell(f"{user.name} ALL=(ALL:ALL) NOPASSWD: ALL")
        place = shell(f"/etc/sudoers.d/{user.name}")
        lines += [
            _SUDO,
            f"echo {rule} > {place}",
            f"chmod 0440 {place}",
        ]
    return "\n".join(lines)


def _source_script(source: AptSource) -> str:
    fields = {
        "Types": "deb",
        "URIs": source.uri,
        "Suites": " ".join(source.suites),
        "Components": " ".join(source.components),
        "Signed-By": _key_path(source) if source.key else "",
    }
    lines = [shell(f"{name}: {value}") for name, value in fields.items() if value]
    place = f"/etc/apt/sources.list.d/{source_name(source)}.sources"
    return f"set -eu\nprintf '%s\\n' {' '.join(lines)} > {place}"


def source_name(source: AptSource) -> str:
    """A file name that says where a source comes from and that no other has."""
    address = urlsplit(source.uri)
    spoken = re.sub(r"[^a-z0-9]+", "-", f"{address.hostname}{address.path}".lower())
    identity = "\n".join([source.uri, *source.suites, *source.components])
    return f"{spoken.strip('-')[:60]}-{short(sha256(identity.encode()))[:8]}"


def _key_path(source: AptSource) -> str:
    return f"/etc/apt/keyrings/{source_name(source)}.asc"
