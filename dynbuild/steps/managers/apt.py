"""apt, for Debian and its descendants.

A removal clears the mark of manual installation and lets apt decide what is still
needed (apt-mark(8), apt-get(8) autoremove): dependencies of other packages stay, as do
the base's packages and any that earlier steps left unneeded.
"""

import re
from collections.abc import Iterator

from dynbuild.quote import shell
from dynbuild.steps.managers import apt_pinned, apt_snapshot, logins
from dynbuild.steps.managers.left_out import marked
from dynbuild.steps.managers.manager import Manager, System
from dynbuild.steps.managers.presence import ReadText, absent, others
from dynbuild.steps.managers.script import (
    SHELL,
    fill,
    freshened,
    installs,
    mounts,
    removals,
    tried,
    wanted,
    wrapped,
)
from dynbuild.steps.model import Group, Index
from dynbuild.steps.run import CacheMount, Run, ScratchMount

# A table of the lock has the name that no package can have.
_SPEC = re.compile(
    r"(?!undeclared(?:[=/].*)?\Z)[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?"
    r"(?:=[A-Za-z0-9.+~:*?-]+|/[A-Za-z0-9._-]+)?(?<!-)"
)
_REFUSALS = (
    (r"-$", "apt would remove a package that ends in -", None),
    (r"[A-Z].*", "names of Debian packages are lower case", None),
    (r"[*?\[^]", "apt would take it for a pattern or a task", "name each package"),
    (r"==", "a version is pinned with one =", None),
    (
        r"undeclared(?:[=/].*)?\Z",
        "a lock has no place for a package of this name",
        None,
    ),
)

_MOUNTS = (
    CacheMount("/var/cache/apt", "apt", "locked"),
    ScratchMount("/tmp"),  # noqa: S108 - a path in the image, not of this machine
)

# The image's own configuration is read first, so that ours wins (apt.conf(5)), and not
# again afterwards (Etc::Parts).
# - Downloads and lists are separate per distribution: apt trusts existing files by
#   name and size, and drops the lists of sources that it does not know. There they also
#   stay: images of Debian and Ubuntu empty apt's usual places after each run
#   (docker-clean), and turn its binary caches off, which are worth seconds.
# - An unreachable source is an error, not a reason to work with old lists.
# - A misspelt name is an error, not a regular expression.
# - A changed configuration file is the work of an earlier step: it stays.
# - sudo refuses to be removed where root has no password, as in most images.
# - No section of packages is exempt from auto marks, so that a removal finds the
#   marks that the installation set.
_CONFIGURE = """set -eu
export DEBIAN_FRONTEND=noninteractive APT_CONFIG=/tmp/apt.conf SUDO_FORCE_REMOVE=yes
cache=/var/cache/apt/$(. /etc/os-release && echo "$ID-${VERSION_ID:-rolling}")
mkdir -p "$cache/archives/partial" "$cache/lists/partial"
cat > /tmp/apt.conf <<CONF
#include "/etc/apt/apt.conf.d/";
#clear APT::Never-MarkAuto-Sections; #clear APT::Move-Autobit-Sections;
Dir { Etc::Parts "/dev/null"; Cache "$cache"; State::Lists "$cache/lists"; };
Dir::Cache { pkgcache "pkgcache.bin"; srcpkgcache "srcpkgcache.bin"; };
APT { Cmd::Pattern-Only "true"; Update::Error-Mode "any"; }; Acquire::Retries "3";
Dpkg::Options { "--force-confdef"; "--force-confold"; };
CONF"""

# What goes is decided by what is installed: no source is asked. Reading the lists would
# take seconds of the processor.
_WITHOUT_LISTS = """mkdir -p /tmp/lists/partial
cat >> /tmp/apt.conf <<'CONF'
Dir::State::Lists "/tmp/lists";
Dir::Cache { pkgcache ""; srcpkgcache ""; };
CONF"""

# Packages that were unneeded before this step are left alone. What is only recommended
# or suggested is not needed.
_UNNEEDED = r"""cd /tmp
echo 'APT::AutoRemove { RecommendsImportant "false"; SuggestsImportant "false"; };' \
  >> apt.conf
apt-get -s autoremove > plan
sed -n 's/^Remv \([^ :]*\).*/\1/p' plan > stays"""

