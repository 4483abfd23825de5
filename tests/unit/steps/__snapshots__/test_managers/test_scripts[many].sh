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
apt-get install -y -q --no-install-recommends --allow-downgrades package0 \
  package1 package10 package11 package12 package13 package14 package15 package16 \
  package17 package18 package19 package2 package20 package21 package22 package23 \
  package24 package25 package26 package27 package28 package29 package3 package30 \
  package31 package32 package33 package34 package35 package36 package37 \
  package38 package39 package4 package40 package41 package42 package43 package44 \
  package45 package46 package47 package48 package49 package5 package50 package51 \
  package52 package53 package54 package55 package56 package57 package58 \
  package59 package6 package7 package8 package9
rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
