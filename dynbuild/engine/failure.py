"""Docker's messages for a failed build, pull or push, turned into dynbuild errors."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dynbuild.building import BuildFailed
from dynbuild.digest import sha256
from dynbuild.engine import messages
from dynbuild.engine.messages import DIGEST_MISMATCH, EXIT_CODE, NO_DIRECTORY, PROCESS
from dynbuild.engine.rawjson import FailedVertex, PlatformStep, Transcript
from dynbuild.errors import (
    DeclarationError,
    Diagnostic,
    DynbuildError,
    UnreachableError,
    redact_urls,
)
from dynbuild.quote import StageName
from dynbuild.steps.limits import Limits

START_DOCKER = "start Docker, or set DOCKER_HOST to an engine that runs"

_NO_ENGINE = re.compile(
    r"cannot connect to the docker daemon|failed to connect to the docker api"
    r"|error during connect|code = unavailable|transport is closing",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile("permission denied while trying to connect", re.IGNORECASE)
_NO_BUILDER = re.compile(r'no builder "[^"]*" found')
_OF_BUILDX = re.compile(r"\bmoby/buildkit:buildx-")
"""The image that buildx runs where an engine has no BuildKit of its own."""
_CONTEXT = re.compile(r"use `docker --context=(\S+) buildx` to switch")
_NO_ANSWER = re.compile(
    r"failed to do request|dial tcp|no such host|connection re(fused|set)|i/o timeout"
    r"|TLS handshake|deadline exceeded|toomanyrequests|429 Too Many Requests"
    r"|unexpected status.* (?:5\d\d|429)\b|: EOF$",
    re.MULTILINE,
)
_WRAPPING = re.compile(r"^(ERROR: |failed to (build|solve): )+")
_LIMITED = re.compile(r"toomanyrequests|\b429\b|rate limit", re.IGNORECASE)


def later(words: str) -> str:
    """Return a hint for a registry that did not answer, based on the message."""
    if _LIMITED.search(words):
        return "try again later; `docker login` raises the limit of most registries"
    return "try again when the registry answers"


def answered(words: str) -> bool:
    """Whether a registry answered with a refusal, rather than not at all."""
    return not _NO_ANSWER.search(words)


def error_message(words: Sequence[str]) -> str:
    """Return docker's error message, without its wrapping and without credentials."""
    errors = [line for line in words if line.startswith("ERROR: ")]
    text = errors[-1] if errors else "\n".join(words)
    return redact_urls(_WRAPPING.sub("", text))


def unreachable(words: str) -> UnreachableError | None:
    """Return the error for an unreachable engine, if the message says that."""
    if _FORBIDDEN.search(words):
        hint = "let your user talk to the engine (often: the group docker)"
    elif _NO_ENGINE.search(words):
        hint = START_DOCKER
    else:
        return None
    return UnreachableError(Diagnostic("DB0503", words, hint=hint))


def no_builder(words: str) -> DeclarationError | None:
    """Return the error for a builder that cannot be named, if the message says that."""
    if _NO_BUILDER.search(words):
        hint = "`docker buildx ls` lists the builders there are"
        return DeclarationError(Diagnostic("DB0505", words, hint=hint))
    if match := _CONTEXT.search(words):
        message = f"{match[1]} is a context of docker, and not the current one"
        hint = (
            f"run with DOCKER_CONTEXT={match[1]}; or make a builder of it:\n"
            f"`docker buildx create --name NAME {match[1]}`, and name that"
        )
        return DeclarationError(Diagnostic("DB0505", message, hint=hint))
    return None


def _without_buildkit(words: str) -> UnreachableError | None:
    """Return the error of an engine that has no BuildKit, as podman has none.

    There buildx starts one in a container, whose image it has to pull first.
    """
    if not _OF_BUILDX.search(words):
        return None
    message = f"this engine has no BuildKit, and the image of one is not here: {words}"
    hint = (
        "let it pull the image, or load it from a file; or name a builder elsewhere: "
        "docs/builders.md"
    )
    return UnreachableError(Diagnostic("DB0515", message, hint=hint))


