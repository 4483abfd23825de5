"""dnf and yum, for Fedora, RHEL and their descendants.

A removal marks a package as no longer asked for and lets dnf decide what is still
needed (dnf(8) mark, autoremove). A plain yum cannot mark: there the package stays.
"""

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
from dynbuild.steps.run import CacheMount, Run

_CACHES = (
    CacheMount("/var/cache/dnf", "dynbuild-dnf-$TARGETARCH", locked=True),
    CacheMount("/var/cache/libdnf5", "dynbuild-dnf5-$TARGETARCH", locked=True),
    CacheMount("/var/cache/yum", "dynbuild-yum-$TARGETARCH", locked=True),
)

_CONFIGURE = """set -eu
dnf=yum asked=: loose=:
if command -v dnf5 > /dev/null; then
  dnf="dnf5 --setopt=install_weak_deps=False" asked="user" loose="dependency"
elif command -v dnf > /dev/null; then
  dnf="dnf --setopt=install_weak_deps=False" asked="install" loose="remove"
fi"""

_REMOVE = r"""if [ "$asked" != : ]; then
  before=$($dnf -q repoquery --unneeded --qf '%{name}\n' | sort -u)
  [ -z "$before" ] || $dnf -y mark $asked $before
  for package in @NAMES@; do
    rpm -q "$package" > /dev/null || continue
    rpm --root @BASE@ -q "$package" > /dev/null ||
      $dnf -y mark $loose "$package"
  done
  $dnf -y autoremove
  [ -z "$before" ] || $dnf -y mark $loose $before
fi"""

_CLEAN = "rm -rf /var/log/dnf* /var/log/yum.log /var/log/hawkey.log"


def key(spec: str) -> str:
    """The spec itself: where a name ends and a version begins, only rpm knows."""
    return spec


def run(group: Group) -> Run:
    lines = [_CONFIGURE]
    wanted = installs(group)
    if wanted:
        lines.append(f"$dnf -y install {words(wanted)}")
    newer = upgrades(group)
    if newer:
        lines.append(f"$dnf -y upgrade {words(newer)}")
    leaving = removals(group)
    if leaving:
        lines.append(fill(_REMOVE, leaving))
    there = (
        '{ rpm -q "$package" || rpm -q --whatprovides "$package"; } > /dev/null 2>&1'
    )
    lines += [*all_there(sorted(group.declared), there), _CLEAN]
    return Run("\n".join(lines), mounts(group, *_CACHES))
