"""Image references: the full spelling of what people shorten."""

import re

from dynbuild.digest import Digest
from dynbuild.errors import DeclarationError, Diagnostic, redact_urls
from dynbuild.values import dataclass

DEFAULT_REGISTRY = "docker.io"

_REGISTRY = (
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = rf"{_PART}(?:/{_PART})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}"

SCRATCH = "scratch"
"""What an image starts from that starts from nothing; Docker reserves the name."""

NAME = rf"(?:{_REGISTRY}/)?{_PATH}"
"""A repository, perhaps with its registry (distribution/reference, regexp.go)."""

REFERENCE = rf"(?P<name>{NAME})(?::(?P<tag>{_TAG}))?(?:@{_DIGEST})?"
"""A reference, as Docker's own grammar has it."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An image by its full name, as Docker spells it, and perhaps by its digest."""

    repository: str
    tag: str | None
    digest: Digest | None

    @property
    def image(self) -> str:
        """Repository and tag."""
        return f"{self.repository}:{self.tag}" if self.tag else self.repository

    def at(self, digest: Digest) -> str:
        """A manifest of the same repository."""
        return f"{self.repository}@{digest}"

    def __str__(self) -> str:
        return self.at(self.digest) if self.digest else self.image


def start(text: str) -> str:
    """The full name of what an image or a stage starts from: an image, or nothing."""
    return SCRATCH if text == SCRATCH else str(parse(text))


def parse(text: str) -> Reference:
    """The reference that a text means: ``debian`` is docker.io/library/debian:latest.

    As in Docker, what comes before the first slash is a registry only where it looks
    like a host.
    """
    name, at, digest = text.partition("@")
    first, slash, rest = name.partition("/")
    if slash and (re.search(r"[.:A-Z]", first) or first == "localhost"):
        registry = DEFAULT_REGISTRY if first == f"index.{DEFAULT_REGISTRY}" else first
    else:
        registry, rest = DEFAULT_REGISTRY, name
    path, colon, tag = rest.partition(":")
    if not re.fullmatch(_REGISTRY, registry) or not re.fullmatch(_PATH, path):
        hint = "try lower case" if path != path.lower() else None
        raise _invalid(text, f"{path!r} is no name of an image", hint)
    if colon and not re.fullmatch(_TAG, tag):
        raise _invalid(text, f"{tag!r} is no tag")
    if at and not re.fullmatch(_DIGEST, digest):
        raise _invalid(text, f"{digest!r} is no digest (sha256: and 64 hex digits)")
    if registry == DEFAULT_REGISTRY and "/" not in path:
        path = f"library/{path}"
    return Reference(
        f"{registry}/{path}",
        tag or (None if at else "latest"),
        Digest(digest) if at else None,
    )


def _invalid(text: str, reason: str, hint: str | None = None) -> DeclarationError:
    message = f"{redact_urls(text)!r} is no image reference: {reason}"
    return DeclarationError(Diagnostic("DB0303", message, hint=hint))
