"""The page on tiers is true: its commands run, its declarations are ones."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from dynbuild.declaration.load import load
from dynbuild.declaration.syntax import syntax_of
from dynbuild.spans import Source
from tests.s3_servers import Server, bucket_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "tiers.md").read_text()
COMMANDS = re.findall(r"^\$ dynbuild (.*)$", PAGE, re.MULTILINE)
DECLARATION = """\
base = "{base}"

[[stages]]
name = "one"
commands = ["echo {unique} > /one"]
"""


def test_commands(
    built: Space,
    busybox_base: str,
    rclone_server: Server,
    docker: Callable[..., str],
) -> None:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=uuid4()))
    built.ok("lock")
    built.commit()
    environment = rclone_server.environment(bucket_name())
    assert len(COMMANDS) > 8
    for command in COMMANDS:
        tag = f"test-{uuid4()}"
        words = [tag if word == "app" else word for word in shlex.split(command)]
        done = built.ok(*words, **environment)
        assert "warning" not in done.err, command
        if "-t" in words:
            docker("image", "rm", tag)


def test_variables_are_the_ones() -> None:
    settings = Path(__file__).parents[2] / "dynbuild/tiers/settings.py"
    named = set(re.findall(r'"((?:MINIO|CACHE)_[A-Z_]+)"', settings.read_text()))
    pages = PAGE + (DOCS / "tiers-registry.md").read_text()
    assert named <= set(re.findall(r"`((?:MINIO|CACHE)_[A-Z_]+)", pages))


def test_declarations() -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        assert load(Source("x.toml", block), syntax_of("x.toml")).warnings == ()
