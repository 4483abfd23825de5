"""Makes base images from Debian's packages, where no image registry is at hand."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import ssl
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from engine_parts.registry import MANIFEST
from engine_parts.shell import EngineError, Places, run, say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine_parts.debian import Mirror

# One moment for every file that the bases add, so that the same packages give the
# same bytes.
MOMENT = 1735689600
CREATED = "2025-01-01T00:00:00Z"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"

_CLEAN = (
    '"rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb '
    '/var/cache/apt/*.bin || true";'
)
# What Debian's official slim images carry, so that tests meet the same reality.
OFFICIAL = {
    "etc/apt/apt.conf.d/docker-clean": (
        f"DPkg::Post-Invoke {{ {_CLEAN} }};\n"
        f"APT::Update::Post-Invoke {{ {_CLEAN} }};\n"
        'Dir::Cache::pkgcache "";\n'
        'Dir::Cache::srcpkgcache "";\n'
    ),
    "etc/apt/apt.conf.d/docker-gzip-indexes": 'Acquire::GzipIndexes "true";\n',
    "etc/apt/apt.conf.d/docker-no-languages": 'Acquire::Languages "none";\n',
    "etc/apt/apt.conf.d/docker-autoremove-suggests": (
        'Apt::AutoRemove::SuggestsImportant "false";\n'
    ),
    "etc/dpkg/dpkg.cfg.d/docker-apt-speedup": "force-unsafe-io\n",
    "etc/dpkg/dpkg.cfg.d/docker": "".join(
        f"path-exclude {path}\n"
        for path in (
            "/usr/share/doc/*",
            "/usr/share/info/*",
            "/usr/share/linda/*",
            "/usr/share/lintian/overrides/*",
            "/usr/share/locale/*",
            "/usr/share/man/*",
        )
    )
    + "path-include /usr/share/doc/*/copyright\n",
}
MERGE = "share/mmdebstrap/hooks/maybe-merged-usr"
# Keeps installed daemons from being started in a build, as official images do.
NO_DAEMONS = "#!/bin/sh\nexit 101\n"


def make_debian(mirror: Mirror, places: Places) -> Path:
    return _once(
        _folder(places, f"debian-{mirror.codename}"),
        ["bash"],
        lambda tar: _bootstrap(mirror, tar, places),
    )


def make_busybox(places: Places) -> Path:
    return _once(
        _folder(places, "busybox"),
        ["sh"],
        lambda tar: tar.write_bytes(_busybox_tar(places)),
    )


def _folder(places: Places, name: str) -> Path:
    # An edit of this recipe makes the bases anew.
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    return places.bases / f"{name}-{recipe[:12]}"


def _once(image: Path, command: list[str], make: Callable[[Path], object]) -> Path:
    """Make the image's folder, unless an earlier run left it whole."""
    if image.is_dir():
        return image
    partial = image.with_name(image.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    tar = partial / "layer.tar"
    make(tar)
    with (
        tar.open("rb") as data,
        (partial / "layer.tar.gz").open("wb") as packed,
        # No name and no time in the header: the same tar gives the same bytes.
        gzip.GzipFile("", "wb", 4, packed, 0) as out,
    ):
        shutil.copyfileobj(data, out, 1 << 20)
    config = {
        "created": CREATED,
        "architecture": _architecture(),
        "os": "linux",
        "config": {"Env": [f"PATH={PATH}"], "Cmd": command},
        "rootfs": {"type": "layers", "diff_ids": [_digest(tar)]},
        "history": [{"created": CREATED, "created_by": "dynbuild scripts/engine"}],
    }
    tar.unlink()
    (partial / "config.json").write_text(json.dumps(config))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _descriptor(CONFIG, partial / "config.json"),
        "layers": [_descriptor(LAYER, partial / "layer.tar.gz")],
    }
    (partial / "manifest.json").write_text(json.dumps(manifest))
    partial.rename(image)
    return image


def _bootstrap(mirror: Mirror, tar: Path, places: Places) -> None:
    say("making the Debian base with mmdebstrap (about 20 s, once)")
    work = places.root / "base-files"
    shutil.rmtree(work, ignore_errors=True)
    # The official settings come last: their hooks need a shell that is not there yet.
    _write(work / "first", _machine_files(mirror))
    _write(work / "last", OFFICIAL)
    run(
        [
            _mmdebstrap(places),
            "--mode=root",
            "--variant=minbase",
            "--include=ca-certificates",
            '--aptopt=APT::Install-Recommends "false"',
            f"--dpkgopt={work}/last/etc/dpkg/dpkg.cfg.d/docker",
            f'--setup-hook=cp -r "{work}/first/." "$1"',
            # Else Debian 12 would merge /bin into /usr with a package that needs perl.
            f"--hook-dir={_mmdebstrap(places).parents[1]}/{MERGE}",
            '--customize-hook=chroot "$1" update-ca-certificates',
            f'--customize-hook=cp -r "{work}/last/." "$1"',
            # What was only for the making.
            '--customize-hook=rm "$1"/etc/*/*.d/99mmdebstrap "$1"/var/cache/apt/*.bin',
            '--customize-hook=rm -f "$1/etc/apt/sources.list"',
            mirror.sources[0].suite,
            tar,
            "-",
        ],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(MOMENT), **_perl(places)},
        advice="Mend what it names, then run this again",
    )
    shutil.rmtree(work)
    # Added here, since mmdebstrap has a file of that name and removes it at the end.
    with tarfile.open(tar, "a") as added:
        _add(
            added, "./usr/sbin/policy-rc.d", tarfile.REGTYPE, NO_DAEMONS.encode(), 0o755
        )


