"""apt, for Debian and its descendants.

A removal takes away the mark that a package was asked for and lets apt decide what is
still needed (apt-mark(8), apt-get(8) autoremove): what another package depends on
stays, as does what the base had as its own or had left loose.
"""

import re

from dynbuild.quote import words
from dynbuild.steps.managers.script import fill, installs, mounts, removals
from dynbuild.steps.model import Group
from dynbuild.steps.run import CacheMount, Run, ScratchMount

_CACHES = (
    CacheMount("/var/cache/apt", "dynbuild-apt-$TARGETARCH", locked=True),
    CacheMount("/var/lib/apt/lists", "dynbuild-apt-lists-$TARGETARCH", locked=True),
    ScratchMount("/tmp"),  # noqa: S108 - a path in the image, not of this machine
)

# Images of Debian and Ubuntu throw away what apt downloads (docker-clean), which
# would empty the cache mounts. A configuration of the script's own leaves that out
# without touching the image's.
_CONFIGURE = r"""set -eu
export DEBIAN_FRONTEND=noninteractive APT_CONFIG=/tmp/apt.conf
chmod 1777 /tmp
cp -r /etc/apt/apt.conf.d /tmp/apt.conf.d
rm -f /tmp/apt.conf.d/docker-clean
cat > /tmp/apt.conf <<'CONF'
Dir::Etc::Parts "/tmp/apt.conf.d";
APT::Install-Recommends "false";
APT::AutoRemove::RecommendsImportant "false";
APT::AutoRemove::SuggestsImportant "false";
CONF
apt-get update -q"""

_REMOVE = r"""apt-mark showmanual -o Dir::State=@BASE@/var/lib/apt \
  -o Dir::State::status=@BASE@/var/lib/dpkg/status > /tmp/of-base
apt-get -s autoremove | sed -n 's/^Remv \([^ ]*\).*/\1/p' > /tmp/loose
xargs -r apt-mark -qq manual < /tmp/loose
dpkg-query -W -f '${db:Status-Status} ${Package}\n' |
  sed -n 's/^installed //p' > /tmp/installed
printf '%s\n' @NAMES@ | grep -xFf /tmp/installed |
  grep -vxFf /tmp/of-base | xargs -r apt-mark auto
apt-get autoremove -y -q --purge
xargs -r apt-mark -qq auto < /tmp/loose"""

_CHECK = r"""dpkg-query -W \
  -f '${db:Status-Status} ${Package} ${Package}:${Architecture} ${Provides}\n' |
  sed -n 's/^installed //p' | sed 's/([^)]*)//g; s/,/ /g' |
  tr -s ' ' '\n' > /tmp/there
for package in @NAMES@; do
  grep -qxF "$package" /tmp/there ||
    { echo "dynbuild: declared, but not there after its installation: $package" >&2
      exit 1; }
done"""

_CLEAN = """rm -f /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/cache/ldconfig/aux-cache"""


def key(spec: str) -> str:
    """``git`` of ``git=1:2.39*``, ``git/bookworm-backports``; ``libc6:i386`` whole."""
    return re.split(r"[=/]", spec, maxsplit=1)[0]


def run(group: Group) -> Run:
    parts = [_CONFIGURE]
    wanted = installs(group)
    if wanted:
        parts.append(f"apt-get install -y -q --allow-downgrades {words(wanted)}")
    leaving = removals(group)
    if leaving:
        parts.append(fill(_REMOVE, leaving))
    if group.declared:
        parts.append(fill(_CHECK, sorted(group.declared)))
    parts.append(_CLEAN)
    return Run("\n".join(parts), mounts(group, *_CACHES))
