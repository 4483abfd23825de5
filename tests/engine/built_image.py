"""A lock, emitted and built for real, and what came out of it byte for byte."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from dynbuild.building import BuildRequest, Load
from dynbuild.engine.buildx import Buildx
from dynbuild.realization.request import dockerfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dynbuild.lockfile.model import Lock


@dataclass(frozen=True)
class BuiltImage:
    """``files`` by absolute path, directories left out; ``config`` as in OCI."""

    dockerfile: str
    files: Mapping[str, bytes]
    config: Mapping[str, Any]


def build(
    lock: Lock,
    engine: Mapping[str, str],
    context: Path,
    secrets: tuple[str, ...] = (),
    target: str | None = None,
) -> BuiltImage:
    """Build what a lock emits, with a context as it is."""
    text = dockerfile(lock, "linux/amd64")
    tag = f"dynbuild-test:{uuid4().hex}"
    request = BuildRequest(
        dockerfile=text,
        context=str(context),
        outputs=(Load(),),
        tags=(tag,),
        network=engine.get("DYNBUILD_NETWORK"),
        secrets=secrets,
        target=target,
    )
    Buildx(engine).build(request, lambda _: None)
    try:
        config = json.loads(_docker(engine, "inspect", tag))[0]["Config"]
        with _container(engine, tag) as name:
            exported = _docker(engine, "export", name)
    finally:
        _docker(engine, "image", "rm", tag)
    return BuiltImage(text, _files(exported), config)


@contextmanager
def _container(engine: Mapping[str, str], tag: str) -> Iterator[str]:
    # An image needs a command before there can be a container of it.
    arguments = ("create", "--network=none", "--entrypoint=true", "-u", "0", "-w", "/")
    name = _docker(engine, *arguments, tag).decode().strip()
    try:
        yield name
    finally:
        _docker(engine, "rm", "--volumes", name)


def _files(exported: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
        found = {}
        for member in tar.getmembers():
            if member.isfile():
                content = tar.extractfile(member)
                assert content
                found[f"/{member.name}"] = content.read()
        return found


def _docker(engine: Mapping[str, str], *words: str) -> bytes:
    done = subprocess.run(
        ["docker", *words], env=dict(engine), check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
