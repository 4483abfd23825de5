"""A script that holds the lines of a Dockerfile comes out of every build unchanged."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.space import Space

TEXT = """\
# syntax=docker/dockerfile:1
FROM base.0 AS one
FROM one AS two
FROM one AS two.files
COPY --from=one /text /text
RUN --mount=type=cache,target=/c <<'EOF'
ARG TARGETARCH
"""
WRITES = f"cat > /{{}} <<'TEXT'\n{TEXT}TEXT"
CHECKS = "echo '{digest}  {path}' | sha256sum -c -"


def declaration(base: str) -> dict[str, object]:
    digest = hashlib.sha256(TEXT.encode()).hexdigest()

    def checked(path: str) -> str:
        return CHECKS.format(digest=digest, path=path)

    stages = [
        {"name": "one", "commands": [WRITES.format("one")]},
        {
            "name": "two",
            "dependencies": ["one"],
            "commands": [WRITES.format("two"), checked("/one"), checked("/two")],
        },
        {
            "name": "copies",
            "copy": [{"stage": "two", "from": "/two", "to": "/copied"}],
            "commands": [checked("/copied"), WRITES.format("three"), checked("/three")],
        },
    ]
    return {"base": base, "stages": stages}


@pytest.mark.parametrize(
    "words",
    [[], ["--jobs", "1"], ["--no-cache-stage", "two"], ["--linear"]],
    ids=["chain", "alone", "anew", "linear"],
)
def test_lines_of_a_dockerfile_in_a_script(
    words: list[str], built: Space, busybox_base: str
) -> None:
    built.write("dynbuild.json", json.dumps(declaration(busybox_base)))
    built.ok("lock")
    if "--no-cache-stage" in words:
        built.ok("realize")
    done = built.ok("realize", *words)
    assert "failed" not in done.err


def test_the_same_below_a_shell(built: Space, busybox_base: str) -> None:
    built.write("dynbuild.json", json.dumps(declaration(busybox_base)))
    built.ok("lock")
    built.write("ask", "cat /one\n")
    shell = [sys.executable, "-m", "dynbuild", "realize", "--shell", "two"]
    done = built.command("sh", "-c", 'exec "$@" < ask', "-", *shell)
    assert (done.status, done.out) == (0, TEXT)
