"""The pin of an image, from its manifest or index, and the config of each platform."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dynbuild.digest import Digest
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.platforms import named, normal
from dynbuild.reference import Reference
from dynbuild.steps.model import Pin

USUAL = "linux/amd64"
"""The platform whose config a lock records for a multi-platform image, on every
machine."""

_SHELL = re.compile(r"(?:/usr)?(?:/bin/)?(?:sh|bash|ash|dash)")
_MADE = re.compile(
    r"(?:RUN )?(?:\|\d+ .*)?/bin/(?:ba|a|da)?sh (?:\S+ )*?-\w*c (?!#\(nop\))"
)
"""What a builder notes of a layer that a shell has made (Docker, BuildKit)."""


def pin_of(
    wanted: Reference,
    digest: Digest,
    manifest: Mapping[str, Any],
    configs: Mapping[str, Any] | None,
) -> Pin:
    """Return the pin of an image whose manifest or index has a digest.

    ``configs`` is the image's config if there is one, else those of its platforms by
    name. Raises DeclarationError for what is no image.
    """
    by_platform = _images(manifest, configs, digest)
    if not by_platform:
        message = f"{wanted} is no image: it has no platform"
        raise DeclarationError(Diagnostic("DB0301", message))
    usual = min(by_platform, key=lambda name: (name != USUAL, name))
    return _pin(wanted, digest, usual, by_platform)


def _pin(
    wanted: Reference,
    digest: Digest,
    usual: str,
    by_platform: Mapping[str, tuple[Digest, Mapping[str, Any]]],
) -> Pin:
    """Return the pin for the usual platform and those whose images have its config.

    A lock holds one environment, user and directory, and every image gets them.
    """
    pins = {
        name: config_pin(wanted, image.get("config"))
        for name, (_, image) in by_platform.items()
    }
    alike = {
        name: by_platform[name][0] for name in by_platform if pins[name] == pins[usual]
    }
    shown = shows_shell(by_platform[usual][1])
    return replace(pins[usual], digest=digest, platforms=alike, shows_shell=shown)


def shows_shell(image: Mapping[str, Any]) -> bool:
    """Whether the config of an image, all of it, shows that it has a shell.

    It would start one, or one has made a layer of it.
    """
    config = image.get("config") or {}
    starts = [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]
    made = (
        str(entry.get("created_by", ""))
        for entry in image.get("history") or ()
        if not entry.get("empty_layer")
    )
    return any(map(_SHELL.fullmatch, starts[:1])) or any(map(_MADE.match, made))


def config_pin(wanted: Reference, config: Mapping[str, Any] | None) -> Pin:
    """Return the pin with an image's config, without digest and platforms."""
    config = config or {}
    variables = (text.partition("=") for text in config.get("Env") or ())
    return Pin(
        image=wanted.image,
        digest=None,
        env={name: value for name, _, value in variables},
        user=config.get("User") or "",
        workdir=config.get("WorkingDir") or "",
    )


def _images(
    manifest: Mapping[str, Any], answer: Mapping[str, Any] | None, digest: Digest
) -> dict[str, tuple[Digest, Mapping[str, Any]]]:
    """Return manifest and config of every platform; empty if these are no images.

    For an index with several platforms, buildx answers with an image for each.
    """
    answer = answer or {}
    if answer.get("os") and answer.get("architecture"):
        single = platform_of(answer)
        answer = {single: answer}
        there = listed(manifest) or {single: digest}
    else:
        there = listed(manifest)
    images = {
        normal(name): image
        for name, image in answer.items()
        if isinstance(image, dict) and "/" in name
    }
    return {
        name: (digest, images[name]) for name, digest in there.items() if name in images
    }


def listed(manifest: Mapping[str, Any]) -> dict[str, Digest]:
    """Return the first manifest of each platform in an index, without attestations."""
    found: dict[str, Digest] = {}
    for entry in manifest.get("manifests") or ():
        platform = entry.get("platform") or {}
        if platform.get("os", "unknown") != "unknown":
            found.setdefault(platform_of(platform), Digest(entry["digest"]))
    return found


def platform_of(facts: Mapping[str, Any]) -> str:
    """Return the name of the platform that an image or a manifest says it is for."""
    return named(facts["os"], facts["architecture"], facts.get("variant") or "")
