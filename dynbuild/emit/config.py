"""The config of the image, as the last stage of the Dockerfile would make it."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import cast

from dynbuild.digest import Field
from dynbuild.emit.runtime import image_environment
from dynbuild.lockfile.model import Lock
from dynbuild.steps.environment import Environments
from dynbuild.steps.image import Healthcheck
from dynbuild.steps.late import settled

ROOT = "0"
"""Who runs what nobody is named for: a base without /etc/passwd knows no names."""

_UNITS = {"h": 3600e9, "m": 60e9, "s": 1e9, "ms": 1e6, "us": 1e3, "µs": 1e3, "ns": 1.0}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|us|µs|ns|m|s)")


def image_config(
    lock: Lock, environments: Environments, base: Mapping[str, Field]
) -> dict[str, Field]:
    """The config of the image that stands on a base with a config of its own."""
    own = dict(cast("Mapping[str, Field]", base.get("config") or {}))
    for inherited in ("OnBuild", "ArgsEscaped"):
        own.pop(inherited, None)
    config = settled(lock.config, {})
    own["Shell"] = list(lock.shell)
    own["User"] = _user(lock)
    own.pop("WorkingDir", None)
    if _says_where(lock):
        own["WorkingDir"] = working_directory(lock)
    own["Env"] = _variables(own, image_environment(lock, environments))
    _add(own, "Labels", config.labels)
    _add(own, "ExposedPorts", {p: {} for text in config.expose for p in ports(text)})
    _add(own, "Volumes", {path: {} for path in config.volumes})
    if config.stop_signal is not None:
        own["StopSignal"] = config.stop_signal
    if config.healthcheck is not None:
        own["Healthcheck"] = _healthcheck(config.healthcheck)
    if config.entrypoint is not None:
        own["Entrypoint"] = list(config.entrypoint)
        # A Dockerfile's ENTRYPOINT takes away the CMD that came with the base.
        own.pop("Cmd", None)
    if config.cmd is not None:
        own["Cmd"] = list(config.cmd)
    return {**platform_of(base), "config": own}


def step_config(
    lock: Lock, base: Mapping[str, Field], more: Mapping[str, str] | None = None
) -> dict[str, Field]:
    """The config below every step: root in ``/`` with the declaration's shell.

    ``more`` are variables that a shell is to see as well.
    """
    own = cast("Mapping[str, Field]", base.get("config") or {})
    return {
        **platform_of(base),
        "config": {
            "Env": _variables(own, more or {}),
            "Shell": list(lock.shell),
            "User": ROOT,
            "WorkingDir": "/",
        },
    }


def platform_of(base: Mapping[str, Field]) -> dict[str, Field]:
    """The fields by which a config says what it runs on."""
    names = ("architecture", "variant", "os", "os.version", "os.features")
    return {name: base[name] for name in names if name in base}


def working_directory(lock: Lock) -> str:
    """Where the image's process starts, as it was written: ``/a/../b`` stays."""
    return posixpath.join("/", lock.config.workdir or lock.base.workdir)


def _says_where(lock: Lock) -> bool:
    """Whether a Dockerfile of this lock has a WORKDIR at all."""
    stages = (entry.stage for entry in lock.stages.values())
    return bool(
        lock.config.workdir
        or lock.base.workdir
        or any(stage.workdir for stage in stages if not stage.build_only)
    )


def ports(text: str) -> Iterator[str]:
    """``8000-8002/tcp`` one by one."""
    numbers, _, protocol = text.partition("/")
    first, _, last = numbers.partition("-")
    for number in range(int(first), int(last or first) + 1):
        yield f"{number}/{(protocol or 'tcp').lower()}"


def _user(lock: Lock) -> str:
    user = lock.user.name if lock.user else lock.config.user or lock.base.user
    return ROOT if user in ("", "root") else user


def _variables(own: Mapping[str, Field], more: Mapping[str, str]) -> list[Field]:
    base_variables = cast("list[str]", own.get("Env") or [])
    variables = dict(text.partition("=")[::2] for text in base_variables)
    variables |= dict(sorted(more.items()))
    return [f"{name}={value}" for name, value in variables.items()]


def _add(own: dict[str, Field], name: str, more: Mapping[str, Field]) -> None:
    if more:
        inherited = cast("Mapping[str, Field]", own.get(name) or {})
        own[name] = {**inherited, **more}


def _healthcheck(check: Healthcheck) -> dict[str, Field]:
    if check.none:
        return {"Test": ["NONE"]}
    test: list[Field] = ["CMD", *check.cmd]
    if check.shell is not None:
        test = ["CMD-SHELL", check.shell]
    fields: dict[str, Field] = {"Test": test}
    for name, text in (
        ("Interval", check.interval),
        ("Timeout", check.timeout),
        ("StartPeriod", check.start_period),
        ("StartInterval", check.start_interval),
    ):
        if text is not None:
            fields[name] = _nanoseconds(text)
    if check.retries is not None:
        fields["Retries"] = check.retries
    return fields


def _nanoseconds(text: str) -> int:
    return round(sum(float(n) * _UNITS[unit] for n, unit in _DURATION.findall(text)))
