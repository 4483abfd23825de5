"""Real Nix, the yardstick: found on the machine, or unpacked from Debian's packages.

Nothing is installed: the packages that ``nix-bin`` needs are downloaded by ``apt-get``
from the machine's own mirror, of Debian's unstable suite (for a recent Nix), unpacked
into a cache folder and run from there with their own loader.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "dynbuild-nix"
SUITE = "sid"
FEATURES = ("--extra-experimental-features", "pipe-operators")


@cache
def nix_instantiate() -> tuple[tuple[str, ...], dict[str, str]] | None:
    """The command and its environment; None where Nix cannot be had."""
    if found := os.environ.get("DYNBUILD_NIX_INSTANTIATE"):
        return (found, *FEATURES), {**os.environ}
    root = CACHE / "root"
    if not (root / "usr/bin/nix").exists():
        try:
            _unpack(root)
        except (OSError, subprocess.CalledProcessError):
            return None
    libraries = next((root / "usr/lib").glob("*-linux-gnu"))
    loader = next((root / "usr").glob("lib*/ld-linux-*.so.*"))
    state = CACHE / "var"
    (state / "conf").mkdir(parents=True, exist_ok=True)
    environment = {
        "HOME": str(CACHE),
        "NIX_STORE_DIR": str(state / "store"),
        "NIX_STATE_DIR": str(state / "state"),
        "NIX_LOG_DIR": str(state / "log"),
        "NIX_CONF_DIR": str(state / "conf"),
        "NIX_REMOTE": "dummy://",
    }
    command = (
        str(loader),
        "--argv0",
        "nix-instantiate",
        "--library-path",
        str(libraries),
        str(root / "usr/bin/nix"),
        *FEATURES,
    )
    return command, environment


def _unpack(root: Path) -> None:
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise FileNotFoundError("apt-get")
    work = CACHE / "apt"
    for folder in ("lists/partial", "cache/archives/partial", "state"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    (work / "status").touch()
    source = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI) $(COMPONENT)",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for line in source.splitlines():
        uri, component = line.split()
        if component == "main" and uri.rstrip("/").endswith("/debian"):
            (work / "sources").write_text(f"deb {uri} {SUITE} main\n")
            break
    options = {
        "Dir::State": work / "state",
        "Dir::State::status": work / "status",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Dir::Etc::sourcelist": work / "sources",
        "Dir::Etc::sourceparts": "/dev/null",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", *(f"-o{name}={value}" for name, value in options.items())]
    subprocess.run([*apt, "update"], check=True, capture_output=True)
    subprocess.run(
        [
            *apt,
            "install",
            "--no-install-recommends",
            "--download-only",
            "-y",
            "nix-bin",
        ],
        check=True,
        capture_output=True,
    )
    for package in sorted((work / "cache/archives").glob("*.deb")):
        subprocess.run(["dpkg", "-x", package, root], check=True, capture_output=True)


def nix_value(text: str, directory: Path) -> str | None:
    """What Nix evaluates a source to, as a file in a directory; None for an error."""
    found = nix_instantiate()
    assert found
    command, environment = found
    path = directory / "case.nix"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    try:
        ran = subprocess.run(
            [*command, "--eval", "--strict", str(path)],
            check=False,
            capture_output=True,
            env=environment,
            timeout=20,
        )
    except subprocess.TimeoutExpired:
        return None
    if ran.returncode:
        return None
    printed = ran.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")
    return printed.replace(f"{directory}/", "/")
