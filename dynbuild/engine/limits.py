"""Limits of steps: what a builder is asked to hold to, and time, watched from here.

BuildKit takes them for a whole build, so all steps of one build have the same.
"""

import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import field, replace

from dynbuild.building import BuildRequest
from dynbuild.engine.process import Alarm, Process
from dynbuild.engine.rawjson import PlatformStep
from dynbuild.errors import Diagnostic
from dynbuild.quote import StageName
from dynbuild.steps.limits import NONE, Limits, seconds
from dynbuild.values import dataclass

OLDEST_BUILDKIT = (0, 31)
"""The first BuildKit that limits what a step may take (moby/buildkit#6569)."""

_PERIOD = 100_000
"""Microseconds in which a step may use its share of processors; the kernel's usual."""

_VERSION = re.compile(r"^BuildKit(?: version)?: +v(\d+)\.(\d+)", re.MULTILINE)


class Deadlines:
    """Ends a build when a step runs longer than it may; a ``process.Watch``."""

    def __init__(self, limits: Mapping[StageName, Limits]) -> None:
        self.seconds = {
            step: seconds(one.timeout)
            for step, one in limits.items()
            if one.timeout is not None
        }
        self._alarms: dict[PlatformStep, Alarm] = {}
        self._process: Process | None = None

    def watch(self, process: Process) -> None:
        self._process = process

    def off(self) -> None:
        self.time(())

    def time(self, running: Collection[PlatformStep]) -> None:
        """Time the steps that run now, and no others any more."""
        for place, alarm in [*self._alarms.items()]:
            if place not in running:
                alarm.off()
                if not alarm.rang:
                    # One that runs again is timed again.
                    del self._alarms[place]
        for place in running:
            limit = self.seconds.get(place[0])
            if limit is not None and place not in self._alarms and self._process:
                self._alarms[place] = alarm = Alarm(limit)
                alarm.watch(self._process)

    @property
    def late(self) -> PlatformStep | None:
        """The step for which the build was ended, if it was."""
        rang = (place for place, alarm in self._alarms.items() if alarm.rang)
        return next(rang, None)


@dataclass(frozen=True, slots=True)
class Holding:
    """Asks builders to hold steps to their limits, and tells once of one that cannot.

    ``help_`` returns what buildx says of ``build``, ``inspected`` of a builder.
    """

    help_: Callable[[], str]
    inspected: Callable[[str | None], str]
    tell: Callable[[Diagnostic], None]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _lacking: dict[str | None, str] = field(default_factory=dict)
    """What each builder lacks; nothing where it may be able to limit steps."""

    def held(self, request: BuildRequest, steps: Collection[StageName]) -> BuildRequest:
        """Return the request for a build of some steps with what limits them all."""
        own = {request.limits.get(step, NONE).of_builder for step in steps}
        if own == {NONE}:
            return request
        (limits,) = own
        with self._lock:
            if request.builder not in self._lacking:
                lacking = self._lack(request.builder)
                if lacking and lacking not in self._lacking.values():
                    self.tell(_unheld(request.limits.values(), lacking))
                self._lacking[request.builder] = lacking
            if self._lacking[request.builder]:
                return request
        return replace(request, resources=resources(limits))

    def _lack(self, builder: str | None) -> str:
        """Return what a builder lacks to limit steps; nothing if it may be able to.

        A BuildKit that does not say its version is asked: older ones take no notice.
        """
        if "--resource " not in self.help_():
            return "this docker's buildx is older than 0.35"
        version = _VERSION.search(self.inspected(builder))
        known = (int(version[1]), int(version[2])) if version else (0, 0)
        if (0, 0) < known < OLDEST_BUILDKIT:
            oldest = ".".join(map(str, OLDEST_BUILDKIT))
            return f"the BuildKit of {builder or 'docker'} is older than {oldest}"
        return ""


def resources(limits: Limits) -> tuple[str, ...]:
    """Return limits as buildx takes them (docker/buildx#3876)."""
    found = [f"memory={limits.memory}"] if limits.memory else []
    if limits.cpus:
        quota = round(float(limits.cpus) * _PERIOD)
        found += [f"cpu-period={_PERIOD}", f"cpu-quota={quota}"]
    return tuple(found)


def _unheld(declared: Iterable[Limits], lacking: str) -> Diagnostic:
    each = [*declared]
    names = ["memory"] if any(one.memory for one in each) else []
    names += ["cpus"] if any(one.cpus for one in each) else []
    message = f"stages are not held to their {' and '.join(names)} here: {lacking}"
    hint = "upgrade it; until then they may take all that the builder has"
    return Diagnostic("DB0516", message, hint=hint, severity="warning")
