"""The formats of bills of materials, each with its media type."""

KINDS = {
    "spdx": "application/spdx+json",
    "cyclonedx": "application/vnd.cyclonedx+json",
}
