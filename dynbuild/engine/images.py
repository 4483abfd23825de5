"""Image look-up: in the registry or its mirrors through buildx, else in the engine."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dynbuild.digest import Digest, sha256
from dynbuild.emit.pins import config_pin, pin_of
from dynbuild.engine.failure import START_DOCKER, answered, error_message, later
from dynbuild.engine.process import TimedOutError, capture, check_buildx
from dynbuild.errors import DeclarationError, Diagnostic, UnreachableError, redact_urls
from dynbuild.reference import DEFAULT_REGISTRY, Reference, parse
from dynbuild.steps.model import Pin
from dynbuild.values import dataclass

if TYPE_CHECKING:
    from docker import DockerClient

_SECONDS = 30
"""The timeout of one query to a registry or the engine, in seconds."""


@dataclass(frozen=True, slots=True)
class DockerImages:
    """Implements ``ports.Images`` with docker in an environment."""

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
        """Return the pin of an image from its registry, or from a mirror of that."""
        manifest = self._inspect(str(place), "--raw")
        digest = sha256(manifest)
        if wanted.digest not in (None, digest):
            message = f"the registry answered with {digest} for {wanted}"
            raise DeclarationError(Diagnostic("DB0308", message))
        answer = self._inspect(place.at(digest), "--format", "{{json .Image}}")
        return pin_of(wanted, digest, json.loads(manifest), json.loads(answer))

    def _mirrored(self, wanted: Reference) -> list[Reference]:
        """Return the reference of the image in each mirror that the engine uses.

        dockerd has mirrors (``registry-mirrors``) of Docker Hub alone.
        """
        registry, _, path = wanted.repository.partition("/")
        if registry != DEFAULT_REGISTRY:
            return []
        try:
            with self._engine() as engine:
                config = engine.info().get("RegistryConfig") or {}
        except UnreachableError:
            return []
        places = [
            re.sub(r"^https?://", "", str(url)).rstrip("/")
            for url in config.get("Mirrors") or ()
        ]
        return [replace(wanted, repository=f"{place}/{path}") for place in places]

    def _engine_pin(self, wanted: Reference, absent: "_Absent") -> Pin:
        """Return the image in the engine; its digest means nothing outside of it."""
        try:
            with self._engine() as engine:
                if image := _find(engine, wanted):
                    return config_pin(wanted, image.get("Config"))
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
        """Return what a registry reports about an image. Raises _Absent."""
        arguments = ["buildx", "imagetools", "inspect", *form, "--", reference]
        try:
            answer = capture(self.environment, arguments, _SECONDS)
        except TimedOutError:
            words = f"no answer in {_SECONDS} seconds"
            raise _Absent(words, answered=False) from None
        if answer.returncode:
            check_buildx(self.environment)
            words = error_message(answer.stderr.decode("utf-8", "replace").splitlines())
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


class _Absent(Exception):  # noqa: N818 - the image may exist elsewhere
    """A registry did not provide an image: it refused, or did not answer."""

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
    """Return the root cause of an error: the SDK wraps it several times."""
    deeper = error.__cause__ or error.__context__
    return _reason(deeper) if deeper else redact_urls(str(error))
