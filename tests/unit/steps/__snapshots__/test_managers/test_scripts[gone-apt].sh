set -eu
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
CONF
apt-get update -q
left_out() {
  mkdir -p /var/lib/dynbuild/left-out
  printf '%s\n' "$1" > "/var/lib/dynbuild/left-out/$2"
  echo "dynbuild: left out, as it is not to be had and no longer declared: $1" >&2
}
try() { apt-get install -y -q --no-install-recommends --allow-downgrades -s "$@" > /dev/null 2>&1; }
set -- curl
if try "$@" 'git=1:2.39*' jqq; then
  set -- "$@" 'git=1:2.39*' jqq
else
if try "$@" 'git=1:2.39*'; then set -- "$@" 'git=1:2.39*'
else left_out 'git=1:2.39*' apt-0e73e352f8a3
fi
if try "$@" jqq; then set -- "$@" jqq
else left_out jqq apt-56f2b9d77e7b
fi
fi
[ "$#" = 0 ] || apt-get install -y -q --no-install-recommends --allow-downgrades "$@"
rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
