"""Platforms that a package is for: what may stand behind its spec, as in Debian.

``"intel-microcode [amd64]"``, ``"jq [!s390x !riscv64]"``: architectures by dpkg's
names, in any manager's list but pip's, where requirements have markers of their own
(deb-src-control(5), PEP 508).
"""

import re
from collections.abc import Sequence

ARCHITECTURES = {
    "linux/386": "i386",
    "linux/amd64": "amd64",
    "linux/arm/v5": "armel",
    "linux/arm/v6": "armel",
    "linux/arm/v7": "armhf",
    "linux/arm64": "arm64",
    "linux/loong64": "loong64",
    "linux/mips64le": "mips64el",
    "linux/ppc64le": "ppc64el",
    "linux/riscv64": "riscv64",
    "linux/s390x": "s390x",
}
"""dpkg's architecture of each platform; variants that are not here do not count."""

ALIASES = {
    "386": "i386",
    "aarch64": "arm64",
    "arm": "armhf",
    "mips64le": "mips64el",
    "ppc64le": "ppc64el",
    "x86": "i386",
    "x86-64": "amd64",
    "x86_64": "amd64",
}
"""What others call an architecture, and what dpkg does."""

_NAME = f"(?:{'|'.join(sorted({*ARCHITECTURES.values()}))})"
_WORDS = f"{_NAME}(?: {_NAME})*|!{_NAME}(?: !{_NAME})*"
_RESTRICTED = re.compile(rf"(.*\S) \[({_WORDS})\]", re.DOTALL)
_BRACKETS = re.compile(r"(.*\S)\s*\[([^\[\]]*)\]\s*", re.DOTALL)


def parted(spec: str) -> tuple[str, tuple[str, ...]]:
    """Return a spec as its manager knows it, and the architectures it is for, if said.

    These are as they are written: all with ``!``, or none.
    """
    match = _RESTRICTED.fullmatch(spec) if spec.endswith("]") else None
    return (match[1], tuple(match[2].split())) if match else (spec, ())


def bare(spec: str) -> str:
    """Return a spec as its manager knows it."""
    return parted(spec)[0]


def usual(spec: str) -> str:
    """Return a spec with its restriction written as ``parted`` reads it."""
    match = _BRACKETS.fullmatch(spec) if spec.endswith("]") else None
    if match is None:
        return spec
    tidied = f"{match[1]} [{' '.join(dict.fromkeys(match[2].split()))}]"
    return tidied if parted(tidied)[1] else spec


def in_brackets(spec: str) -> tuple[str, Sequence[str]] | None:
    """Return what stands before brackets at the end of a spec, and the words in them.

    None if there are none.
    """
    match = _BRACKETS.fullmatch(spec)
    return None if match is None else (match[1], match[2].split())


def admits(words: Sequence[str], platform: str) -> bool:
    """Whether a restriction lets a platform have the package; none lets all."""
    if not words:
        return True
    architecture = architecture_of(platform)
    if words[0].startswith("!"):
        return f"!{architecture}" not in words
    return architecture in words


def architecture_of(platform: str) -> str | None:
    """Return dpkg's architecture of a platform, None if Debian has none."""
    known = ARCHITECTURES.get(platform)
    return known or ARCHITECTURES.get("/".join(platform.split("/")[:2]))
