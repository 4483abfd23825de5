"""The formats of bills of materials, each with its media type."""

PREDICATES = {
    "spdx": "https://spdx.dev/Document",
    "cyclonedx": "https://cyclonedx.org/bom",
}
"""The types of in-toto's predicates that are bills of materials, by their formats."""

KINDS = {
    "spdx": "application/spdx+json",
    "cyclonedx": "application/vnd.cyclonedx+json",
}
