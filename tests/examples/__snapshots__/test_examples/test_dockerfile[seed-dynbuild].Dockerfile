# Emitted by dynbuild from a lock, for linux/amd64. Change the declaration, not this.
#
# One build stage per step, in install order. `dynbuild realize` builds each step on
# what it declares and links the layers; a plain build of this file gives the same
# files wherever stages read only what they declare.
#
# For hadolint: steps end as root, so that each can be the parent of any other; users go
# by name; versions, caches, pipes and `cd` are the business of the commands declared.
# hadolint global ignore=DL3002,DL3003,DL3008,DL3009,DL3013,DL3015,DL3016,DL3018,DL3027,DL3032,DL3033,DL3040,DL3041,DL3042,DL3066,DL4006

FROM docker.io/library/debian:stable-slim@sha256:2301cea063e1afbe60a38bd605b35f7630d662b785285dd4f06bbeb609067f3f AS base.0
USER 0
SHELL ["/bin/sh", "-c"]

# apt.1: curl, git, python3, python3-pip
# seq 1, stands on base.0, digest 17cf51c194b0
FROM base.0 AS apt.1
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
apt-get install -y -q --no-install-recommends --allow-downgrades curl git \
  python3 python3-pip
rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
EOF

# pip.2: flask, requests
# seq 2, stands on apt.1, digest 5e456b31fd02
FROM apt.1 AS pip.2
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
"$python" -m pip install flask requests
"$python" - flask requests <<'PYTHON'
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

# user.3: app with sudo
# seq 3, stands on pip.2, digest da5d28b30c2c
FROM pip.2 AS user.3
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
      --shell /bin/sh app
  else
    home=/home/app
    has_group || echo app:x:1000: >> /etc/group
    gid=$(sed -n 's/^app:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)
    printf '%s:x:%s:%s::%s:%s\n' app 1000 "$gid" $home /bin/sh \
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

# application
# seq 4, stands on user.3, live
FROM user.3 AS application
COPY --exclude=*.lock . /app

# The image
FROM application AS image.0
USER app
