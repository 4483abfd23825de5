"""Looks images up: in their registry through docker buildx, else in the engine."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING, Any

from dynbuild.digest import Digest, sha256
from dynbuild.engine.failure import START_DOCKER, answered, said
from dynbuild.engine.process import capture, check_buildx
from dynbuild.errors import DeclarationError, Diagnostic, UnreachableError, discreet
from dynbuild.reference import Reference, parse
from dynbuild.steps.model import Pin

if TYPE_CHECKING:
    from docker import DockerClient

_SECONDS = 30
"""How long a registry or the engine may take over one question."""

_IMPLIED = {("arm64", "v8"): "", ("amd64", "v1"): "", ("arm", ""): "v7"}
"""Variants that go without saying, or that go unsaid but are meant."""


@dataclass(frozen=True, slots=True)
class DockerImages:
    """The Images that docker can find in an environment."""

    environment: Mapping[str, str]

    def pin(self, reference: str) -> Pin:
        wanted = parse(reference)
        try:
            return self._registry_pin(wanted)
        except _Absent as absent:
            return self._engine_pin(wanted, absent)

    def local_digest(self, reference: str) -> Digest:
        wanted = parse(reference)
        with self._engine() as engine:
            if image := _find(engine, wanted):
                return Digest(image["Id"])
        message = f"the engine has no image {wanted}"
        raise DeclarationError(Diagnostic("DB0301", message))

    def _registry_pin(self, wanted: Reference) -> Pin:
        manifest = self._inspect(str(wanted), "--raw")
        digest = sha256(manifest)
        if wanted.digest not in (None, digest):
            message = f"the registry answered with {digest} for {wanted}"
            raise DeclarationError(Diagnostic("DB0308", message))
        listed = _listed(json.loads(manifest))
        chosen = digest
        if listed:
            chosen = listed.get(self._platform(), next(iter(listed.values())))
        answer = self._inspect(wanted.at(chosen), "--format", "{{json .Image}}")
        image = json.loads(answer)
        platforms = listed or {_platform(image): digest}
        return _pin(wanted, digest, platforms, image.get("config"))

    def _engine_pin(self, wanted: Reference, absent: "_Absent") -> Pin:
        """The image as the engine has it, which no digest outside of it can name."""
        try:
            with self._engine() as engine:
                if image := _find(engine, wanted):
                    return _pin(wanted, None, {}, image.get("Config"))
                neither = "the engine does not have it either"
        except UnreachableError:
            neither = "the engine does not answer either"
        words = Diagnostic("DB0301", f"no image {wanted}: {absent.words}; {neither}")
        if absent.answered:
            hint = "check its name and tag; a private one needs `docker login`"
            raise DeclarationError(replace(words, hint=hint)) from None
        hint = "try again when the registry answers"
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

    def _platform(self) -> str:
        """The engine's platform; empty where none answers, for a pin needs none."""
        try:
            with self._engine() as engine:
                version = engine.version()
        except UnreachableError:
            return ""
        return _platform({"os": version["Os"], "architecture": version["Arch"]})

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
    return _reason(deeper) if deeper else discreet(str(error))


def _pin(
    wanted: Reference,
    digest: Digest | None,
    platforms: Mapping[str, Digest],
    config: Mapping[str, Any] | None,
) -> Pin:
    config = config or {}
    variables = (text.partition("=") for text in config.get("Env") or ())
    return Pin(
        image=wanted.image,
        digest=digest,
        platforms=platforms,
        env={name: value for name, _, value in variables},
        user=config.get("User") or "",
        workdir=config.get("WorkingDir") or "",
    )


def _listed(manifest: Mapping[str, Any]) -> dict[str, Digest]:
    """The manifests of an index by platform, the first of each; no attestations."""
    listed: dict[str, Digest] = {}
    for entry in manifest.get("manifests", ()):
        platform = entry.get("platform") or {}
        if platform.get("os", "unknown") != "unknown":
            listed.setdefault(_platform(platform), Digest(entry["digest"]))
    return listed


def _platform(facts: Mapping[str, Any]) -> str:
    """``os/arch[/variant]``, as BuildKit writes it."""
    architecture, variant = facts["architecture"], facts.get("variant") or ""
    variant = _IMPLIED.get((architecture, variant), variant)
    return "/".join(filter(None, [facts["os"], architecture, variant]))
