"""Names of platforms, as BuildKit writes them."""

from collections.abc import Iterable

_IMPLIED = {("arm64", "v8"): "", ("amd64", "v1"): "", ("arm", ""): "v7"}
"""Variants that are omitted because they are implied, or implied where omitted."""

_ALIASES = {
    "aarch64": ("arm64", ""),
    "armel": ("arm", "v6"),
    "armhf": ("arm", "v7"),
    "i386": ("386", ""),
    "x86-64": ("amd64", ""),
    "x86_64": ("amd64", ""),
}
"""Other names of architectures, as BuildKit knows them, with the variants they are."""


def named(system: str, architecture: str, variant: str = "") -> str:
    """Return ``os/arch[/variant]``."""
    architecture, usual = _ALIASES.get(architecture, (architecture, ""))
    variant = variant or usual
    variant = _IMPLIED.get((architecture, variant), variant)
    return "/".join(filter(None, [system, architecture, variant]))


def normal(name: str) -> str:
    """Return the usual name of a platform: that of ``linux/arm64/v8`` is shorter.

    What is no platform stays as it is.
    """
    system, _, rest = name.partition("/")
    architecture, _, variant = rest.partition("/")
    return named(system, architecture, variant)


def each_once(names: Iterable[str]) -> tuple[str, ...]:
    """Return platforms by their normal names, each once, in the order given."""
    return tuple(dict.fromkeys(map(normal, names)))
