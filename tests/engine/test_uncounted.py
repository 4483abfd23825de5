"""The files that do not count by content: the real tools write them, each time anew."""

from __future__ import annotations

import http.server
import io
import re
import threading
import zipfile
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from dynbuild.link.uncounted import ROWS, uncounted
from tests.engine.managers import command, make_base

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCKERFILE = """\
FROM {}
RUN apt-get update && apt-get install -y --no-install-recommends dnf npm python3-pip \
&& rm -rf /var/lib/apt/lists/*
"""

APT = """\
rm /etc/apt/apt.conf.d/docker-clean
apt-get update
apt-get install -y --no-install-recommends bc
"""

PIP = """\
export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_CERT=/etc/ssl/certs/ca-certificates.crt
pip install pip==24.0
/usr/local/bin/pip install idna==3.4
/usr/local/bin/pip install --index-url INDEX --trusted-host 127.0.0.1 own
"""

# What each tool is asked to do, and the files that it writes.
TOOLS: dict[str, tuple[str, set[str]]] = {
    "apt": (
        APT,
        {
            "var/log/apt/history.log",
            "var/log/apt/term.log",
            "var/log/apt/eipp.log.xz",
            "var/cache/apt/pkgcache.bin",
            "var/cache/apt/srcpkgcache.bin",
        },
    ),
    "dpkg": (APT, {"var/log/dpkg.log"}),
    "update-alternatives": (
        "update-alternatives --install /usr/bin/own own /bin/true 1",
        {"var/log/alternatives.log"},
    ),
    "dnf": (
        "dnf -y makecache",
        {"var/log/dnf.log", "var/log/dnf.librepo.log", "var/log/dnf.rpm.log"},
    ),
    "ldconfig": (
        "cp /lib/*/libm.so.6 /usr/local/lib/libown.so.6; ldconfig",
        {"var/cache/ldconfig/aux-cache"},
    ),
    # Debian's own pip is none that asks for a newer one.
    "pip": (
        PIP,
        {"root/.cache/pip/selfcheck/HEX", "root/.cache/pip/http-v2/HEX"},
    ),
    "npm": (
        "npm install -g semver@7",
        {"root/.npm/_logs/TIME-debug-0.log", "root/.npm/_cacache/index-v5/HEX"},
    ),
    "python": (
        "mkdir /m; echo 'a = 1' > /m/m.py; cd /m; python3 -c 'import m'",
        {"m/__pycache__/m.cpython-311.pyc"},
    ),
}

LOOK = """
find / -xdev -newer /before -type f ! -path '/proc/*' ! -path '/sys/*' \
  -exec sha256sum {} +
"""


class _Index(http.server.BaseHTTPRequestHandler):
    """An index of one distribution, whose answers may be kept for a while."""

    def do_GET(self) -> None:
        name = "own-1.0-py3-none-any.whl"
        page = f'<a href="/{name}">{name}</a>'.encode()
        data = wheel() if self.path.endswith(".whl") else page
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=600")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


def wheel() -> bytes:
    """A distribution that is only metadata."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = "own-1.0.dist-info"
        head = "Metadata-Version: 2.1\nName: own\nVersion: 1.0\n"
        archive.writestr(f"{info}/METADATA", head)
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", tags)
        archive.writestr(f"{info}/RECORD", "")
    return out.getvalue()


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Index) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def tools(engine: dict[str, str], debian_base: str) -> Iterator[str]:
    tag = f"uncounted-{uuid4().hex[:12]}"
    yield make_base(engine, DOCKERFILE.format(debian_base), tag)
    command("docker", "image", "rm", "--force", tag, env=engine)


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_writes_its_files(
    tool: str, engine: dict[str, str], tools: str, index: str
) -> None:
    script, files = TOOLS[tool]
    script = script.replace("INDEX", index)
    words = ("docker", "run", "--rm", "-i", "--network=host", tools, "sh", "-e")
    whole = f"touch /before; sleep 1\n({script}) > /dev/null 2>&1\n{LOOK}"
    first, second = (command(*words, env=engine, input=whole) for _ in range(2))
    row = re.compile(ROWS[tool])
    one, other = (
        {path: digest for digest, path in (line.split("  /", 1) for line in lines)}
        for lines in (first.splitlines(), second.splitlines())
    )
    found = {path for path in one if row.fullmatch(path)}
    assert {_named(path) for path in found} == files
    assert all(map(uncounted, found))
    assert {path: one[path] for path in found} != {p: other.get(p) for p in found}


def test_every_row_is_tried() -> None:
    assert {*TOOLS} == {*ROWS}


def _named(path: str) -> str:
    """A path without what is a digest or a time in it."""
    path = re.sub(r"(?:/[0-9a-f]{1,2})*/[0-9a-f]{8,}", "/HEX", path)
    return re.sub(r"/\d{4}-[^/]+Z-", "/TIME-", path)
