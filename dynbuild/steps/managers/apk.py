"""apk, for Alpine and its descendants.

apk keeps the list of what was asked for in /etc/apk/world, and has installed exactly
what that needs; ``apk del`` takes a name out of it (apk-world(5)).
"""

import re

from dynbuild.steps.managers.script import (
    SHELL,
    all_there,
    fill,
    installs,
    mounts,
    newest,
    removals,
    tried,
    upgrades,
    wanted,
    wrapped,
)
from dynbuild.steps.model import Group
from dynbuild.steps.run import Run

# The name may be one that another package provides: the list says what was asked for.
_IN_WORLD = "sed 's/[<>=~@].*//' /etc/apk/world | grep -qxF \"$package\""

# What the base asks for stays asked for, in the base's way. What was left out is not
# there: apk fails for a name that it does not know.
_REMOVE = rf"""for package in @LEAVING@; do
  own=$(awk -F '[<>=~@]' -v name="$package" '$1 == name' @base@/etc/apk/world)
  if [ -n "$own" ]; then apk add --no-cache "$own"
  elif {_IN_WORLD}; then apk del --no-cache "$package"
  fi
done"""

_CLEAN = "rm -f /var/log/apk.log"


def key(spec: str) -> str:
    """``nginx`` of ``nginx=1.26.2-r0``, ``nginx~1.26``, ``nginx@edge``."""
    return re.split(r"[<>=~@]", spec, maxsplit=1)[0]


def run(group: Group) -> Run:
    lines = ["set -eu"]
    newer, leaving = upgrades(group), removals(group)
    if wanted(group)[1]:
        lines += tried(group, 'apk add --no-cache -s "$@"', "apk add --no-cache")
    elif specs := installs(group):
        lines.append(wrapped("apk add --no-cache", specs))
    lines += newest(group, "apk add --no-cache --upgrade", newer)
    if leaving:
        lines.append(fill(_REMOVE, LEAVING=leaving))
    lines += [*all_there(group, sorted(group.declared), _IN_WORLD), _CLEAN]
    return Run("\n".join(lines), mounts(group), shell=SHELL)
