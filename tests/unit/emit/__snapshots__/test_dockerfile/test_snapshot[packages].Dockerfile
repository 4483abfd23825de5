# Emitted by dynbuild from a lock, for linux/amd64. Change the declaration, not this.
#
# One build stage per step, in install order. `dynbuild realize` builds each step on
# what it declares and links the layers; a plain build of this file gives the same
# files wherever stages read only what they declare.
#
# For hadolint: steps end as root, so that each can be the parent of any other; users go
# by name; versions, caches, pipes and `cd` are the business of the commands declared.
# hadolint global ignore=DL3002,DL3003,DL3008,DL3009,DL3013,DL3015,DL3016,DL3018,DL3027,DL3032,DL3033,DL3040,DL3041,DL3042,DL3066,DL4006

FROM docker.io/library/debian:bookworm-slim@sha256:1022bc06d051d9e7870973e6dc0c0004b399e2aa351e77c11796b918b187e84a AS base.0
USER 0
SHELL ["/bin/sh", "-c"]

# source.1: https://download.docker.com/linux/debian bookworm
# seq 1, stands on base.0, digest a1b3e94c5c76
FROM base.0 AS source.1
COPY --chown=0:0 --chmod=u=rw,g=r,o=r \
    keys/docker.asc /etc/apt/keyrings/download-docker-com-linux-debian-87744ea2.asc
RUN <<'EOF'
set -eu
grep -q -e '-----BEGIN PGP PUBLIC KEY' /etc/apt/keyrings/download-docker-com-linux-debian-87744ea2.asc || {
  echo 'dynbuild: the key keys/docker.asc is not an ASCII-armoured one: name a binary one .gpg' >&2
  exit 1
}
printf '%s\n' 'Types: deb' 'URIs: https://download.docker.com/linux/debian' \
  'Suites: bookworm' 'Components: stable' \
  'Signed-By: /etc/apt/keyrings/download-docker-com-linux-debian-87744ea2.asc' \
  > /etc/apt/sources.list.d/download-docker-com-linux-debian-87744ea2.sources
EOF

# apt.2: curl, git=1:2.39*
# seq 2, stands on source.1, digest a20cb9d9d421
FROM source.1 AS apt.2
ARG TARGETARCH
# hadolint ignore=SC2034,SC2043,SC2046,SC2086
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked,id=dynbuild-apt-$TARGETARCH \
    --mount=type=tmpfs,target=/tmp <<'EOF'
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
if try "$@" 'git=1:2.39*'; then set -- "$@" 'git=1:2.39*'
else left_out 'git=1:2.39*' apt-0e73e352f8a3
fi
[ "$#" = 0 ] || apt-get install -y -q --no-install-recommends --allow-downgrades "$@"
rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
EOF

# pip.3: Flask[async]>=3
# seq 3, stands on apt.2, digest e907664830f0
FROM apt.2 AS pip.3
ARG TARGETARCH
# hadolint ignore=SC2034,SC2043,SC2046,SC2086
RUN --mount=type=cache,target=/root/.cache/pip,id=dynbuild-pip-$TARGETARCH <<'EOF'
set -eu
export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CACHE_DIR=/root/.cache/pip
python=$(command -v python3 || command -v python || :)
"${python:-false}" -m pip --version > /dev/null 2>&1 || {
  echo 'dynbuild: pip_packages need pip, and it is not there: add "python3-pip" to' \
    'apt_packages, or take a base that has Python' >&2
  exit 1
}
"$python" -m pip install 'Flask[async]>=3'
"$python" - flask <<'PYTHON'
import re, sys
from importlib.metadata import distributions
def named(path):
    found = [(d.metadata["Name"] or "", d) for d in distributions(path=path)]
    return {re.sub("[-_.]+", "-", name).lower(): d for name, d in reversed(found)}
there = named(sys.path)
missing = [name for name in sys.argv[1:] if name not in there]
if missing:
    print("dynbuild: declared, but not there after its installation:", *missing,
        file=sys.stderr)
    sys.exit(1)
PYTHON
EOF

# npm.3: esbuild@0.25
# seq 3, stands on pip.3, digest 34679239f2b0
FROM pip.3 AS npm.3
ARG TARGETARCH
# hadolint ignore=SC2034,SC2043,SC2046,SC2086
RUN --mount=type=cache,target=/root/.npm,id=dynbuild-npm-$TARGETARCH <<'EOF'
set -eu
export NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_FUND=false NPM_CONFIG_AUDIT=false
export NPM_CONFIG_CACHE=/root/.npm
command -v npm > /dev/null || {
  echo 'dynbuild: npm_packages need npm, and it is not there: add "npm" to' \
    'apt_packages, or take a base that has Node.js' >&2
  exit 1
}
root=$(npm root -g)
npm install -g esbuild@0.25
for package in esbuild; do
  [ -e "$root/$package" ] || {
    echo "dynbuild: declared, but not there after its installation: $package" >&2
    exit 1
  }
