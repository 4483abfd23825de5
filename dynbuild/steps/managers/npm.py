"""npm, for command-line tools installed globally.

Global packages share nothing, so each is independent: only the packages that a group
names are touched. The base's packages stay.
"""

import re
from collections.abc import Iterator

from dynbuild.quote import shell
from dynbuild.steps.managers import logins, npm_pinned, npm_registry
from dynbuild.steps.managers.left_out import LEFT_OUT, mark_of
from dynbuild.steps.managers.manager import Manager
from dynbuild.steps.managers.script import (
    SHELL,
    all_there,
    fill,
    installs,
    mounts,
    removals,
    tried,
    wanted,
    wrapped,
)
from dynbuild.steps.model import Group
from dynbuild.steps.pinned import NOBODY, Pinned
from dynbuild.steps.run import CacheMount, Run

_SPEC = re.compile(
    r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~][a-z0-9._~-]*"
    r"(?:@[A-Za-z0-9._~^<>=|*+-][A-Za-z0-9._~^<>=|*+ -]*)?"
)

_CONFIGURE = """set -eu
export NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_FUND=false NPM_CONFIG_AUDIT=false
export NPM_CONFIG_CACHE=/root/.npm
command -v npm > /dev/null || {
  echo 'dynbuild: npm_packages need npm, and it is not there: add "npm" to' \\
    'apt_packages, or take a base that has Node.js' >&2
  exit 1
}
root=$(npm root -g)"""

_REMOVE = """for package in @LEAVING@; do
  [ -e "@base@$root/$package" ] || npm uninstall -g "$package"
done"""


# Only a reachable registry can say that it does not have a package.
_TRY = 'npm install -g --dry-run "$@"'


def key(spec: str) -> str:
    """Return ``@scope/tool`` for ``@scope/tool@1.2``, ``tool`` for ``tool@^3``."""
    return spec[0] + spec[1:].split("@", 1)[0]


def run(group: Group) -> Run:
    lines = [_CONFIGURE, *logins.npmrc(group)]
    leaving, specs = removals(group), installs(group)
    if leaving:
        lines.append(fill(_REMOVE, LEAVING=leaving))
    pinned = group.pinned
    install = "npm install -g"
    if pinned is not None:
        lines.append(npm_registry.BEFORE)
    if pinned is not None and pinned.noting:
        lines.append(npm_registry.NOTED)
        install = "noted"
    if pinned is not None and not pinned.noting:
        lines += npm_pinned.install(pinned)
        lines += _left_out(group, pinned)
    elif wanted(group)[1]:
        lines += tried(group, _TRY, install)
    elif specs:
        lines.append(wrapped(install, specs))
    lines += all_there(group, sorted(group.declared), '[ -e "$root/$package" ]')
    if pinned is not None:
        lines.append(npm_pinned.note(group))
    scratch = () if pinned is None else (npm_pinned.MOUNT,)
    own = (CacheMount("/root/.npm", "npm"), *scratch, *logins.mounts(group))
    return Run("\n".join(lines), mounts(group, *own), shell=SHELL)


def _left_out(group: Group, pinned: Pinned) -> Iterator[str]:
    """Yield lines that say again what was not to be had when versions were noted."""
    names = [one for one in sorted(group.gone) if pinned.versions.get(one) == NOBODY]
    if names:
        yield LEFT_OUT
    for name in names:
        spec = group.declared[name]
        yield f"left_out {shell(spec)} {mark_of(group.manager, spec)}"


MANAGER = Manager(
    name="npm",
    kind="npm",
    accepts=_SPEC.fullmatch,
    form="name, name@version or @scope/name",
    key=key,
    run=run,
    index_field="npm_registry",
    pinning=npm_pinned.PINNING,
    reads=("etc/npmrc", "usr/etc/npmrc", "usr/local/etc/npmrc", "root/.npmrc"),
    uncounted={
        # A log for each run, named by its time; the index of server responses.
        "npm": r"(?:.+/)?\.npm/(?:_logs/[^/]+-debug-\d+\.log"
        r"|_cacache/index-v5/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]+)"
    },
)
