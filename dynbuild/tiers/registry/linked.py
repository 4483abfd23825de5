"""Tags of linked images in the repository of a registry tier.

A builder takes an image by the digest of its manifest, which we compute. The tag only
keeps the manifest in use: it names the day as well, for a manifest cannot say when it
was needed last, and stay the same.
"""

import re
import time
from collections.abc import Iterable

from dynbuild.digest import Digest
from dynbuild.values import dataclass

FOLDER = "images"
"""The first part of the keys of linked images in a tier's inventory."""

_DAY = 86400.0
_TAG = re.compile(r"i-([0-9]{1,6})-([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class LinkedTag:
    """A tag: the number of the day, counted from 1970, and the manifest."""

    day: int
    digest: Digest

    @property
    def tag(self) -> str:
        return f"i-{self.day}-{self.digest.removeprefix('sha256:')}"

    @property
    def key(self) -> str:
        return f"{FOLDER}/{self.tag}"

    def age(self, now: float) -> float:
        """Return how many seconds ago its day ended; zero for today."""
        return max(0.0, now - (self.day + 1) * _DAY)


def today(digest: Digest) -> LinkedTag:
    return LinkedTag(int(time.time() // _DAY), digest)


def linked_in(tag: str) -> LinkedTag | None:
    """Return what a tag, or the key of one, says; None for any other."""
    match = _TAG.fullmatch(tag.removeprefix(f"{FOLDER}/"))
    return match and LinkedTag(int(match[1]), Digest(f"sha256:{match[2]}"))


def latest(tags: Iterable[str]) -> dict[Digest, list[LinkedTag]]:
    """Return the tags of linked images by their manifests, the latest of each first."""
    found: dict[Digest, list[LinkedTag]] = {}
    for linked in sorted(
        filter(None, map(linked_in, tags)), key=lambda one: (-one.day, one.digest)
    ):
        found.setdefault(linked.digest, []).append(linked)
    return found
