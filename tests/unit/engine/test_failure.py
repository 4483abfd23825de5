"""What docker says of a failure, as errors of dynbuild."""

import json

import pytest

from dynbuild.building import BuildFailed
from dynbuild.engine import messages
from dynbuild.engine.failure import (
    answered,
    error_message,
    explain,
    later,
    unanswered,
    unreachable,
)
from dynbuild.engine.rawjson import Transcript
from dynbuild.errors import DeclarationError, UnreachableError, redact_urls


def transcript(*words: str, name: str = "", error: str = "") -> Transcript:
    made = Transcript()
    lines = [*words]
    if name:
        record = {"digest": "d", "name": name, "error": error}
        lines.insert(0, json.dumps({"vertexes": [record]}))
    for line in lines:
        list(made.read(line))
    return made


def test_a_step_gives_its_whole_script_and_exit_code() -> None:
    process = r'process "/bin/bash -o pipefail -c set -e\necho \"a\"\nfoo -c 1\n"'
    error = f"{process} did not complete successfully: exit code: 3"
    failed = explain(transcript(name="[app 1/1] RUN <<EOF (set -e...)", error=error))
    assert isinstance(failed, BuildFailed)
    assert failed.step == "app"
    assert failed.instruction == 'RUN set -e\necho "a"\nfoo -c 1'
    assert failed.exit_code == 3


def test_a_step_without_a_process_gives_its_instruction() -> None:
    error = '"/nothing": not found'
    failed = explain(transcript(name="[app 2/3] COPY nothing /x", error=error))
    assert isinstance(failed, BuildFailed)
    assert (failed.instruction, failed.message) == ("COPY nothing /x", error)
    assert failed.exit_code is None


def test_what_is_no_vertex_is_told_in_its_own_words() -> None:
    words = "ERROR: failed to build: failed to solve: dockerfile parse error on line 2"
    failed = explain(transcript("Dockerfile:2", "-----", words))
    assert isinstance(failed, BuildFailed)
    assert failed.message == "dockerfile parse error on line 2"
    assert (failed.step, failed.instruction) == (None, None)


@pytest.mark.parametrize(
    "words",
    [
        "Cannot connect to the Docker daemon at unix:///x. Is it running?",
        "failed to connect to the docker API at unix:///x; check the path",
        "error during connect: Get: EOF",
        "rpc error: code = Unavailable desc = error reading from server: EOF",
    ],
)
def test_an_engine_that_is_not_there(words: str) -> None:
    error = explain(transcript(f"ERROR: {words}"))
    assert isinstance(error, UnreachableError)
    assert "DOCKER_HOST" in str(error)


def test_an_engine_that_is_forbidden() -> None:
    error = unreachable(
        "permission denied while trying to connect to the Docker daemon"
    )
    assert "group docker" in str(error)


def test_a_builder_that_is_not_there() -> None:
    error = explain(transcript('ERROR: no builder "x" found'))
    assert isinstance(error, DeclarationError)
    assert "docker buildx ls" in str(error)


def test_a_registry_that_does_not_answer() -> None:
    error = 'failed to push: Head "https://r/v2/": dial tcp: connection refused'
    failed = explain(transcript(name="exporting to image", error=error))
    assert isinstance(failed, UnreachableError)


def test_a_step_that_cannot_reach_something_is_still_a_failed_step() -> None:
    name, error = "[app 1/1] RUN curl x", "dial tcp: connection refused"
    assert isinstance(explain(transcript(name=name, error=error)), BuildFailed)


def test_a_registry_that_refuses_keeps_its_words() -> None:
    error = "failed to push r/x: denied: permission_denied: write_package"
    failed = explain(transcript(name="exporting to image", error=error))
    assert isinstance(failed, BuildFailed)
    assert failed.message == error


@pytest.mark.parametrize(
    ("words", "is_answer"),
    [
        ("r/x: not found", True),
        ("pull access denied, repository does not exist", True),
        ("unexpected status from HEAD request to http://r: 403 Forbidden", True),
        ("unexpected status from HEAD request to http://r: 503 Unavailable", False),
        ('Head "http://r/v2": EOF', False),
        ("toomanyrequests: slow down", False),
        ("net/http: TLS handshake timeout", False),
    ],
)
def test_no_or_nothing(words: str, is_answer: bool) -> None:  # noqa: FBT001
    assert answered(words) is is_answer


def test_words_without_their_wrapping() -> None:
    assert error_message(["noise", "ERROR: failed to solve: it broke"]) == "it broke"
    assert error_message(
        ["docker: unknown command", "", "Run docker --help"]
    ).startswith("docker")


def test_no_secrets_of_urls() -> None:
    text = 'Get "https://me:hunter2@proxy/v2/?X-Signature=abc&y=1": no'
    assert redact_urls(text) == 'Get "https://proxy/v2/": no'


@pytest.mark.parametrize(
    "words",
    [
        "unexpected status from HEAD request to https://x/v2/a: 429 Too Many Requests",
        "x:1: toomanyrequests: You have reached your pull rate limit",
        "429 Too Many Requests",
    ],
)
def test_a_limit_is_no_answer(words: str) -> None:
    assert not answered(words)
    assert "`docker login` raises the limit" in later(words)
    assert "`docker login`" not in later("dial tcp: no such host")


def test_an_engine_that_has_no_buildkit() -> None:
    """As podman 4.3 answers, where the image of one cannot be pulled."""
    words = (
        "ERROR: Error response from daemon: initializing source "
        "docker://moby/buildkit:buildx-stable-1: pinging container registry "
        "registry-1.docker.io: dial tcp: lookup registry-1.docker.io: no such host"
    )
    error = explain(transcript(words))
    assert isinstance(error, UnreachableError)
    (told,) = error.diagnostics
    assert told.code == "DB0515"
    assert told.message.startswith("this engine has no BuildKit, and the image of one")
    assert "docs/builders.md" in str(told.hint)
    base = "ERROR: docker.io/moby/buildkit:latest: not found"
    assert isinstance(explain(transcript(base)), BuildFailed)


X509 = "x509: certificate is valid for localhost, not build.lan"
AT = 'Unavailable: connection error: desc = "'
DIAL = "Error while dialing: dial tcp"
REFUSALS = {
    f'{AT}transport: failed to write: tls: failed to verify certificate: {X509}"': (
        f"failed to verify certificate: {X509}",
        True,
    ),
    "Unavailable: write tcp 127.0.0.1:1->127.0.0.1:2: write: broken pipe": (
        "it ended the connection, as it does to whom it does not know",
        True,
    ),
    f'{AT}error reading: remote error: tls: certificate required"': (
        "certificate required",
        True,
    ),
    f'{AT}transport: {DIAL}: lookup build.lan: no such host"': (
        f"{DIAL}: lookup build.lan: no such host",
        False,
    ),
    f'{AT}transport: {DIAL} 127.0.0.1:9: connect: connection refused"': ("", False),
    "": ("", False),
}


@pytest.mark.parametrize("words", REFUSALS)
def test_why_a_builder_elsewhere_does_not_answer(words: str) -> None:
    assert (
        messages.refusal(words and f"failed to call diskusage: {words}")
        == (REFUSALS[words])
    )
    (one,) = unanswered("lan", "tcp://build.lan:1", words).diagnostics
    assert one.message.startswith("the builder lan does not answer: ")
    assert "build.lan:1" in one.message
