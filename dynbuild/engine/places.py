"""Where a builder is: on this machine, and in its network, or elsewhere."""

import re
from collections.abc import Mapping

from dynbuild.engine.nodes import addressed
from dynbuild.engine.process import TimedOutError, capture
from dynbuild.errors import DynbuildError
from dynbuild.values import dataclass

_SECONDS = 10.0
_LOCAL = ("unix://", "npipe://")


@dataclass(frozen=True, slots=True)
class BuilderPlace:
    """``local``: all of it is on this machine; ``beside``: in this network as well."""

    local: bool
    beside: bool


ELSEWHERE = BuilderPlace(local=False, beside=False)


def builder_place(
    environment: Mapping[str, str], builder: str | None = None
) -> BuilderPlace:
    """Return where a builder is; one that does not tell is elsewhere."""
    with addressed(environment, builder) as (known, name):
        text = _told(known, ["buildx", "inspect", *([name] if name else [])])
    driver = re.search(r"^Driver: +(\S+)$", text, re.MULTILINE)
    endpoints = re.findall(r"^Endpoint: +(\S+)$", text, re.MULTILINE)
    if driver is None or not endpoints:
        return ELSEWHERE
    local = all(_is_local(environment, endpoint) for endpoint in endpoints)
    return BuilderPlace(local, local and driver[1] == "docker")


def _is_local(environment: Mapping[str, str], endpoint: str) -> bool:
    if "://" not in endpoint:
        form = "{{.Endpoints.docker.Host}}"
        words = ["context", "inspect", "--format", form, "--", endpoint]
        endpoint = _told(environment, words).strip()
    return endpoint.startswith(_LOCAL)


def _told(environment: Mapping[str, str], words: list[str]) -> str:
    """Return what docker says; nothing where it does not run, or refuses."""
    try:
        answer = capture(environment, words, _SECONDS)
    except (TimedOutError, DynbuildError):
        return ""
    return answer.stdout.decode("utf-8", "replace") if answer.returncode == 0 else ""
