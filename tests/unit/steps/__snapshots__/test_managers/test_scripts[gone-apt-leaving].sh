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
cd /tmp
echo 'APT::AutoRemove { RecommendsImportant "false"; SuggestsImportant "false"; };' \
  >> apt.conf
apt-get -s autoremove > plan
sed -n 's/^Remv \([^ :]*\).*/\1/p' plan > stays
left_out() {
  mkdir -p /var/lib/dynbuild/left-out
  printf '%s\n' "$1" > "/var/lib/dynbuild/left-out/$2"
  echo "dynbuild: left out, as it is not to be had and no longer declared: $1" >&2
}
try() { apt-get install -y -q --no-install-recommends --allow-downgrades -s "$@" > /dev/null 2>&1; }
set -- curl
if try "$@" jqq; then set -- "$@" jqq
else left_out jqq apt-56f2b9d77e7b
fi
[ "$#" = 0 ] || apt-get install -y -q --no-install-recommends --allow-downgrades "$@"
dpkg-query -W \
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
printf '%s\n' curl jqq > declared
if [ -e /var/lib/dynbuild/left-out/apt-56f2b9d77e7b ]; then
  grep -vxF jqq declared > others || :
  mv others declared
fi
# What is no longer declared loses its mark, unless the base asks for it.
printf '%s\n' vim > leaving
named() { awk 'FNR == NR { asked[$1]; next } $1 in asked { print $2 }' "$1" names; }
named declared > asked
apt-mark showmanual -o Dir::State=/run/base/var/lib/apt \
  -o Dir::State::status=/run/base/var/lib/dpkg/status >> asked
named leaving | { grep -vxFf asked || :; } | sort -u | xargs -r apt-mark auto
# What nothing needs then goes, except what the base had.
dpkg-query --admindir=/run/base/var/lib/dpkg -W -f '${Package}\n' >> stays
apt-get -s autoremove > plan
sed -n 's/^Remv \([^ :]*\).*/\1/p' plan | { grep -xFf stays || :; } |
  sed 's/[.+]/[&]/g; s/.*/APT::NeverAutoRemove:: "^&$";/' >> apt.conf
apt-get autoremove -y -q --purge
rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
