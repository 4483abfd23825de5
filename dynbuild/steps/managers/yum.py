"""dnf and yum, for Fedora, RHEL and their descendants.

A removal marks a package as no longer requested and lets dnf decide what is still
needed (dnf(8) mark, autoremove). Plain yum and microdnf cannot mark: there the package
stays.
"""

import re

from dynbuild.steps.managers.manager import Manager, System
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
from dynbuild.steps.run import CacheMount, Run, ScratchMount

_SPEC = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9._+:~^-]*")

_MOUNTS = (
    CacheMount("/var/cache/dnf", "dnf", "locked"),
    CacheMount("/var/cache/libdnf5", "dnf5", "locked"),
    CacheMount("/var/cache/yum", "yum", "locked"),
    ScratchMount("/tmp"),  # noqa: S108 - a path in the image, not of this machine
)

# Metadata in the cache mounts may be long out of date: it is refreshed.
_CONFIGURE = """set -eu
stale=expire-cache
if command -v dnf5 > /dev/null; then
  dnf="dnf5 --setopt=install_weak_deps=False" asked=user needed=dependency
elif command -v dnf > /dev/null; then
  dnf="dnf --setopt=install_weak_deps=False" asked=install needed=remove
elif command -v microdnf > /dev/null; then
  dnf="microdnf --setopt=install_weak_deps=0" asked= stale=all
else
  dnf=yum asked=
fi
$dnf -q clean $stale"""

# Packages that were unneeded before this step are left alone. dnf4 ends each name with
# a line break itself.
_UNNEEDED = r"""if [ -n "$asked" ]; then
  loose=$($dnf -q repoquery --unneeded --qf '%{name}\n' | sort -u)
fi"""

# A spec may name a version: rpm knows which package that is, and whether another spec
# requests the same one. rpm writes next to the database that it reads.
_REMOVE = r"""if [ -n "$asked" ]; then
  named() {
    for spec; do
      rpm -q --qf '%{NAME}\n' "$spec" ||
        rpm -q --qf '%{NAME}\n' --whatprovides "$spec" || :
    done | grep -v ' ' || :
  }
  named @DECLARED@ > /tmp/stays
  cp -R "@base@$(rpm -E '%{_dbpath}')" /tmp/base
  rpm --dbpath /tmp/base -qa --qf '%{NAME}\n' >> /tmp/stays
  free=$(named @LEAVING@ | sort -u | grep -vxFf /tmp/stays || :)
  [ -z "$loose" ] || $dnf -y mark $asked $loose
  [ -z "$free" ] || $dnf -y mark $needed $free
  $dnf -y autoremove
  [ -z "$loose" ] || $dnf -y mark $needed $loose
fi"""

# rpm knows no groups: dnf itself fails where it cannot install one.
_THERE = '{ rpm -q "$package" || rpm -q --whatprovides "$package"; } > /dev/null 2>&1'

# Only dnf can tell without installing anything.
_TRY = """case $dnf in
    dnf*) $dnf -y install --downloadonly "$@" ;;
    *) $dnf -y install "$@" ;;
  esac"""

_SUDO = {
    "dnf": """\
dnf -y --setopt=install_weak_deps=False --setopt=cachedir=/tmp/dnf install sudo
rm -rf /var/log/dnf* /var/log/hawkey.log""",
    "microdnf": """microdnf -y --setopt=install_weak_deps=0 install sudo
microdnf clean all""",
    "yum": """yum -y install sudo
yum clean all
rm -rf /var/cache/yum /var/log/yum.log""",
}

_CLEAN = "rm -rf /var/log/dnf* /var/log/yum.log /var/log/hawkey.log"


def key(spec: str) -> str:
    """Return the spec itself: only rpm knows where a name ends and a version begins."""
    return spec


def run(group: Group) -> Run:
    newer, leaving = upgrades(group), removals(group)
    declared = [spec for spec in sorted(group.declared) if not spec.startswith("@")]
    lines = [_CONFIGURE]
    if group.upgrades:
        lines.append("$dnf -y upgrade")
    if leaving:
        lines.append(_UNNEEDED)
    if wanted(group)[1]:
        lines += tried(group, _TRY, "$dnf -y install")
    elif specs := installs(group):
        lines.append(wrapped("$dnf -y install", specs))
    lines += newest(group, "$dnf -y upgrade", newer)
    if leaving:
        lines.append(fill(_REMOVE, DECLARED=declared, LEAVING=leaving))
    lines += [*all_there(group, declared, _THERE), _CLEAN]
    return Run("\n".join(lines), mounts(group, *_MOUNTS), shell=SHELL)


MANAGER = Manager(
    name="yum",
    kind="rpm",
    accepts=_SPEC.fullmatch,
    form="name, name-version or @group",
    key=key,
    run=run,
    programs=("dnf", "microdnf", "yum"),
    reads=(
        *("etc/dnf", "etc/yum", "etc/yum.conf", "etc/yum.repos.d", "etc/rpm"),
        *("etc/pki/rpm-gpg", "usr/lib/rpm/macros.d"),
    ),
    databases={
        "rpm": r"(?:var/lib/(?:rpm|dnf|yum)|usr/lib/sysimage/(?:rpm|libdnf5))(?:/|\Z)"
        r"|var/cache/(?:dnf|yum|libdnf5)(?:/|\Z)"
        r"|var/log/(?:dnf|yum|hawkey)[^/]*\Z"
    },
    uncounted={"dnf": r"var/log/(?:dnf(?:\.librepo|\.rpm)?|hawkey)\.log"},
    system=System(
        name="Fedora and Red Hat",
        bases=("fedora", "almalinux", "rockylinux", "centos", "amazonlinux"),
        pip="python3-pip",
        installs="install",
        removes=("remove", "erase", "autoremove"),
        sudo=_SUDO,
    ),
)