# Every installed package under each of its names: its own, with its architecture, and
# those that it provides. Lines of "name package", with apt's name of the package.
_NAMES = r"""dpkg-query -W \
  -f '${db:Status-Status} ${Package} ${Architecture} ${Provides}\n' > installed
awk -v native="$(dpkg --print-architecture)" '$1 == "installed" {
  own = ($3 == native || $3 == "all")
  package = own ? $2 : $2 ":" $3
  if (own) { print $2, $2; seen[$2] } else foreign[$2] = package
  print $2 ":" ($3 == "all" ? native : $3), package
  gsub(/\([^)]*\)|,/, " ")
  for (i = 4; i <= NF; i++) print $i, package
}
END { for (name in foreign) if (!(name in seen)) print name, foreign[name] }
' installed > names
printf '%s\n' @DECLARED@ > declared"""

_REMOVE = r"""# What is no longer declared loses its mark, unless the base asks for it.
printf '%s\n' @LEAVING@ > leaving
named() { awk 'FNR == NR { asked[$1]; next } $1 in asked { print $2 }' "$1" names; }
named declared > asked
apt-mark showmanual -o Dir::State=@base@/var/lib/apt \
  -o Dir::State::status=@base@/var/lib/dpkg/status >> asked
named leaving | { grep -vxFf asked || :; } | sort -u | xargs -r apt-mark auto
# What nothing needs then goes, except what the base had.
dpkg-query --admindir=@base@/var/lib/dpkg -W -f '${Package}\n' >> stays
apt-get -s autoremove > plan
sed -n 's/^Remv \([^ :]*\).*/\1/p' plan | { grep -xFf stays || :; } |
  sed 's/[.+]/[&]/g; s/.*/APT::NeverAutoRemove:: "^&$";/' >> apt.conf
apt-get autoremove -y -q --purge"""

_CLEAN = """rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache"""

_SUDO = """export DEBIAN_FRONTEND=noninteractive
apt() {
  apt-get -y -q -o Dir::State::Lists=/tmp/lists -o Dir::Cache=/tmp/cache \\
    -o APT::Install-Recommends=false -o APT::Update::Error-Mode=any "$@"
}
mkdir -p /tmp/lists/partial /tmp/cache/archives/partial
apt update
apt install sudo
rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache"""

_INSTALL = "apt-get install -y -q --no-install-recommends --allow-downgrades"
_UPGRADE = "apt-get upgrade -y -q --no-install-recommends --with-new-pkgs"

# Nothing that the image has goes for it: what others need decides no more than that.
_FRESHEN = r"""# What nobody declares becomes the newest where it is, marked as it was.
dpkg-query -W -f '${db:Status-Status} ${Architecture} ${Package}\n' |
  awk -v own="$(dpkg --print-architecture)" '$1 == "installed" {
    print ($2 == own || $2 == "all" ? $3 : $3 ":" $2) }' | LC_ALL=C sort > /tmp/there
apt-mark showhold | LC_ALL=C sort > /tmp/held
printf '%s\n' @FRESH@ | LC_ALL=C sort | LC_ALL=C comm -12 - /tmp/there |
  LC_ALL=C comm -23 - /tmp/held > /tmp/fresh
apt-mark showmanual | LC_ALL=C sort > /tmp/marks
# A declared version is said as well, so that apt refuses to leave it.
xargs -r apt-get install -y -q --no-install-recommends --only-upgrade \
  --no-remove @KEPT@ < /tmp/fresh
LC_ALL=C comm -23 /tmp/fresh /tmp/marks | xargs -r apt-mark auto"""

# What apt reads by itself is the image's (apt_auth.conf(5)).
_LOGINS = f"""{{netrc}}
echo 'Dir::Etc::netrc "{logins.NETRC}";' >> /tmp/apt.conf"""

_STATUS = "var/lib/dpkg/status"
_FIELD = re.compile(r"^(Package|Status|Architecture|Provides): *(.*)$", re.MULTILINE)


def key(spec: str) -> str:
    """Return ``git`` for ``git=1:2.39*``, ``git/sid``; keep ``libc6:i386`` whole."""
    return re.split(r"[=/]", spec, maxsplit=1)[0]


def run(group: Group) -> Run:
    specs, leaving = installs(group), removals(group)
    fresh = freshened(group)
    parts = [_CONFIGURE]
    if private := logins.netrc(group, "/etc/apt/auth.conf", _machine):
        parts.append(_LOGINS.format(netrc="\n".join(private)))
    asks = specs or fresh or group.upgrades
    at = group.snapshot if asks else None
    if at is not None:
        parts.append(apt_snapshot.sources(at, group.mirrors))
    parts += [*_foreign(group), "apt-get update -q" if asks else _WITHOUT_LISTS]
    if at is not None:
        parts.append(apt_snapshot.check(at))
    pinned = group.pinned
    if pinned is not None:
        parts.append(apt_pinned.BEFORE)
    parts += _installing(group, specs, leaving)
    if fresh and (pinned is None or pinned.noting):
        kept = [
            spec
            for name, spec in sorted(group.declared.items())
            if "=" in spec and name not in group.gone
        ]
        parts.append(fill(_FRESHEN, FRESH=fresh, KEPT=kept))
    if leaving:
        parts.append(fill(_NAMES, DECLARED=sorted(group.declared)))
        for name in sorted(group.gone):
            without = f"grep -vxF {shell(name)} declared > others || :"
            parts.append(
                f"if {marked(group, name)}; then\n  {without}\n  mv others declared\nfi"
            )
        parts.append(fill(_REMOVE, LEAVING=leaving))
    if pinned is not None:
        parts.append(apt_pinned.NOTE)
    parts.append(_CLEAN)
    own = (*_MOUNTS, *logins.mounts(group))
    return Run("\n".join(parts), mounts(group, *own), shell=SHELL)


