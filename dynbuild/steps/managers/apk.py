"""apk, for Alpine and its descendants.

apk keeps the list of requested packages in /etc/apk/world, and installs exactly what
that list needs; ``apk del`` removes a name from it (apk-world(5)).
"""

import re

from dynbuild.steps.managers.manager import Manager, System
from dynbuild.steps.managers.presence import ReadText, absent, others
from dynbuild.steps.managers.script import (
    SHELL,
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

_SPEC = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._+-]*"
    r"(?:(?:=|<=?|>=?|~=?)[A-Za-z0-9._-]+)?(?:@[a-z0-9]+)?"
)

_WORLD = "etc/apk/world"
_IN_WORLD = "sed 's/[<>=~@].*//' /etc/apk/world | grep -qxF \"$package\""

# The base's requests remain, with the base's specs. Packages that were left out are
# not listed: apk fails for a name that it does not know.
_REMOVE = rf"""for package in @LEAVING@; do
  own=$(awk -F '[<>=~@]' -v name="$package" '$1 == name' @base@/etc/apk/world)
  if [ -n "$own" ]; then apk add --no-cache "$own"
  elif {_IN_WORLD}; then apk del --no-cache "$package"
  fi
done"""

_CLEAN = "rm -f /var/log/apk.log"


def key(spec: str) -> str:
    """Return ``nginx`` for ``nginx=1.26.2-r0``, ``nginx~1.26``, ``nginx@edge``."""
    return re.split(r"[<>=~@]", spec, maxsplit=1)[0]


def run(group: Group) -> Run:
    lines = ["set -eu"]
    newer, leaving = upgrades(group), removals(group)
    if group.upgrades:
        lines.append("apk upgrade --no-cache")
    if wanted(group)[1]:
        lines += tried(group, 'apk add --no-cache -s "$@"', "apk add --no-cache")
    elif specs := installs(group):
        lines.append(wrapped("apk add --no-cache", specs))
    lines += newest(group, "apk add --no-cache --upgrade", newer)
    if leaving:
        lines.append(fill(_REMOVE, LEAVING=leaving))
    lines.append(_CLEAN)
    return Run("\n".join(lines), mounts(group), shell=SHELL)


def missing(group: Group, text: ReadText) -> tuple[str, ...]:
    """Return the declared packages that are not among those requested.

    Another package may provide the name: the list has the names as requested.
    """
    return absent(group, text, others(group), lambda: map(key, text(_WORLD).split()))


MANAGER = Manager(
    name="apk",
    kind="apk",
    accepts=_SPEC.fullmatch,
    form="name, name=version, name~version or name@repository",
    key=key,
    run=run,
    missing=missing,
    shows=_WORLD,
    programs=("apk",),
    reads=("etc/apk/repositories", "etc/apk/repositories.d", "etc/apk/keys"),
    databases={
        "apk": r"(?:usr/)?lib/apk/db(?:/|\Z)|etc/apk/world\Z|var/cache/apk(?:/|\Z)"
        r"|var/log/apk\.log\Z"
    },
    system=System(
        name="Alpine",
        bases=("alpine",),
        pip="py3-pip",
        installs="add",
        removes=("del",),
        sudo={"apk": "apk add --no-cache sudo"},
    ),
)