def _mmdebstrap(places: Places) -> Path:
    own = places.tools / "usr/bin/mmdebstrap"
    return own if own.is_file() else Path("/usr/bin/mmdebstrap")


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)


def _machine_files(mirror: Mirror) -> dict[str, str]:
    """Return what lets the base reach whatever the machine reaches."""
    certificates = {
        f"usr/local/share/ca-certificates/machine-{number}.crt": certificate
        for number, certificate in enumerate(_machine_certificates())
    }
    return {
        "etc/apt/sources.list.d/debian.sources": mirror.paragraphs(),
        "etc/apt/apt.conf.d/99machine": _machine_apt(),
        **certificates,
    }


def _machine_apt() -> str:
    """Carry over how the machine reaches its mirror."""
    dump = run(["apt-config", "dump"], advice="See whether apt works on this machine")
    kept = (
        "Acquire::Check-Valid-Until",
        "Acquire::Check-Date",
        "Acquire::http::Proxy",
        "Acquire::https::Proxy",
    )
    lines = dump.splitlines()
    return "".join(f"{line}\n" for line in lines if line.split(" ")[0] in kept)


def _machine_certificates() -> list[str]:
    """Return what the machine trusts beyond Debian's own list of authorities."""
    bundle = Path(
        os.environ.get("SSL_CERT_FILE")
        or ssl.get_default_verify_paths().cafile
        or "/etc/ssl/certs/ca-certificates.crt"
    )
    if not bundle.is_file():
        return []
    end = "-----END CERTIFICATE-----"
    own = {
        "".join(path.read_text().split())
        for path in Path("/usr/share/ca-certificates").glob("**/*.crt")
    }
    blocks = bundle.read_text(errors="replace").split(end)[:-1]
    texts = [block[block.index("-----BEGIN") :] + end + "\n" for block in blocks]
    return [text for text in texts if "".join(text.split()) not in own]


def _perl(places: Places) -> dict[str, str]:
    # A bare Debian has perl without its modules: they are among the unpacked.
    found = sorted(
        str(path)
        for pattern in ("usr/share/perl5", "usr/share/perl/5.*", "usr/lib/*/perl/5.*")
        for path in places.tools.glob(pattern)
    )
    return {"PERL5LIB": os.pathsep.join(found)} if found else {}


def _busybox_tar(places: Places) -> bytes:
    binary = next(places.tools.glob("**/bin/busybox"), None)
    if binary is None:
        raise EngineError(f"{places.tools}: has no busybox; run `down --purge`, `up`")
    applets = run([binary, "--list"], advice="Run `down --purge`, then `up`").split()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        modes = {"root": 0o700, "tmp": 0o1777, "var/tmp": 0o1777}
        for folder in (
            "bin",
            "dev",
            "etc",
            "home",
            "proc",
            "root",
            "sys",
            "tmp",
            "usr",
            "usr/bin",
            "usr/sbin",
            "var",
            "var/spool",
            "var/tmp",
            "var/www",
        ):
            _add(tar, folder, tarfile.DIRTYPE, mode=modes.get(folder, 0o755))
        _add(tar, "bin/busybox", tarfile.REGTYPE, binary.read_bytes(), mode=0o755)
        for applet in sorted(set(applets) - {"busybox"}):
            _add(tar, f"bin/{applet}", tarfile.SYMTYPE, b"busybox")
        _add(tar, "usr/bin/env", tarfile.SYMTYPE, b"../../bin/env")
        for name, text in {
            "passwd": "root:x:0:0:root:/root:/bin/sh\n"
            "nobody:x:65534:65534:nobody:/home:/bin/false\n",
            "group": "root:x:0:\nnogroup:x:65534:\n",
            "shadow": "root:*:::::::\nnobody:*:::::::\n",
        }.items():
            mode = 0o600 if name == "shadow" else 0o644
            _add(tar, f"etc/{name}", tarfile.REGTYPE, text.encode(), mode=mode)
    return buffer.getvalue()


def _add(
    tar: tarfile.TarFile, name: str, kind: bytes, data: bytes = b"", mode: int = 0o777
) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.mtime = kind, mode, MOMENT
    member.uname = member.gname = "root"
    if kind == tarfile.SYMTYPE:
        member.linkname = data.decode()
    else:
        member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _architecture() -> str:
    asked = ["dpkg", "--print-architecture"]
    debian = run(asked, advice="See whether dpkg works on this machine").strip()
    # Elsewhere Go's name, which images use, is Debian's.
    return {"i386": "386", "armhf": "arm", "ppc64el": "ppc64le"}.get(debian, debian)


def _descriptor(media_type: str, path: Path) -> dict[str, object]:
    return {
        "mediaType": media_type,
        "digest": _digest(path),
        "size": path.stat().st_size,
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
