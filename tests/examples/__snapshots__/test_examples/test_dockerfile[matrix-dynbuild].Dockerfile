# Emitted by dynbuild from a lock, for linux/amd64. Change the declaration, not this.
#
# One build stage per step, in install order. `dynbuild realize` builds each step on
# what it declares and links the layers; a plain build of this file gives the same
# files wherever stages read only what they declare.
#
# For hadolint: steps end as root, so that each can be the parent of any other; users go
# by name; versions, caches, pipes and `cd` are the business of the commands declared.
# hadolint global ignore=DL3002,DL3003,DL3008,DL3009,DL3013,DL3015,DL3016,DL3018,DL3027,DL3032,DL3033,DL3040,DL3041,DL3042,DL3066,DL4006

FROM docker.io/library/python:3.13-slim-bookworm@sha256:c4c2ed1a0380ecde17f49562ee7e164bcb642484051a51706c2657cab8830b63 AS base.0
USER 0
SHELL ["/bin/sh", "-c"]

# pip.1: legacy-cgi, pytest
# seq 1, stands on base.0, digest 561c23a34ca8
FROM base.0 AS pip.1
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
"$python" -m pip install legacy-cgi pytest
"$python" - legacy-cgi pytest <<'PYTHON'
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

# user.2: tester
# seq 2, stands on pip.1, digest 4423a279d53e
FROM pip.1 AS user.2
# hadolint ignore=SC2034,SC2043,SC2046,SC2086
RUN --mount=type=bind,from=base.0,target=/run/base <<'EOF'
set -eu
if ! id -u tester > /dev/null 2>&1; then
  other=$(sed -n 's/^\([^:]*\):[^:]*:1000:.*/\1/p' /etc/passwd)
  [ -z "$other" ] || {
    where='in the base'
    grep -qs "^$other:" /run/base/etc/passwd ||
      where='by what a package, a script or a stage did,'
    echo 'dynbuild: declare user = { name = "tester", uid = N }:' \
      "$where $other has uid 1000" >&2
    exit 1
  }
  has_group() { grep -q '^tester:' /etc/group; }
  if command -v useradd > /dev/null; then
    has_group || groupadd --gid 1000 tester
    useradd --uid 1000 --gid tester --no-log-init --create-home \
      --shell /bin/sh tester
  else
    home=/home/tester
    has_group || echo tester:x:1000: >> /etc/group
    gid=$(sed -n 's/^tester:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)
    printf '%s:x:%s:%s::%s:%s\n' tester 1000 "$gid" $home /bin/sh \
      >> /etc/passwd
    [ ! -e /etc/shadow ] ||
      echo 'tester:!::0:99999:7:::' >> /etc/shadow
    mkdir -p $home
    chown 1000:$gid $home
  fi
fi
[ "$(id -u tester)" = 1000 ] || {
  where='in the base'
  grep -qs '^tester:' /run/base/etc/passwd ||
    where='by what a package, a script or a stage did,'
  echo 'dynbuild: declare user = { name = "tester", uid = N }:' \
    "$where N is $(id -u tester)" >&2
  exit 1
}
EOF

# tests
# seq 3, stands on user.2, live
FROM user.2 AS tests
COPY tests /tests/

# The image
FROM tests AS image.0
WORKDIR /tests
USER tester
CMD ["pytest", "-vv", "--pdb"]
