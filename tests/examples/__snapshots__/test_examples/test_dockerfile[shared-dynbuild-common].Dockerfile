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

# apt.1: ca-certificates, python3-venv
# seq 1, stands on base.0, digest d66b809f9f4b
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
apt-get install -y -q --no-install-recommends --allow-downgrades ca-certificates \
  python3-venv
rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
EOF

# user.2: app
# seq 2, stands on apt.1, digest 88e37e799d01
FROM apt.1 AS user.2
# hadolint ignore=SC2034,SC2043,SC2046,SC2086
RUN --mount=type=bind,from=base.0,target=/run/base <<'EOF'
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
EOF

# What python copies
FROM user.2 AS python.copies
COPY requirements.txt /tmp/requirements.txt

# python
# seq 3, stands on user.2, digest 2033ae17ecff
FROM python.copies AS python
ARG TARGETARCH
RUN --mount=type=cache,target=/root/.cache/pip,id=dynbuild/printed/e52883a7d6d1/python/0/root/.cache/pip-$TARGETARCH \
    <<'EOF'
set -e
export PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
python3 -m venv /opt/venv
(exit $?)
/opt/venv/bin/pip install -r /tmp/requirements.txt
(exit $?)
EOF

# The image
FROM python AS image.0
LABEL org.opencontainers.image.vendor="Example"
ENV PATH="/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
WORKDIR /app
USER app
