"""What the commands of a stage may take: memory, processors, time."""

import re

from dynbuild.steps.model import Stage, Step
from dynbuild.values import dataclass

_SIZES = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_MEMORY = re.compile(r"[1-9][0-9]{0,17}[bkmgBKMG]?")
_CPUS = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4})?")
_TIME = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ns|us|µs|ms|s|m|h)){1,20}")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a stage as they are declared: ``512m``, ``1.5``, ``10m``.

    A builder holds its commands to ``memory`` and ``cpus``, if it can; whoever builds,
    to ``timeout``. No digest covers them.
    """

    memory: str | None = None
    cpus: str | None = None
    timeout: str | None = None

    @property
    def of_builder(self) -> "Limits":
        """What a builder is asked to hold to; all that one build makes has the same."""
        return Limits(self.memory, self.cpus)


NONE = Limits()

OF_PACKAGES = "2h"
"""How long a package group may take, where nobody says anything else.

Versions that fit nowhere can keep a resolver busy for ever, a server that trickles any
manager. What is built from sources on an emulated platform takes an hour and more.
"""


def limits_of(step: Step) -> Limits:
    """Return the limits of a step; only stages that run commands have any."""
    if isinstance(step, Stage) and step.commands:
        return Limits(step.memory, step.cpus, step.timeout)
    return NONE


def are_sound(limits: Limits) -> bool:
    """Whether limits can be read: a lock may come from anyone."""
    memory, cpus, timeout = limits.memory, limits.cpus, limits.timeout
    return (
        (memory is None or _MEMORY.fullmatch(memory) is not None)
        and (cpus is None or (_CPUS.fullmatch(cpus) is not None and float(cpus) > 0))
        and (timeout is None or is_duration(timeout))
    )


def is_duration(text: str) -> bool:
    """Whether a text is a time that something may take."""
    return _TIME.fullmatch(text) is not None and seconds(text) > 0


def size(memory: str) -> int:
    """Return an amount of memory, such as 512m, in bytes."""
    number, unit = (memory[:-1], memory[-1]) if memory[-1].isalpha() else (memory, "")
    return int(number) * _SIZES[unit.lower()]


def seconds(duration: str) -> float:
    """Return a duration, such as 1m30s, in seconds."""
    parts = _PART.findall(duration)
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