done
EOF

# script.4: locale-gen C.UTF-8
# seq 4, stands on npm.3, digest eb1ded4aff81
FROM npm.3 AS script.4
RUN <<'EOF'
unset TARGETARCH
set -e
locale-gen C.UTF-8
ldconfig
(exit $?)
EOF

# user.5: app with sudo
# seq 5, stands on script.4, digest 64ee1034e888
FROM script.4 AS user.5
# hadolint ignore=SC2034,SC2043,SC2046,SC2086
RUN --mount=type=tmpfs,target=/tmp --mount=type=bind,from=base.0,target=/run/base \
    <<'EOF'
set -eu
if ! id -u app > /dev/null 2>&1; then
  other=$(sed -n 's/^\([^:]*\):[^:]*:1000:.*/\1/p' /etc/passwd)
  [ -z "$other" ] || {
    where='in the base'
    grep -qs "^$other:" /run/base/etc/passwd ||
      where='by what a package, a script or a stage did,'
    echo 'dynbuild: declare user = { name = "app", uid = N }:' \
      "$where $other has uid 1000" >&2
    exit 1
  }
  has_group() { grep -q '^app:' /etc/group; }
  if command -v useradd > /dev/null; then
    has_group || groupadd --gid 1000 app
    useradd --uid 1000 --gid app --no-log-init --create-home \
      --shell /bin/bash app
  else
    home=/home/app
    has_group || echo app:x:1000: >> /etc/group
    gid=$(sed -n 's/^app:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)
    printf '%s:x:%s:%s::%s:%s\n' app 1000 "$gid" $home /bin/bash \
      >> /etc/passwd
    [ ! -e /etc/shadow ] ||
      echo 'app:!::0:99999:7:::' >> /etc/shadow
    mkdir -p $home
    chown 1000:$gid $home
  fi
fi
[ "$(id -u app)" = 1000 ] || {
  where='in the base'
  grep -qs '^app:' /run/base/etc/passwd ||
    where='by what a package, a script or a stage did,'
  echo 'dynbuild: declare user = { name = "app", uid = N }:' \
    "$where N is $(id -u app)" >&2
  exit 1
}
command -v sudo > /dev/null || {
  if command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt() {
      apt-get -y -q -o Dir::State::Lists=/tmp/lists -o Dir::Cache=/tmp/cache \
        -o APT::Install-Recommends=false -o APT::Update::Error-Mode=any "$@"
    }
    mkdir -p /tmp/lists/partial /tmp/cache/archives/partial
    apt update
    apt install sudo
    rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
    rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
  elif command -v dnf > /dev/null; then
    dnf -y --setopt=install_weak_deps=False --setopt=cachedir=/tmp/dnf install sudo
    rm -rf /var/log/dnf* /var/log/hawkey.log
  elif command -v microdnf > /dev/null; then
    microdnf -y --setopt=install_weak_deps=0 install sudo
    microdnf clean all
  elif command -v yum > /dev/null; then
    yum -y install sudo
    yum clean all
    rm -rf /var/cache/yum /var/log/yum.log
  elif command -v apk > /dev/null; then apk add --no-cache sudo
  else
    echo 'dynbuild: sudo = true needs sudo, and the base has no apt, dnf or apk' >&2
    exit 1
  fi
}
echo 'app ALL=(ALL:ALL) NOPASSWD: ALL' > /etc/sudoers.d/app
chmod 0440 /etc/sudoers.d/app
EOF

# apt.7: jq, without git
# seq 7, stands on user.5, digest 3a8a33a1d128
FROM user.5 AS apt.7
ARG TARGETARCH
# hadolint ignore=SC2034,SC2043,SC2046,SC2086
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked,id=dynbuild-apt-$TARGETARCH \
    --mount=type=tmpfs,target=/tmp --mount=type=bind,from=base.0,target=/run/base \
    <<'EOF'
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
apt-get install -y -q --no-install-recommends --allow-downgrades jq
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
printf '%s\n' curl jq > declared
# What is no longer declared loses its mark, unless the base asks for it.
printf '%s\n' git > leaving
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
EOF

# apt.8: newest jq
# seq 8, stands on apt.7, digest e0da066245e7
FROM apt.7 AS apt.8
ARG TARGETARCH
# hadolint ignore=SC2034,SC2043,SC2046,SC2086
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked,id=dynbuild-apt-$TARGETARCH \
    --mount=type=tmpfs,target=/tmp <<'EOF'
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
apt-get install -y -q --no-install-recommends --allow-downgrades jq
rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
EOF

# App
# seq 9, stands on apt.8, digest 0d04bfeb7d64
FROM apt.8 AS app
RUN <<'EOF'
unset TARGETARCH
set -e
curl --version
(exit $?)
jq --version
(exit $?)
EOF

# The image
FROM app AS image.0
USER app