def _installing(group: Group, specs: list[str], leaving: list[str]) -> Iterator[str]:
    """Yield lines that install: the versions that are written down, or what comes."""
    pinned = group.pinned if group.pinned and not group.pinned.noting else None
    if group.upgrades and pinned is None:
        yield _UPGRADE
    if leaving:
        yield _UNNEEDED
    if pinned is not None:
        yield apt_pinned.install(group, pinned)
    elif wanted(group)[1]:
        yield from tried(group, f'{_INSTALL} -s "$@"', _INSTALL)
    elif specs:
        yield wrapped(_INSTALL, specs)


def _machine(index: Index) -> str:
    """Return a server as apt names it: without its protocol, only by https."""
    return index.url.removeprefix("https://")


def missing(group: Group, text: ReadText) -> tuple[str, ...]:
    """Return the declared packages that dpkg does not have.

    A package has its name, the same with its architecture, and those that it provides.
    """
    # apt before 2.0 takes what is no name for a regular expression, if it can.
    doubtful = {name for name in group.declared if re.search(r"[.+]", name)}
    return absent(group, text, others(group) | doubtful, lambda: _names(text(_STATUS)))


def _names(status: str) -> set[str]:
    packages = [dict(_FIELD.findall(stanza)) for stanza in status.split("\n\n")]
    there = [
        one
        for one in packages
        if one.get("Status", "").endswith(" installed")
        and one.keys() >= {"Package", "Architecture"}
    ]
    native = {one["Architecture"] for one in there if one["Package"] == "dpkg"}
    names: set[str] = set()
    for one in there:
        name, architecture = one["Package"], one["Architecture"]
        own = architecture in {"all", *native}
        suffixes = ("all", "any", "native", *native) if own else (architecture,)
        provided = re.sub(r"\([^)]*\)|,", " ", one.get("Provides", "")).split()
        names |= {name, *(f"{name}:{suffix}" for suffix in suffixes), *provided}
    return names


def _foreign(group: Group) -> list[str]:
    """Return lines that make dpkg accept the architectures of the declaration."""
    named = {name.partition(":")[2] for name in group.declared}
    return [
        f'[ "$(dpkg --print-architecture)" = {architecture} ] ||\n'
        f"  dpkg --add-architecture {architecture}"
        for architecture in sorted(named - {"", "all", "any", "native"})
    ]


MANAGER = Manager(
    name="apt",
    kind="deb",
    accepts=_SPEC.fullmatch,
    form="name, name=version, name/release or name:architecture",
    key=key,
    run=run,
    refusals=_REFUSALS,
    programs=("apt", "apt-get"),
    missing=missing,
    shows=_STATUS,
    pinning=apt_pinned.PINNING,
    has_snapshots=True,
    reads=(
        *("etc/apt", "etc/dpkg", "usr/share/keyrings", "usr/sbin/policy-rc.d"),
        *(f"var/lib/dpkg/{name}" for name in ("arch", "diversions", "statoverride")),
    ),
    databases={
        "dpkg": r"var/lib/(?:dpkg|apt|ucf|pam)(?:/|\Z)|var/cache/(?:debconf|apt)/"
        r"|var/log/(?:apt/|dpkg\.log\Z)"
    },
    uncounted={
        # Logs, and the index that apt generates from its lists whenever it needs it.
        "apt": r"var/log/apt/(?:(?:history|term)\.log|eipp\.log\.xz)"
        r"|var/cache/apt/(?:src)?pkgcache\.bin",
        "dpkg": r"var/log/dpkg\.log",
    },
    freshens=True,
    system=System(
        name="Debian and Ubuntu",
        bases=("debian", "ubuntu"),
        pip="python3-pip",
        installs="install",
        removes=("purge", "remove", "autoremove", "autopurge"),
        sudo={"apt-get": _SUDO},
    ),
)
