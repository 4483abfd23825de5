"""The kinds of shared tiers, near to far: a new one is a folder, and a line here."""

from typing import Any

from dynbuild.tiers.kind import TierKind
from dynbuild.tiers.registry.kind import REGISTRY
from dynbuild.tiers.s3.kind import S3_KIND

KINDS: tuple[TierKind[Any], ...] = (S3_KIND, REGISTRY)
