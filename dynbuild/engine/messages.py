"""What BuildKit's messages say: the one module that knows their words.

Tested against recordings of two versions (``tests/unit/engine/streams``).
"""

import re

PROCESS = re.compile(
    r'process ("(?:[^"\\]|\\.)*") did not complete successfully', re.DOTALL
)
"""A RUN that ended badly, with its whole script as a quoted string."""

EXIT_CODE = re.compile(r"did not complete successfully: exit code: (\d+)")

NO_DIRECTORY = re.compile(
    r"cannot copy to non-directory: \S*?/(?:buildkit\d+|cachemounts/[^/]+)(/\S*)"
)
"""A directory of a copy, and the path in the image where something else lies."""

DIGEST_MISMATCH = re.compile(r"digest mismatch (sha256:\w+): sha256:\w+")
"""What is at an address now, which is not what was locked."""

_NO_USER = re.compile(r"unable to find user ([^\s:]+)")
_NO_PROGRAM = re.compile(
    r'exec: "([^"]+)": (?:stat|executable)|exec (/\S+): no such file'
)
_ANOTHER_PLATFORM = re.compile(r"exec \S+: exec format error")
_NO_SECRET = re.compile(r"\bsecret (\S+): not found")
_REFUSED = re.compile(
    r"unauthorized|(?<!permission )denied|authentication|insufficient_scope"
    r"|\b40[13] (?:Forbidden|Unauthorized)|status 40[13]\b"
)
_TRANSPORT = re.compile(
    r'Unavailable: (?:connection error: desc = "(?:transport: )?)?(.*?)"?$'
)
_CERTIFICATE = re.compile(r"\btls: |x509: ")
_BROKEN = re.compile(r"broken pipe|connection reset|\bEOF$")
_BASE = re.compile("load metadata|^FROM ")


def without_script(message: str) -> str:
    """Return the message of a script that could not be started, without the script."""
    return PROCESS.sub("the script could not be started", message)


def unknown_user(message: str) -> str | None:
    """Return the user that a step should run as, and that the image does not know."""
    match = _NO_USER.search(message)
    return match and match[1]


def missing_program(message: str) -> str | None:
    """Return the program that a step should start, and that is not there."""
    match = _NO_PROGRAM.search(message)
    return match and (match[1] or match[2])


def is_of_another_platform(output: str) -> bool:
    """Whether a line of output says that no program of the image can run there."""
    return _ANOTHER_PLATFORM.fullmatch(output.strip()) is not None


def is_of_memory(message: str) -> bool:
    """Whether the kernel ended a step for want of memory, as far as BuildKit knows."""
    return "cannot allocate memory" in message


def missing_secret(message: str) -> str | None:
    """Return the id of a secret that a step needs, and that was not given."""
    match = _NO_SECRET.search(message)
    return match and match[1]


def is_refused(message: str) -> bool:
    """Whether a registry wants to know who asks, or lets them not."""
    return _REFUSED.search(message) is not None


def is_of_a_blob_that_came_wrong(message: str) -> bool:
    """Whether containerd holds other bytes than a blob has, and will not take it."""
    return "unexpected commit digest" in message


def refusal(words: str) -> tuple[str, bool]:
    """Return why a builder elsewhere did not talk, and whether for a certificate.

    Where nothing listens there is no reason. A server that refuses a certificate often
    ends the connection, and no more.
    """
    if "connection refused" in words or not (match := _TRANSPORT.search(words)):
        return "", False
    reason = match[1]
    if _BROKEN.search(reason):
        return "it ended the connection, as it does to whom it does not know", True
    _, _, certificate = reason.rpartition("tls: ")
    return certificate, _CERTIFICATE.search(reason) is not None


def is_of_the_base(instruction: str) -> bool:
    """Whether an instruction outside of the steps is about the base image."""
    return _BASE.search(instruction) is not None


def outside_of_steps(instruction: str) -> str:
    """Return an instruction outside of the steps as people say it."""
    return instruction.removeprefix("[internal] ")
