set -eu
export DEBIAN_FRONTEND=noninteractive APT_CONFIG=/tmp/apt.conf SUDO_FORCE_REMOVE=yes
cd /tmp
cache=/var/cache/apt/$(. /etc/os-release && echo "$ID-${VERSION_ID:-rolling}")
mkdir -p "$cache/archives/partial" "$cache/lists/partial"
cp -RL /etc/apt/apt.conf.d apt.conf.d
rm -f apt.conf.d/docker-clean
echo 'Dir::Etc::Parts "/tmp/apt.conf.d";' > apt.conf
cat > apt.conf.d/zz-dynbuild <<CONF
Dir::Cache "$cache";
Dir::State::Lists "$cache/lists";
Acquire::Retries "3";
APT::Update::Error-Mode "any";
APT::Cmd::Pattern-Only "true";
APT::Install-Recommends "false";
APT::AutoRemove::RecommendsImportant "false";
APT::AutoRemove::SuggestsImportant "false";
#clear APT::Never-MarkAuto-Sections;
#clear APT::Move-Autobit-Sections;
Dpkg::Options { "--force-confdef"; "--force-confold"; };
CONF
apt-get update -q
left_out() {
  mkdir -p /var/lib/dynbuild/left-out
  printf '%s\n' "$1" > "/var/lib/dynbuild/left-out/$2"
  echo "dynbuild: left out, as it is not to be had and no longer declared: $1" >&2
}
try() { apt-get install -y -q --allow-downgrades -s "$@" > /dev/null 2>&1; }
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
[ "$#" = 0 ] || apt-get install -y -q --allow-downgrades "$@"
names() {
  dpkg-query -W -f '${db:Status-Status} ${Package} ${Architecture} ${Provides}\n' \
    > installed
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
}
printf '%s\n' curl git jqq > declared
if [ -e /var/lib/dynbuild/left-out/apt-0e73e352f8a3 ]; then
  grep -vxF git declared > others || :
  mv others declared
fi
if [ -e /var/lib/dynbuild/left-out/apt-56f2b9d77e7b ]; then
  grep -vxF jqq declared > others || :
  mv others declared
fi
names
awk 'FNR == NR { there[$1]; next } !($1 in there)' names declared > missing
[ ! -s missing ] || {
  echo 'dynbuild: declared, but not there after its installation:' >&2
  cat missing >&2
  exit 1
}
rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
