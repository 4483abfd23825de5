"""Serves a registry on loopback and pushes images to it that it does not hold yet."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING

from engine_parts.shell import (
    EngineError,
    Places,
    running_pid,
    say,
    start_daemon,
    stop_daemon,
)

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

DEFAULT_PORT = "5010"
HIGHEST_PORT = 65535
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

CONFIG = """\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {folder}}}
  delete: {{enabled: true}}
http: {{addr: "{address}"}}
"""


def address() -> str:
    port = os.environ.get("DYNBUILD_REGISTRY_PORT", DEFAULT_PORT)
    if not port.isdecimal() or not 0 < int(port) <= HIGHEST_PORT:
        raise EngineError(
            f"DYNBUILD_REGISTRY_PORT: `{port}` is no port; "
            f"give a number up to {HIGHEST_PORT}"
        )
    return f"127.0.0.1:{port}"


def pid(places: Places) -> int | None:
    return running_pid(places.run / "registry.pid", places)


def start(places: Places, where: str) -> None:
    running = pid(places)
    if running is not None:
        if _answers(where):
            return
        # It serves the port of an earlier run.
        stop_daemon(running)
    if _answers(where):
        raise EngineError(
            f"{where}: another registry answers there; stop it, or name a free port "
            "in DYNBUILD_REGISTRY_PORT"
        )
    binary = shutil.which("docker-registry", path=f"{places.tools}/usr/bin")
    binary = binary or shutil.which("docker-registry")
    if binary is None:
        raise EngineError(
            "docker-registry is not on PATH; install Debian's package of that name"
        )
    places.run.mkdir(parents=True, exist_ok=True)
    config = places.run / "registry.yml"
    config.write_text(CONFIG.format(folder=places.root / "registry", address=where))
    started = start_daemon(
        [binary, "serve", config],
        log=places.run / "registry.log",
        pidfile=places.run / "registry.pid",
        env=os.environ,
        answers=lambda: _answers(where),
    )
    say(f"started a registry, process {started}, on {where}")


def stop(places: Places) -> None:
    running = pid(places)
    if running is not None:
        stop_daemon(running)
        say(f"stopped the registry, process {running}")


def push(where: str, repository: str, tags: tuple[str, ...], image: Path) -> str:
    """Push the image folder under each tag that does not name it yet."""
    base = f"/v2/{repository}"
    manifest = (image / "manifest.json").read_bytes()
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    stale = [
        tag for tag in tags if _digest_of(where, f"{base}/manifests/{tag}") != digest
    ]
    if stale:
        described = json.loads(manifest)
        blobs = (
            (described["config"]["digest"], image / "config.json"),
            (described["layers"][0]["digest"], image / "layer.tar.gz"),
        )
        for blob, path in blobs:
            _push_blob(where, base, blob, path)
    for tag in stale:
        _ask(where, "PUT", f"{base}/manifests/{tag}", manifest, MANIFEST)
        say(f"pushed {where}/{repository}:{tag}")
    return f"{where}/{repository}:{tags[0]}"


def _push_blob(where: str, base: str, digest: str, path: Path) -> None:
    if _digest_of(where, f"{base}/blobs/{digest}") == digest:
        return
    _, started = _ask(where, "POST", f"{base}/blobs/uploads/")
    upload = urllib.parse.urlsplit(started["Location"])
    to = f"{upload.path}?{upload.query}&digest={digest}"
    _ask(where, "PUT", to, path.read_bytes(), "application/octet-stream")


def _digest_of(where: str, path: str) -> str | None:
    _, headers = _ask(where, "HEAD", path)
    return headers.get("Docker-Content-Digest")


def _answers(where: str) -> bool:
    try:
        status, _ = _ask(where, "GET", "/v2/")
    except EngineError:
        return False
    return status == HTTPStatus.OK


def _ask(
    where: str, method: str, path: str, body: bytes = b"", content_type: str = ""
) -> tuple[int, Message]:
    headers = {"Accept": MANIFEST}
    if content_type:
        headers["Content-Type"] = content_type
    # No urllib.request: it would ask the machine's proxy, which has no business here.
    connection = http.client.HTTPConnection(where, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise EngineError(
            f"{where}: {method} {path}: {error}; run `scripts/engine down`, then `up`"
        ) from error
    finally:
        connection.close()
    if answer.status >= HTTPStatus.BAD_REQUEST and method != "HEAD":
        raise EngineError(
            f"{where}: {method} {path}: status {answer.status}, "
            f"{said.decode(errors='replace')}; run `scripts/engine down`, then `up`"
        )
    return answer.status, answer.headers
