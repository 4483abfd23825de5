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

# user.1: runner
# seq 1, stands on base.0, digest 2f613a5a9d56
FROM base.0 AS user.1
# hadolint ignore=SC2034,SC2043,SC2046,SC2086
RUN --mount=type=bind,from=base.0,target=/run/base <<'EOF'
set -eu
if ! id -u runner > /dev/null 2>&1; then
  other=$(sed -n 's/^\([^:]*\):[^:]*:1000:.*/\1/p' /etc/passwd)
  [ -z "$other" ] || {
    where='in the base'
    grep -qs "^$other:" /run/base/etc/passwd ||
      where='by what a package, a script or a stage did,'
    echo 'dynbuild: declare user = { name = "runner", uid = N }:' \
      "$where $other has uid 1000" >&2
    exit 1
  }
  has_group() { grep -q '^runner:' /etc/group; }
  if command -v useradd > /dev/null; then
    has_group || groupadd --gid 1000 runner
    useradd --uid 1000 --gid runner --no-log-init --create-home \
      --shell /bin/sh runner
  else
    home=/home/runner
    has_group || echo runner:x:1000: >> /etc/group
    gid=$(sed -n 's/^runner:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)
    printf '%s:x:%s:%s::%s:%s\n' runner 1000 "$gid" $home /bin/sh \
      >> /etc/passwd
    [ ! -e /etc/shadow ] ||
      echo 'runner:!::0:99999:7:::' >> /etc/shadow
    mkdir -p $home
    chown 1000:$gid $home
  fi
fi
[ "$(id -u runner)" = 1000 ] || {
  where='in the base'
  grep -qs '^runner:' /run/base/etc/passwd ||
    where='by what a package, a script or a stage did,'
  echo 'dynbuild: declare user = { name = "runner", uid = N }:' \
    "$where N is $(id -u runner)" >&2
  exit 1
}
EOF

# compiler
# seq 2, stands on user.1, digest b4e7c4c77ab8
FROM user.1 AS compiler
RUN <<'EOF'
set -e
apt-get update -q
(exit $?)
apt-get install -y -q --no-install-recommends gcc libc6-dev
(exit $?)
EOF

# program
# seq 3, stands on user.1, compiler, digest 94d3577966da
FROM compiler AS program
COPY greet.c /src/greet.c
RUN <<'EOF'
set -e
gcc -O2 -static -o /usr/local/bin/greet /src/greet.c
(exit $?)
EOF

# install
# seq 4, stands on user.1, digest e9e826fb28f8
FROM user.1 AS install
COPY --from=program /usr/local/bin/greet /usr/local/bin/

# The image
FROM install AS image.0
USER runner
ENTRYPOINT ["/usr/local/bin/greet"]
