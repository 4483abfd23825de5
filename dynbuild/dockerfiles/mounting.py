"""The mounts of a RUN, as a stage has them."""

import csv
import posixpath
import re
from collections.abc import Callable
from dataclasses import field

from dynbuild.declaration import grammar
from dynbuild.declaration.grammar import matches
from dynbuild.dockerfiles.copying import Source
from dynbuild.dockerfiles.scope import PLATFORM, UnknownError
from dynbuild.dockerfiles.state import State
from dynbuild.values import dataclass

_TARGET = "target dst destination"
_WRITES = "ro readonly rw readwrite"
_PLATFORMS = "|".join(rf"\${one}\b|\$\{{{one}\}}" for one in sorted(PLATFORM))
_OPTIONS = {
    "cache": f"id sharing mode uid gid {_TARGET} {_WRITES}",
    "secret": f"id required env mode uid gid {_TARGET}",
    "ssh": f"id required mode uid gid {_TARGET}",
    "tmpfs": f"size {_TARGET} {_WRITES}",
    "bind": f"source src from {_TARGET} {_WRITES}",
}


@dataclass(slots=True)
class Mounted:
    """What the mounts of a RUN come to: fields of its stage, and what differs."""

    fields: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    caches: dict[str, dict[str, object]] = field(default_factory=dict)
    ssh: bool = False
    reasons: list[str] = field(default_factory=list)


def mount(mounted: Mounted, state: State, value: str, source: Source) -> None:
    """Add the mount of one flag. Raises UnknownError."""
    options: dict[str, str] = {}
    for part in next(csv.reader([value])):
        name, _, text = part.partition("=")
        name = name.strip().lower()
        # Each platform has caches of its own anyway.
        text = re.sub(_PLATFORMS, "", text) if name == "id" else text
        options[name] = state.scope.static(text)
    kind = options.pop("type", "bind")
    if kind not in _OPTIONS:
        raise UnknownError(f"a stage has no mount of type {kind}")
    odd = sorted(options.keys() - set(_OPTIONS[kind].split()))
    if odd:
        raise UnknownError(f"a mount of a stage has no option {odd[0]!r}")
    _KINDS[kind](mounted, state, options, source)


def cache_id(text: str) -> str:
    """Return an id of a cache mount as a declaration takes it."""
    near = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")
    return near[:100] or "cache"


def _target(state: State, options: dict[str, str]) -> str | None:
    given = next((options[one] for one in _TARGET.split() if options.get(one)), None)
    if given is None:
        return None
    path = state.path(given).rstrip("/")
    if path.strip("/").split("/")[0] in ("", "dev", "proc", "sys"):
        raise UnknownError(f"nothing can be mounted at {path or '/'}")
    return path


def _required(state: State, options: dict[str, str], what: str) -> str:
    target = _target(state, options)
    if target is None:
        raise UnknownError(f"its {what} has no target")
    return target


def _cache(
    mounted: Mounted, state: State, options: dict[str, str], source: Source
) -> None:
    del source
    target = _required(state, options, "cache mount")
    made: dict[str, object] = {"target": target}
    if options.get("id"):
        made["id"] = cache_id(options["id"])
    if options.get("sharing", "shared") != "shared":
        made["sharing"] = options["sharing"]
    if "mode" in options:
        made["mode"] = options["mode"]
    if options.get("uid", "0") != (state.user or "0").partition(":")[0]:
        mounted.reasons.append("its cache mount belongs to the user of the stage")
    mounted.caches[target] = made


def _secret(
    mounted: Mounted, state: State, options: dict[str, str], source: Source
) -> None:
    del source
    target = _target(state, options)
    id_ = options.get("id") or posixpath.basename(target or "")
    if not matches(grammar.SECRET_ID, id_):
        raise UnknownError(f"{id_!r} is not an id of a secret")
    secret: dict[str, object] = {"id": id_}
    if "env" in options:
        secret["env"] = options["env"]
    if target and target != f"/run/secrets/{id_}":
        secret["target"] = target
    mounted.fields.setdefault("secrets", []).append(secret)
    own = (state.user or "0").partition(":")[0]
    if options.get("uid", own) != own or options.get("mode", "0400") != "0400":
        mounted.reasons.append("its secret is for the user of the stage alone")
    if options.get("required", "false").lower() != "true":
        mounted.reasons.append(f"the secret {id_} has to be given: --secret id={id_},…")


def _ssh(
    mounted: Mounted, state: State, options: dict[str, str], source: Source
) -> None:
    del state, options, source
    mounted.ssh = True
    mounted.reasons.append("the SSH agent has to be given: --ssh default")


def _bind(
    mounted: Mounted, state: State, options: dict[str, str], source: Source
) -> None:
    target = _required(state, options, "mount")
    path = options.get("source") or options.get("src") or "/"
    bound: dict[str, object] = {"from": posixpath.normpath(path.lstrip("/") or ".")}
    if "from" in options:
        bound = {**source(options["from"]), "from": posixpath.join("/", path)}
    if {"rw", "readwrite"} & options.keys():
        mounted.reasons.append("its bind mount is read-only here")
    mounted.fields.setdefault("mounts", []).append({**bound, "to": target})


def _tmpfs(
    mounted: Mounted, state: State, options: dict[str, str], source: Source
) -> None:
    del source
    target = _required(state, options, "mount in memory")
    made: dict[str, object] = {"target": target}
    if "size" in options:
        made["size"] = _amount(options["size"])
    mounted.fields.setdefault("tmpfs", []).append(made)


def _amount(text: str) -> str:
    """Return an amount of memory as a declaration has it, of Docker's spellings."""
    match = re.fullmatch(r"([1-9][0-9]{0,11}) ?([kmg]?)(?:i?b)?", text.lower())
    if match is None:
        raise UnknownError(f"{text!r} is not an amount of memory of a declaration")
    return match[1] + match[2]


_KINDS: dict[str, Callable[[Mounted, State, dict[str, str], Source], None]] = {
    "cache": _cache,
    "secret": _secret,
    "ssh": _ssh,
    "bind": _bind,
    "tmpfs": _tmpfs,
}
