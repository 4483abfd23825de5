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

# apt.1: ca-certificates, python3, python3-pip
# seq 1, stands on base.0, digest dbab95e5de82
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
  python3 python3-pip
rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
EOF

# pip.2: flask>=3,<4, gunicorn
# seq 2, stands on apt.1, digest 62dc00c2d7b3
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
"$python" -m pip install 'flask>=3,<4' gunicorn
"$python" - flask gunicorn <<'PYTHON'
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

# user.3: web
# seq 3, stands on pip.2, digest 9cc9f731c727
FROM pip.2 AS user.3
# hadolint ignore=SC2034,SC2043,SC2046,SC2086
RUN --mount=type=bind,from=base.0,target=/run/base <<'EOF'
set -eu
if ! id -u web > /dev/null 2>&1; then
  other=$(sed -n 's/^\([^:]*\):[^:]*:1000:.*/\1/p' /etc/passwd)
  [ -z "$other" ] || {
    where='in the base'
    grep -qs "^$other:" /run/base/etc/passwd ||
      where='by what a package, a script or a stage did,'
    echo 'dynbuild: declare user = { name = "web", uid = N }:' \
      "$where $other has uid 1000" >&2
    exit 1
  }
  has_group() { grep -q '^web:' /etc/group; }
  if command -v useradd > /dev/null; then
    has_group || groupadd --gid 1000 web
    useradd --uid 1000 --gid web --no-log-init --create-home \
      --shell /bin/sh web
  else
    home=/home/web
    has_group || echo web:x:1000: >> /etc/group
    gid=$(sed -n 's/^web:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)
    printf '%s:x:%s:%s::%s:%s\n' web 1000 "$gid" $home /bin/sh \
      >> /etc/passwd
    [ ! -e /etc/shadow ] ||
      echo 'web:!::0:99999:7:::' >> /etc/shadow
    mkdir -p $home
    chown 1000:$gid $home
  fi
fi
[ "$(id -u web)" = 1000 ] || {
  where='in the base'
  grep -qs '^web:' /run/base/etc/passwd ||
    where='by what a package, a script or a stage did,'
  echo 'dynbuild: declare user = { name = "web", uid = N }:' \
    "$where N is $(id -u web)" >&2
  exit 1
}
EOF

# assets
# seq 4, stands on user.3, digest b69271dc836b
FROM user.3 AS assets
COPY assets/minify.py /usr/local/lib/minify.py
COPY assets/style.css /tmp/style.css
RUN <<'EOF'
unset TARGETARCH
set -e
mkdir -p /srv/static
(exit $?)
python3 /usr/local/lib/minify.py /tmp/style.css > /srv/static/style.css
(exit $?)
EOF

# database
# seq 5, stands on user.3, digest 0530b3c76109
FROM assets AS database
COPY database/create.py /srv/data/
COPY database/schema.sql /srv/data/
RUN <<'EOF'
unset TARGETARCH
set -e
python3 /srv/data/create.py /srv/data/schema.sql /srv/data/notes.db
(exit $?)
chown -R web:web /srv/data
(exit $?)
EOF

# application
# seq 6, stands on user.3, assets, database, live
FROM database AS application
COPY --exclude=**/__pycache__ app /srv/web
RUN <<'EOF'
unset TARGETARCH
set -e
cd /srv/web
(exit $?)
python3 -m compileall -q .
(exit $?)
EOF

# The image
FROM application AS image.0
LABEL org.opencontainers.image.title="webapp"
EXPOSE 8000
ENV APP_DATABASE="/srv/data/notes.db"
WORKDIR /srv/web
USER web
ENTRYPOINT ["gunicorn", "--bind", "127.0.0.1:8000"]
CMD ["app:app"]
