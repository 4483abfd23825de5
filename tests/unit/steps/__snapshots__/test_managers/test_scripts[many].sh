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
apt-get install -y -q --allow-downgrades package0 package1 package10 package11 \
  package12 package13 package14 package15 package16 package17 package18 \
  package19 package2 package20 package21 package22 package23 package24 package25 \
  package26 package27 package28 package29 package3 package30 package31 package32 \
  package33 package34 package35 package36 package37 package38 package39 package4 \
  package40 package41 package42 package43 package44 package45 package46 \
  package47 package48 package49 package5 package50 package51 package52 package53 \
  package54 package55 package56 package57 package58 package59 package6 package7 \
  package8 package9
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
printf '%s\n' package0 package1 package10 package11 package12 package13 \
  package14 package15 package16 package17 package18 package19 package2 package20 \
  package21 package22 package23 package24 package25 package26 package27 \
  package28 package29 package3 package30 package31 package32 package33 package34 \
  package35 package36 package37 package38 package39 package4 package40 package41 \
  package42 package43 package44 package45 package46 package47 package48 \
  package49 package5 package50 package51 package52 package53 package54 package55 \
  package56 package57 package58 package59 package6 package7 package8 package9 \
  > declared
names
awk 'FNR == NR { there[$1]; next } !($1 in there)' names declared > missing
[ ! -s missing ] || {
  echo 'dynbuild: declared, but not there after its installation:' >&2
  cat missing >&2
  exit 1
}
rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
