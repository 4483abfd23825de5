"""Digests as the built-ins return them."""

import hashlib

from dynbuild.errors import did_you_mean
from dynbuild.lang.failure import Failure

ALGORITHMS = ("md5", "sha1", "sha256", "sha512")


def digest(algorithm: str, data: bytes) -> str:
    """Return the digest of the data, in base 16."""
    if algorithm not in ALGORITHMS:
        raise Failure(
            "DB0219",
            f"unknown hash algorithm '{algorithm}'",
            hint=did_you_mean(algorithm, ALGORITHMS)
            or f"there are {', '.join(ALGORITHMS)}",
        )
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
