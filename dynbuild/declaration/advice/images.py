"""Advice about several images: equal stages that could be built once."""

from collections.abc import Iterator
from itertools import combinations

from dynbuild.declaration.images import FIELDS
from dynbuild.declaration.loaded import Loaded, OneOfSeveral
from dynbuild.errors import Diagnostic
from dynbuild.extending import line_of

_FEW = 2
"""How many equal stages are worth a word."""

_BELOW = (
    *("base", "shell", "user", "sudo", "users", "setup", "apt_sources", "env_scripts"),
    *(name for name in FIELDS if name.endswith("_packages")),
)
"""What stages stand on."""


def check_equal(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report images that have equal stages, each of its own, on different ground."""
    images = loaded.declaration.images
    told: set[str] = set()
    for one, other in combinations(loaded.images, 2):
        if other.name in told or one.name in line_of(images, other.name):
            continue
        known = {stage.name: stage for stage in one.own.stages}
        equal = [stage for stage in other.own.stages if known.get(stage.name) == stage]
        if len(equal) < _FEW or _ground(one) == _ground(other):
            continue
        told.add(other.name)
        yield Diagnostic(
            "DB0198",
            f"{one.name} and {other.name} have {len(equal)} equal stages and share "
            "none: each is built on the packages of its image",
            loaded.key("images", other.name, "stages"),
            "move the stages, and what they need, into an image that both extend",
            severity="warning",
        )


def _ground(image: OneOfSeveral) -> list[object]:
    whole = image.whole.declaration
    return [
        sorted(found) if name.endswith("_packages") else found
        for name in _BELOW
        for found in [getattr(whole, name)]
    ]
