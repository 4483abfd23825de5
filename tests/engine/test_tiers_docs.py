"""The pages on tiers are true: their commands run, their declarations are ones."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import yaml

from dynbuild.declaration.load import load
from dynbuild.declaration.syntax import syntax_of
from dynbuild.spans import Source
from tests.contracts.test_tls import server
from tests.s3_servers import Server, bucket_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.oci_servers import Served
    from tests.space import Space

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "tiers.md").read_text()
REGISTRY = (DOCS / "tiers-registry.md").read_text()
__all__ = ["server"]
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


def test_minio_on_the_lan(built: Space, busybox_base: str, server: Server) -> None:
    """By TLS, under an authority that only the variable names."""
    text = PAGE.partition("### MinIO on the LAN")[2].partition("### CI")[0]
    named = set(re.findall(r"([A-Z_]+)=", text)) - {"MINIO_SECURE"}
    environment = server.environment(bucket_name())
    assert named <= set(environment)
    variables = {name: environment[name] for name in named}
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=uuid4()))
    built.ok("lock")
    for command in re.findall(r"^\$ dynbuild (.*)$", text, re.MULTILINE):
        words = [word for word in shlex.split(command) if word not in ("-t", "app")]
        done = built.ok(*words, **variables)
        assert "warning" not in done.err, command
    assert f"https://{server.endpoint}" in done.out


def test_the_page_on_registries(
    built: Space,
    busybox_base: str,
    plain_registry: Served,
    docker: Callable[..., str],
) -> None:
    """As the workflows have it: the main branch, then a fork, then what is by hand."""
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=uuid4()))
    built.ok("lock")
    built.commit()
    place = f"{plain_registry.host}/docs/{uuid4().hex}"
    machine = {"CACHE_REGISTRY": place, "XDG_CONFIG_HOME": str(built.root / "config")}
    machine["HOME"] = str(built.root)
    tag = f"{plain_registry.host}/docs/app:{uuid4().hex}"
    for number, (command, environment) in enumerate(jobs(REGISTRY)):
        named = {"GHCR_NAMESPACE", "GHCR_TOKEN", "DYNBUILD_SIGNING_KEY"}
        modes = {k: v for k, v in environment.items() if k not in named}
        store = str(built.root.with_name(f"store-{number}"))
        words = [tag if "ghcr.io" in word else word for word in shlex.split(command)]
        done = built.ok(*words, **machine, **modes, CACHE_LOCAL_PATH=store)
        assert "warning" not in done.err, command
        if "read" in modes.values():
            assert " ran in " not in done.err
    commands = re.findall(r"^\$ dynbuild (.*)$", REGISTRY, re.MULTILINE)
    assert len(commands) > 2
    for command in commands:
        done = built.ok(*shlex.split(command), **machine)
        assert "warning" not in done.err, command
    docker("image", "rm", "--force", tag)


def jobs(page: str) -> list[tuple[str, dict[str, str]]]:
    """The commands of the workflows of a page, in their order, with their variables."""
    found = []
    for block in re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        told = yaml.safe_load(block)
        steps = (
            told
            if isinstance(told, list)
            else told.get("steps")
            or [step for job in told["jobs"].values() for step in job["steps"]]
        )
        found += [
            (step["run"].removeprefix("dynbuild "), step.get("env", {}))
            for step in steps
            if step.get("run", "").startswith("dynbuild ")
        ]
    assert len(found) > 2
    return found


def test_variables_are_the_ones() -> None:
    tiers = Path(__file__).parents[2] / "dynbuild/tiers"
    sources = [*tiers.glob("*/kind.py"), tiers / "environment.py"]
    text = "".join(source.read_text() for source in sources)
    named = set(re.findall(r'"((?:MINIO|CACHE)_[A-Z_]+)"', text))
    assert {"MINIO_BUCKET", "CACHE_REGISTRY", "CACHE_MODE"} <= named
    assert named <= set(re.findall(r"`((?:MINIO|CACHE)_[A-Z_]+)", PAGE + REGISTRY))
    for _, environment in jobs(REGISTRY):
        for name in environment:
            assert f"`{name}" in REGISTRY


def test_declarations() -> None:
    both = PAGE + REGISTRY
    blocks = re.findall(r"^```toml\n(.*?)^```$", both, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 3
    for block in blocks:
        assert load(Source("x.toml", block), syntax_of("x.toml")).warnings == ()