def silent(builder: str | None, why: str) -> UnreachableError:
    """Return the error for a builder that does not answer."""
    name = builder or "of docker"
    message = f"the builder {name} does not answer" + (f": {why}" if why else "")
    whole = (builder or "").partition("/")[0]
    hint = f"`docker buildx inspect --bootstrap {whole}".rstrip() + "` may start it"
    return UnreachableError(Diagnostic("DB0515", message, hint=hint))


def unanswered(builder: str | None, address: str, words: str) -> UnreachableError:
    """Return the error for a builder elsewhere, by what came when it was asked."""
    reason, refused = messages.refusal(words)
    why = f"{address}: {reason}" if reason else f"nothing at {address}"
    hint = (
        "it has to know the authority of the client's certificate, and this machine "
        "its own:\ndocs/builders.md#a-build-server-on-the-lan"
        if refused
        else "see whether BuildKit runs there, and listens where this machine gets to"
    )
    (one,) = silent(builder, why).diagnostics
    return UnreachableError(replace(one, hint=hint))


def explain(transcript: Transcript) -> BuildFailed | DynbuildError:
    """Return the error for a failed build, from its whole transcript."""
    words = error_message(transcript.words)
    failure = transcript.failure()
    if failure is None or failure.step is None:
        error = unreachable(words) or no_builder(words) or _without_buildkit(words)
        if error is not None:
            return error
    if failure is None:
        return BuildFailed(None, None, words, (), None, transcript.steps)
    message = _in_words(redact_urls(failure.message))
    if failure.step is None and not answered(message):
        return UnreachableError(Diagnostic("DB0504", message, hint=later(message)))
    code = EXIT_CODE.search(message)
    return BuildFailed(
        failure.step,
        _script(failure) or failure.instruction,
        message,
        failure.output,
        int(code[1]) if code else None,
        transcript.steps,
    )


_OVERDUE = 124
"""The exit status of a command that took too long, as timeout(1) has it."""


def overdue(
    transcript: Transcript, step: PlatformStep, limits: Mapping[StageName, Limits]
) -> BuildFailed:
    """Return the error for a build that was ended since a step took too long."""
    name, platform = step
    return BuildFailed(
        name,
        None,
        "it took too long",
        transcript.said(step),
        _OVERDUE,
        transcript.steps,
        platform=platform,
        limits=limits[name],
        late=True,
    )


_NOTHING = sha256(b"")
"""A refusal without a body counts as content for BuildKit."""


def _in_words(message: str) -> str:
    """Rewrite a BuildKit message about its internal paths in terms users understand."""
    if match := DIGEST_MISMATCH.search(message):
        if match[1] == _NOTHING:
            return (
                "the builder got nothing from this address: it may be gone, or its "
                "server may want to know who asks (`--secret "
                "id=HTTP_AUTH_HEADER_HOST,env=VARIABLE`)"
            )
        return (
            f"what is at this address now is {match[1]}, and not what was locked: if "
            "that is expected, `dynbuild lock --upgrade-add` locks it anew; where its "
            "sha256 is declared, change it there"
        )
    match = NO_DIRECTORY.search(message)
    if match is None:
        return message
    path = match[1]
    return (
        f"what is copied has a directory {path}, and in the image {path} is no "
        f"directory (in many bases it is a link, as /bin is to usr/bin): copy what is "
        f"in that directory by itself, to {path}/, and leave it out of the other copy"
    )


def _script(failure: FailedVertex) -> str | None:
    """Return the whole script of a RUN, which BuildKit's vertex names truncate."""
    match = PROCESS.search(failure.message)
    if match is None:
        return None
    try:
        command = str(ast.literal_eval(match[1]))
    except (ValueError, SyntaxError):
        return None
    _, shell, script = command.partition(" -c ")
    return f"RUN {script.strip()}" if shell else f"RUN {command.strip()}"
