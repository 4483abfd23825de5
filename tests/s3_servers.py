"""Real S3 servers on loopback, started by the session that asks: a pytest plugin."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dynbuild.tiers.s3.client import Settings, answers, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCESS = "dynbuild-test-access"
SECRET = "dynbuild-test-" + secrets.token_hex(8)
_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """An S3 server, what makes dynbuild find it, and where it keeps its files."""

    name: str
    endpoint: str
    access: str = ACCESS
    secret: str = SECRET
    secure: bool = False
    ca: str | None = None
    folder: Path = Path("/nowhere")

    def settings(self, bucket: str) -> Settings:
        return Settings(self.endpoint, bucket, self.secure, "us-east-1")

    def environment(self, bucket: str) -> dict[str, str]:
        found = {
            "MINIO_ENDPOINT": self.endpoint,
            "MINIO_BUCKET": bucket,
            "MINIO_SECURE": str(self.secure).lower(),
            "MINIO_ACCESS_KEY": self.access,
            "MINIO_SECRET_KEY": self.secret,
        }
        return found | ({"SSL_CERT_FILE": self.ca} if self.ca else {})


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def bucket_name() -> str:
    return f"test-{secrets.token_hex(6)}"


@contextlib.contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    """Run a server; it is stopped by its own process id."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def program(name: str) -> str:
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} is in the development group, and is not there"
    return found


@contextlib.contextmanager
def rclone(folder: Path, *more: str, ca: str | None = None) -> Iterator[Server]:
    """An S3 server on a directory."""
    endpoint = f"127.0.0.1:{free_port()}"
    root = folder / "buckets"
    root.mkdir()
    command = [program("rclone"), "serve", "s3", "--addr", endpoint]
    command += ["--auth-key", f"{ACCESS},{SECRET}", "--config", ""]
    # Tests look into its directory, and change what lies there. With none at all it
    # never stops looking.
    command += ["--dir-cache-time", "1ms", *more, str(root)]
    server = Server("rclone", endpoint, secure=ca is not None, ca=ca, folder=root)
    with running(command, folder / "log"):
        _await(server)
        yield server


@contextlib.contextmanager
def seaweedfs(folder: Path) -> Iterator[Server]:
    """An S3 server that keeps volumes, not files."""
    config = folder / "s3.json"
    keys = f'{{"accessKey": "{ACCESS}", "secretKey": "{SECRET}"}}'
    config.write_text(
        f'{{"identities": [{{"name": "test", "credentials": [{keys}],'
        ' "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}'
    )
    data = folder / "data"
    data.mkdir()
    ports = {
        name: free_port()
        for name in ("master.port", "volume.port", "filer.port", "s3.port")
    }
    endpoint = f"127.0.0.1:{ports['s3.port']}"
    command = [program("weed"), "-logtostderr", "server", f"-dir={data}", "-s3"]
    command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.config={config}"]
    command += ["-volume.max=400", "-master.volumeSizeLimitMB=64"]
    for name, port in ports.items():
        command += [f"-{name}={port}"]
        if name != "s3.port":
            command += [f"-{name}.grpc={free_port()}"]
    command += [f"-s3.port.grpc={free_port()}"]
    # Else two of them on a machine want one port, and the second ends.
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    with running(command, folder / "log"):
        server = Server("seaweedfs", endpoint)
        _await(server)
        yield server


def _await(server: Server) -> None:
    """Wait until it takes something: HTTP answers earlier."""
    import io  # noqa: PLC0415

    deadline = time.monotonic() + _SECONDS
    bucket = bucket_name()
    made = False
    with credentials(server):
        clients = connect(server.settings(bucket))
    while True:
        try:
            with answers(clients):
                if not made:
                    clients.probe.make_bucket(bucket)
                    made = True
                clients.probe.put_object(bucket, "x", io.BytesIO(b"x"), 1)
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


_ENVIRONMENT = threading.Lock()


@contextlib.contextmanager
def credentials(server: Server) -> Iterator[None]:
    """Let this process be one that is told of a server by its environment.

    One at a time: tiers are opened by threads, and a process has one environment.
    """
    with _ENVIRONMENT, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment("unused").items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def rclone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="session")
def seaweed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with seaweedfs(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(scope="session")
def minio_server() -> Server:
    """The MinIO server that the environment of the test run names."""
    if not os.environ.get("MINIO_ENDPOINT"):
        pytest.skip("MINIO_ENDPOINT names no MinIO server")
    secure = os.environ.get("MINIO_SECURE", "true") != "false"
    return Server(
        "minio",
        os.environ["MINIO_ENDPOINT"],
        os.environ["MINIO_ACCESS_KEY"],
        os.environ["MINIO_SECRET_KEY"],
        secure=secure,
        ca=os.environ.get("SSL_CERT_FILE"),
    )
