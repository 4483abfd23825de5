# Emitted by dynbuild from a lock, for linux/amd64. Change the declaration, not this.
#
# One build stage per step, in install order. `dynbuild realize` builds each step on
# what it declares and links the layers; a plain build of this file gives the same
# files wherever stages read only what they declare.
#
# Steps end as root, so that each can be the parent of any other (DL3002), and users go
# by their names (DL3066):
# hadolint global ignore=DL3002,DL3066

FROM docker.io/library/debian:bookworm-slim@sha256:1022bc06d051d9e7870973e6dc0c0004b399e2aa351e77c11796b918b187e84a AS base.0
USER root
SHELL ["/bin/sh", "-c"]

# The image
FROM base.0 AS image.0
