"""Looks images up: in their registry or its mirrors by buildx, else in the engine."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING, Any

from dynbuild.digest import Digest, sha256
from dynbuild.engine.failure import START_DOCKER, answered, later, said
from dynbuild.engine.process import capture, check_buildx
from dynbuild.errors import DeclarationError, Diagnostic, UnreachableError, redact_urls
from dynbuild.reference import DEFAULT_REGISTRY, Reference, parse
from dynbuild.steps.model import Pin

if TYPE_CHECKING:
    from docker import DockerClient

_SECONDS = 30
"""How long a registry or the engine may take over one question."""

USUAL = "linux/amd64"
"""Whose config a lock records, where an image is for several: on every machine."""

_IMPLIED = {("arm64", "v8"): "", ("amd64", "v1"): "", ("arm", ""): "v7"}
"""Variants that go without saying, or that go unsaid but are meant."""


@dataclass(frozen=True, slots=True)
class DockerImages:
    """The Images that docker can find in an environment."""

    environment: Mapping[str, str]

    def pin(self, reference: str) -> Pin:
        wanted = parse(reference)
        try:
            return self._registry_pin(wanted, wanted)
        except _Absent as error:
            absent = error
        for mirrored in self._mirrored(wanted):
            with suppress(_Absent):
                return self._registry_pin(wanted, mirrored)
        return self._engine_pin(wanted, absent)

    def local_digest(self, reference: str) -> Digest:
        wanted = parse(reference)
        with self._engine() as engine:
            if image := _find(engine, wanted):
                return Digest(image["Id"])
        message = f"the engine has no image {wanted}, which the lock does not pin"
        hint = (
            f"`docker pull {wanted}`, or where a registry has it, "
            "`dynbuild lock --upgrade-base`"
        )
        raise DeclarationError(Diagnostic("DB0301", message, hint=hint))

    def _registry_pin(self, wanted: Reference, place: Reference) -> Pin:
        """The image as it is in a place: its registry, or a mirror of that."""
        manifest = self._inspect(str(place), "--raw")
        digest = sha256(manifest)
        if wanted.digest not in (None, digest):
            message = f"the registry answered with {digest} for {wanted}"
            raise DeclarationError(Diagnostic("DB0308", message))
        answer = self._inspect(place.at(digest), "--format", "{{json .Image}}")
        found = _images(json.loads(manifest), json.loads(answer), digest)
        if not found:
            message = f"{wanted} is no image: it has no platform"
            raise DeclarationError(Diagnostic("DB0301", message))
        usual = min(found, key=lambda name: (name != USUAL, name))
        return _pin(wanted, digest, usual, found)

    def _mirrored(self, wanted: Reference) -> list[Reference]:
        """The same image in each mirror that the engine takes it from.

        dockerd has mirrors (``registry-mirrors``) of Docker Hub alone.
        """
        registry, _, path = wanted.repository.partition("/")
        if registry != DEFAULT_REGISTRY:
            return []
        try:
            with self._engine() as engine:
                told = engine.info().get("RegistryConfig") or {}
        except UnreachableError:
            return []
        places = [
            re.sub(r"^https?://", "", str(url)).rstrip("/")
            for url in told.get("Mirrors") or ()
        ]
        return [replace(wanted, repository=f"{place}/{path}") for place in places]

    def _engine_pin(self, wanted: Reference, absent: "_Absent") -> Pin:
        """The image as the engine has it, which no digest outside of it can name."""
        try:
            with self._engine() as engine:
                if image := _find(engine, wanted):
                    return _said(wanted, image.get("Config"))
                neither = "the engine does not have it either"
        except UnreachableError:
            neither = "the engine does not answer either"
        words = Diagnostic("DB0301", f"no image {wanted}: {absent.words}; {neither}")
        if absent.answered:
            hint = "check its name and tag; a private one needs `docker login`"
            raise DeclarationError(replace(words, hint=hint)) from None
        hint = later(absent.words)
        raise UnreachableError(replace(words, code="DB0504", hint=hint)) from None

    def _inspect(self, reference: str, *form: str) -> bytes:
        """What a registry says of an image."""
        arguments = ["buildx", "imagetools", "inspect", *form, "--", reference]
        try:
            answer = capture(self.environment, arguments, _SECONDS)
        except TimeoutExpired:
            words = f"no answer in {_SECONDS} seconds"
            raise _Absent(words, answered=False) from None
        if answer.returncode:
            check_buildx(self.environment)
            words = said(answer.stderr.decode("utf-8", "replace").splitlines())
            shorter = words.removeprefix(f"{reference}: ")
            raise _Absent(shorter, answered=answered(words))
        return answer.stdout

    @contextmanager
    def _engine(self) -> "Iterator[DockerClient]":
        # The SDK takes a while to import, and most commands can do without it.
        import docker  # noqa: PLC0415
        from docker.errors import DockerException  # noqa: PLC0415

        environment = dict(self.environment)
        try:
            with closing(docker.from_env(environment=environment)) as engine:
                yield engine
        except (DockerException, OSError) as error:
            message = f"the engine does not answer: {_reason(error)}"
            diagnostic = Diagnostic("DB0503", message, hint=START_DOCKER)
            raise UnreachableError(diagnostic) from error


class _Absent(Exception):  # noqa: N818 - it may yet be elsewhere
    """A registry did not give an image: it said so, or nothing."""

    def __init__(self, words: str, *, answered: bool) -> None:
        super().__init__(words)
        self.words = words
        self.answered = answered


def _find(engine: "DockerClient", wanted: Reference) -> Mapping[str, Any] | None:
    from docker.errors import ImageNotFound  # noqa: PLC0415

    try:
        return engine.images.get(str(wanted)).attrs
    except ImageNotFound:
        return None


def _reason(error: BaseException) -> str:
    """What lies at the bottom of an error: the SDK wraps it several times."""
    deeper = error.__cause__ or error.__context__
    return _reason(deeper) if deeper else redact_urls(str(error))


def _pin(
    wanted: Reference,
    digest: Digest,
    usual: str,
    found: Mapping[str, tuple[Digest, Mapping[str, Any] | None]],
) -> Pin:
    """The pin for the usual platform, and for those whose images say the same.

    A lock holds one environment, user and directory, and every image gets them.
    """
    said = {name: _said(wanted, config) for name, (_, config) in found.items()}
    alike = {name: found[name][0] for name in found if said[name] == said[usual]}
    return replace(said[usual], digest=digest, platforms=alike)


def _said(wanted: Reference, config: Mapping[str, Any] | None) -> Pin:
    """What an image's config says; neither digest nor platforms."""
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
) -> dict[str, tuple[Digest, Mapping[str, Any] | None]]:
    """Manifest and config of every platform; empty where these are no images.

    Of an index with several platforms, buildx answers with an image for each.
    """
    answer = answer or {}
    if answer.get("os") and answer.get("architecture"):
        single = _platform(answer)
        answer = {single: answer}
        listed = _listed(manifest) or {single: digest}
    else:
        listed = _listed(manifest)
    images = {
        _named(name): image.get("config")
        for name, image in answer.items()
        if isinstance(image, dict) and "/" in name
    }
    return {
        name: (digest, images[name])
        for name, digest in listed.items()
        if name in images
    }


def _listed(manifest: Mapping[str, Any]) -> dict[str, Digest]:
    """The manifests of an index by platform, the first of each; no attestations."""
    listed: dict[str, Digest] = {}
    for entry in manifest.get("manifests") or ():
        platform = entry.get("platform") or {}
        if platform.get("os", "unknown") != "unknown":
            listed.setdefault(_platform(platform), Digest(entry["digest"]))
    return listed


def _named(name: str) -> str:
    """A platform by its name, as ``_platform`` writes it."""
    os, architecture, *variant = name.split("/")
    return _platform(
        {"os": os, "architecture": architecture, "variant": "".join(variant)}
    )


def _platform(facts: Mapping[str, Any]) -> str:
    """``os/arch[/variant]``, as BuildKit writes it."""
    architecture, variant = facts["architecture"], facts.get("variant") or ""
    variant = _IMPLIED.get((architecture, variant), variant)
    return "/".join(filter(None, [facts["os"], architecture, variant]))
