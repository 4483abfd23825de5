# Emitted by dynbuild from a lock, for linux/amd64. Change the declaration, not this.
#
# One build stage per step, in install order. `dynbuild realize` builds each step on
# what it declares and links the layers; a plain build of this file gives the same
# files wherever stages read only what they declare.
#
# For hadolint: steps end as root, so that each can be the parent of any other; users go
# by name; versions, caches, pipes and `cd` are the business of the commands declared.
# hadolint global ignore=DL3002,DL3003,DL3008,DL3009,DL3013,DL3015,DL3016,DL3018,DL3027,DL3032,DL3033,DL3040,DL3041,DL3042,DL3066,DL4006

FROM docker.io/library/python:3.13@sha256:8888db2aa1c138fb68889e0e8194bb6e71a541af39dfff794e5b315131e68442 AS base.0
USER 0
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /

# user.1: app
# seq 1, stands on base.0, digest 6a9dfbe26ebb
FROM base.0 AS user.1
SHELL ["/bin/sh", "-c"]
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

SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# What dependencies copies
FROM user.1 AS dependencies.copies
COPY requirements.txt /tmp/requirements.txt
COPY ["a [\\\\[]strange] name[\\\\*].txt", "/tmp/\\$HOME"]

# dependencies
# seq 2, stands on user.1, digest 2188dfc2d889
FROM dependencies.copies AS dependencies
ARG TARGETARCH
# hadolint ignore=SC2016
RUN --mount=type=cache,target=/root/.cache/pip,id=dynbuild/printed/dfd3ebd88ad4/dependencies/0/root/.cache/pip-$TARGETARCH \
    --mount=type=secret,id=pypi,required=true,env=PIP_TOKEN \
    --mount=type=secret,id=netrc,required=true,target=/root/.netrc \
    --mount=type=ssh,required=true <<'EOF'
set -e
export GREETING='it'"'"'s $5'
export MAKEFLAGS=-j4
export PATH=/opt/x/bin:/usr/local/bin:/usr/bin:/bin
pip3 install -r /tmp/requirements.txt
(exit $?)
EOF

# What application copies
FROM dependencies AS application.copies
COPY --chown=app:app --chmod=755 --exclude=*.pyc --exclude=tests/ \
    --exclude=**/__pycache__ src /app/
COPY --from=docker.io/library/golang:1.26@sha256:45de870ced010ce1836eb54e5deb1309710f2611f6a7db5f207b16722e8b078a \
    /usr/local/go/bin/gofmt /usr/bin/

# application
# seq 3, stands on user.1, dependencies, live
FROM application.copies AS application
ARG TARGETARCH
SHELL ["/bin/sh", "-c"]
USER app
WORKDIR /app
# hadolint ignore=SC2016
RUN --mount=type=cache,target=/home/app/.cache,uid=1000,gid=1000,id=dynbuild/printed/dfd3ebd88ad4/application/1000/home/app/.cache-$TARGETARCH \
    --mount=type=secret,id=key,required=true,uid=1000,gid=1000 \
    --mount=type=ssh,required=true,uid=1000,gid=1000 --network=none <<'EOF1'
set -e
export GREETING='it'"'"'s $5'
export PATH=/opt/x/bin:/usr/local/bin:/usr/bin:/bin
python3 -m compileall .
(exit $?)
cat <<EOF
not the end
EOF
(exit $?)
EOF1

USER 0
WORKDIR /
SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# The image
FROM application AS image.0
LABEL maintainer="\$me"
LABEL org.opencontainers.image.title="An app"
EXPOSE 8000 53/udp
VOLUME ["/data", "/var/lib/app"]
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 \
    CMD ["curl", "-f", "http://localhost:8000/"]
ENV GREETING="it's \$5"
ENV PATH="/app/bin:/opt/x/bin:/usr/local/bin:/usr/bin:/bin"
ENV PS1="\\u@\\h \\\$ "
ENV TZ="UTC"
WORKDIR /app
USER app
ENTRYPOINT ["python3"]
CMD ["-m", "app", "say \"hi\""]
