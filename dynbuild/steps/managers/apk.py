"""apk, for Alpine and its descendants.

apk keeps the list of what was asked for in /etc/apk/world; ``apk del`` takes a name
out of it and removes what nothing needs any more (apk-world(5)).
"""

import re

from dynbuild.quote import words
from dynbuild.steps.managers.script import (
    all_there,
    fill,
    installs,
    mounts,
    removals,
    upgrades,
)
from dynbuild.steps.model import Group
from dynbuild.steps.run import Run

_REMOVE = r"""for package in @NAMES@; do
  sed 's/[<>=~@].*//' @BASE@/etc/apk/world | grep -qxF "$package" ||
    apk del --no-cache "$package"
done"""


def key(spec: str) -> str:
    """``nginx`` of ``nginx=1.26.2-r0``, ``nginx~1.26``, ``nginx@edge``."""
    return re.split(r"[<>=~@]", spec, maxsplit=1)[0]


def run(group: Group) -> Run:
    lines = ["set -eu"]
    wanted = installs(group)
    if wanted:
        lines.append(f"apk add --no-cache {words(wanted)}")
    newer = upgrades(group)
    if newer:
        lines.append(f"apk add --no-cache --upgrade {words(newer)}")
    leaving = removals(group)
    if leaving:
        lines.append(fill(_REMOVE, leaving))
    lines += all_there(sorted(group.declared), 'apk info -e "$package" > /dev/null')
    return Run("\n".join(lines), mounts(group))
