"""Package repositories that tests make, images that they change, looks into them."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import json
import subprocess
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.layouts import layer_archive

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.space import Done, Space


def command(*words: str | Path, **more: Any) -> str:
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, stdin=None, **more
    )
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(
    folder: Path,
    answers: type[Quiet] = Quiet,
    tls: ssl.SSLContext | None = None,
) -> Iterator[str]:
    """Serve a folder on loopback; gives its address."""
    handler = functools.partial(answers, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class AptRepository:
    """A repository of tiny packages, signed with a key of its own.

    ``release`` are further lines of what its suites say of themselves.
    """

    folder: Path
    suites: tuple[str, ...] = ("stable",)
    address: str = ""
    packages: list[tuple[str, str, Path]] = field(default_factory=list)
    release: str = ""

    def __post_init__(self) -> None:
        (self.folder / "pool").mkdir(parents=True)
        home = self.folder.parent / f"{self.folder.name}-gpg"
        home.mkdir(mode=0o700)
        self._gpg = ("gpg", "--homedir", str(home), "--batch", "--quiet")
        words = ("--passphrase", "", "--quick-generate-key", "t@localhost", "ed25519")
        command(*self._gpg, *words)

    def stop(self) -> None:
        home = self._gpg[2]
        command("gpgconf", "--homedir", home, "--kill", "all")

    def key(self, *, armoured: bool) -> bytes:
        words = (*self._gpg, *(("--armor",) if armoured else ()), "--export")
        return subprocess.run(words, capture_output=True, check=True).stdout

    def add(  # noqa: PLR0913 - one parameter a part of a package
        self,
        name: str,
        version: str = "1",
        *,
        files: Mapping[str, str] | None = None,
        conffiles: Mapping[str, str] | None = None,
        suite: str = "",
        scripts: Mapping[str, str] | None = None,
        **fields: str,
    ) -> None:
        """Make a package; ``Depends`` and the like are ``fields``, - written _.

        ``scripts`` are further files of its control information, as ``postinst``.
        """
        root = self.folder.parent / f"deb-{uuid4().hex}"
        content = {f"/usr/share/{name}/version": f"{version}\n", **(files or {})}
        for path, text in {**content, **(conffiles or {})}.items():
            place = root / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        control = {
            "Package": name,
            "Version": version,
            "Architecture": "all",
            "Maintainer": "t <t@localhost>",
            "Description": "made by a test",
            **{label.replace("_", "-"): text for label, text in fields.items()},
        }
        (root / "DEBIAN").mkdir()
        lines = [f"{label}: {text}\n" for label, text in control.items()]
        (root / "DEBIAN/control").write_text("".join(lines))
        for script, text in (scripts or {}).items():
            (root / "DEBIAN" / script).write_text(text)
            (root / "DEBIAN" / script).chmod(0o755)
        if conffiles:
            text = "".join(f"{path}\n" for path in conffiles)
            (root / "DEBIAN/conffiles").write_text(text)
        place = self.folder / "pool" / f"{uuid4().hex}.deb"
        command("dpkg-deb", "--root-owner-group", "-b", root, place)
        architecture = control["Architecture"]
        self.packages.append((suite or self.suites[0], architecture, place))

    def publish(self) -> None:
        for suite in self.suites:
            self._publish(suite)

    def _publish(self, suite: str) -> None:
        dist = self.folder / "dists" / suite
        sums = []
        for architecture in ("amd64", "i386"):
            index = dist / f"main/binary-{architecture}/Packages"
            index.parent.mkdir(parents=True, exist_ok=True)
            entries = [
                _entry(place)
                for package_suite, package_architecture, place in self.packages
                if package_suite == suite
                and package_architecture in (architecture, "all")
            ]
            index.write_text("\n".join(entries))
            data = index.read_bytes()
            total = hashlib.sha256(data).hexdigest()
            sums.append(f" {total} {len(data)} {index.relative_to(dist)}\n")
        release = (
            f"Origin: test\nSuite: {suite}\nCodename: {suite}\n"
            "Architectures: amd64 i386\nComponents: main\n"
            f"Date: Wed, 01 Jan 2025 00:00:00 UTC\n{self.release}"
            f"SHA256:\n{''.join(sums)}"
        )
        (dist / "InRelease").unlink(missing_ok=True)
        command(*self._gpg, "--clearsign", "-o", dist / "InRelease", input=release)


def _entry(place: Path) -> str:
    """The paragraph of a package in an index."""
    data = place.read_bytes()
    return (
        command("dpkg-deb", "-f", place).strip()
        + f"\nFilename: pool/{place.name}\nSize: {len(data)}\n"
        f"SHA256: {hashlib.sha256(data).hexdigest()}\n"
    )


@dataclass(frozen=True)
class Inside:
    """What an image says about its packages and its leftovers."""

    installed: dict[str, str]
    manual: set[str]
    complaints: str
    leftovers: list[str]


# Everything that a package manager must not leave behind, whatever it installed.
_LOOK = r"""
echo == complaints
dpkg --audit
apt-get check -qq 2>&1 || :
if command -v pip > /dev/null; then pip check 2>&1 | grep -v '^No broken' || :; fi
echo == installed
dpkg-query -W -f '${db:Status-Status} ${binary:Package} ${Version}\n'
echo == manual
apt-mark showmanual
echo == leftovers
find /tmp /run/base /var/lib/apt/lists /var/log/apt /var/log/dpkg.log \
  /var/log/alternatives.log /var/cache/apt/archives /root/.cache /root/.npm \
  /etc/apt/apt.conf.d/*dynbuild* /var/cache/apt/*.bin /var/cache/apt/debian* \
  /var/lib/dpkg/*-old /var/cache/debconf/*-old \
  ! -type d ! -name lock 2> /dev/null
echo == end
"""


@dataclass
class Image:
    """A project whose image a test changes, edit after edit."""

    space: Space
    engine: Mapping[str, str]
    base: str
    tag: str = field(default_factory=lambda: f"managers-{uuid4().hex[:12]}")

    def declare(self, text: str) -> None:
        self.space.write("dynbuild.toml", f'base = "{self.base}"\n{text}\n')

    def edit(self, text: str, *flags: str) -> None:
        """Declare, lock and realize: the way of every edit."""
        self.declare(text)
        self.space.ok("lock", *flags)
        done = self.space.run("realize", "-t", self.tag)
        if "failed to prepare extraction snapshot" in done.err:
            # containerd lost a layer to the clean-up after another test's image.
            done = self.space.run("realize", "-t", self.tag)
        assert done.status == 0, done.err

    def fails(self, text: str) -> Done:
        """Declare and lock what cannot be realized."""
        self.declare(text)
        self.space.ok("lock")
        done = self.space.run("realize", "-t", self.tag)
        assert done.status == 1, done.err
        return done

    def docker(self, *words: str, **more: Any) -> str:
        return command("docker", *words, env=self.engine, **more)

    def run(self, script: str, *flags: str) -> str:
        words = ("run", "--rm", "-i", "--network=none", "--entrypoint=sh", *flags)
        return self.docker(*words, self.tag, input=script)

    def look(self) -> Inside:
        sections: dict[str, list[str]] = {}
        for line in self.run(_LOOK, "--user=0").splitlines():
            if line.startswith("== "):
                sections[line[3:]] = []
            else:
                sections[list(sections)[-1]].append(line)
        rows = [line.split() for line in sections["installed"]]
        # A package that is neither installed nor gone: purge left something.
        states = {row[0] for row in rows}
        assert states == {"installed"}, rows
        return Inside(
            {row[1].removesuffix(":amd64"): row[2] for row in rows},
            set(sections["manual"]),
            "\n".join(sections["complaints"]),
            sections["leftovers"],
        )

    def layers(self) -> list[list[str]]:
        """List what each layer of the image holds, in order."""
        words = ["docker", "save", self.tag]
        done = subprocess.run(words, env=self.engine, capture_output=True, check=True)
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:

            def blob(digest: str) -> Any:
                return archive.extractfile(f"blobs/{digest.replace(':', '/')}")

            index = json.load(archive.extractfile("index.json"))  # type: ignore[arg-type]
            manifest = json.load(blob(index["manifests"][0]["digest"]))
            if "manifests" in manifest:
                manifest = json.load(blob(manifest["manifests"][0]["digest"]))
            listed = []
            for layer in manifest["layers"]:
                with layer_archive(blob(layer["digest"]).read()) as content:
                    listed.append(
                        [
                            f"/{member.name.rstrip('/')}" + "/" * member.isdir()
                            for member in content
                        ]
                    )
        return listed

    def forget(self) -> None:
        self.docker("image", "rm", "--force", self.tag)


def make_base(engine: Mapping[str, str], dockerfile: str, tag: str) -> str:
    """Build a base from a Dockerfile that needs no context; gives its name."""
    words = (
        "build",
        "--progress=plain",
        "--network=host",
        "--allow=network.host",
        "-t",
        tag,
        "-",
    )
    command("docker", "buildx", *words, env=engine, input=dockerfile)
    return tag
