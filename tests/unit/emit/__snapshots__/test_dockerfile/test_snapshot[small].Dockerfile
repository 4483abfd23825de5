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

# The image
FROM base.0 AS image.0
