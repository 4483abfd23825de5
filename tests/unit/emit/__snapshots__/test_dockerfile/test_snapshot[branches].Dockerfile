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

# script.1: apt-get --version
# seq 1, stands on base.0, digest 1bca5c37dd2e
FROM base.0 AS script.1
RUN <<'EOF'
set -e
apt-get --version
(exit $?)
EOF

# compiler
# seq 2, stands on script.1, digest e996bb0ea465
FROM script.1 AS compiler
# hadolint ignore=SC2320
RUN <<'EOF'
set -e
echo cc > /cc
(exit $?)
EOF

# headers
# seq 3, stands on script.1, digest 378f37b1fb33
FROM script.1 AS headers
# hadolint ignore=SC2320
RUN <<'EOF'
set -e
echo h > /h
(exit $?)
EOF

# runtime
# seq 4, stands on script.1, digest d92c6a81b2ff
FROM script.1 AS runtime
# hadolint ignore=SC2320
RUN <<'EOF'
set -e
echo r > /r
(exit $?)
EOF

# script.5: ldconfig
# seq 5, stands on script.1, digest a75143d06545
FROM runtime AS script.5
RUN <<'EOF'
set -e
ldconfig
(exit $?)
EOF

# What library stands on, together
FROM compiler AS library.needs
# headers
# hadolint ignore=SC2320
RUN <<'EOF'
set -e
echo h > /h
(exit $?)
EOF

# script.5
RUN <<'EOF'
set -e
ldconfig
(exit $?)
EOF

# library
# seq 5, stands on script.5, compiler, headers, digest b718f1354f72
FROM library.needs AS library
RUN <<'EOF'
set -e
cat /cc /h > /lib.a
(exit $?)
EOF

# What tests stands on, together
FROM compiler AS tests.needs
# headers
# hadolint ignore=SC2320
RUN <<'EOF'
set -e
echo h > /h
(exit $?)
EOF

# runtime
# hadolint ignore=SC2320
RUN <<'EOF'
set -e
echo r > /r
(exit $?)
EOF

# script.5
RUN <<'EOF'
set -e
ldconfig
(exit $?)
EOF

# library
RUN <<'EOF'
set -e
cat /cc /h > /lib.a
(exit $?)
EOF

# tests
# seq 6, stands on script.5, library, runtime, digest 59830ebc3a41
FROM tests.needs AS tests
RUN <<'EOF'
set -e
cat /lib.a /r
(exit $?)
EOF

# app
# seq 7, stands on script.5, digest a172cedcae47
FROM script.5 AS app
COPY --from=library /lib.a /usr/lib/

# The image
FROM app AS image.0
