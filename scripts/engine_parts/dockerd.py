"""Finds an engine that answers, or starts a private one and stops it again."""

from __future__ import annotations

import json
import os
import subprocess
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
    from collections.abc import Mapping
    from pathlib import Path


def system_engine_answers(places: Places) -> bool:
    """Tell whether an engine that is not ours answers, to a docker with buildx."""
    if os.environ.get("DOCKER_HOST") == f"unix://{places.socket}":
        return False
    return _says(["docker", "version"], os.environ) and _says(
        ["docker", "buildx", "version"], os.environ
    )


def private_pid(places: Places) -> int | None:
    return running_pid(places.run / "docker.pid", places)


def client_variables(places: Places) -> dict[str, str]:
    """Name what a client needs to reach the private engine."""
    return {
        "DOCKER_HOST": f"unix://{places.socket}",
        "DOCKER_CONFIG": str(places.docker_config),
        "DYNBUILD_NETWORK": "host",
    }


def client_path(places: Places) -> str:
    """Name the folder of a `docker` that finds buildx, to stand first in PATH."""
    return str(places.engine / "usr/bin")


def network_variables() -> dict[str, str]:
    """Say so when the system's engine has no bridge, and builds need the host's."""
    listing = ["docker", "network", "ls", "--quiet", "--filter", "driver=bridge"]
    done = subprocess.run(listing, capture_output=True, text=True, check=False)
    bridgeless = done.returncode == 0 and not done.stdout.strip()
    return {"DYNBUILD_NETWORK": "host"} if bridgeless else {}


def hub_bases() -> dict[str, str]:
    """Name Docker Hub's bases, if it can be reached."""
    published = {
        "DYNBUILD_TEST_BASE": "debian:stable-slim",
        "DYNBUILD_TEST_BUSYBOX": "busybox:latest",
    }
    inspect = ["docker", "buildx", "imagetools", "inspect"]
    reached = all(_says([*inspect, name], os.environ) for name in published.values())
    return published if reached else {}


def check_root() -> None:
    if os.geteuid() != 0:
        raise EngineError(
            "no Docker engine answers, and only root can start one; start it by "
            "other means and point DOCKER_HOST at it, or run this as root"
        )


def start(places: Places, registry: str) -> None:
    _configure(places, registry)
    path = os.environ.get("PATH", os.defpath)
    folders = [places.engine / "usr/sbin", places.engine / "usr/bin"]
    # The machine's runc is preferred, and unpacked only where it has none.
    runc = [places.tools / "usr/sbin", places.tools / "usr/bin"]
    standard = ["/usr/sbin", "/sbin"]
    search = [*map(str, folders), path, *standard, *map(str, runc)]
    env = {
        **os.environ,
        **client_variables(places),
        "PATH": os.pathsep.join(search),
        "LD_LIBRARY_PATH": library_path(places),
    }
    pid = start_daemon(
        [folders[0] / "dockerd", "--config-file", places.run / "daemon.json"],
        log=places.run / "dockerd.log",
        env=env,
        answers=lambda: _says(["docker", "version"], env),
    )
    say(f"started dockerd, process {pid}, on {places.socket}")


def stop(places: Places) -> None:
    pid = private_pid(places)
    if pid is not None:
        stop_daemon(pid)
        say(f"stopped dockerd, process {pid}")


def library_path(places: Places) -> str:
    """Name a folder with the few unpacked libraries that the machine lacks."""
    links = places.run / "lib"
    links.mkdir(parents=True, exist_ok=True)
    # Of these alone: an unpacked libc would break the machine's own programs.
    for library in places.tools.glob("**/libseccomp.so.2"):
        link = links / library.name
        link.unlink(missing_ok=True)
        link.symlink_to(library)
    return str(links)


def _configure(places: Places, registry: str) -> None:
    places.run.mkdir(parents=True, exist_ok=True)
    # After a crash their numbers may belong to others, whom dockerd would wait for.
    for pidfile in (
        places.run / "docker.pid",
        places.run / "containerd/containerd.pid",
    ):
        if running_pid(pidfile, places) is None:
            pidfile.unlink(missing_ok=True)
    _write_json(
        places.run / "daemon.json",
        {
            "hosts": [f"unix://{places.socket}"],
            "data-root": str(places.root / "data"),
            "exec-root": str(places.run),
            "pidfile": str(places.run / "docker.pid"),
            "features": {
                "containerd-snapshotter": os.environ.get("DYNBUILD_ENGINE_STORE")
                != "graphdriver"
            },
            "bridge": "none",
            "iptables": False,
            "ip6tables": False,
            # Lets a build say plain `FROM debian:stable-slim` and get our base.
            "registry-mirrors": [f"http://{registry}"],
        },
    )
    places.docker_config.mkdir(parents=True, exist_ok=True)
    plugins = places.engine / "usr/libexec/docker/cli-plugins"
    _write_json(
        places.docker_config / "config.json", {"cliPluginsExtraDirs": [str(plugins)]}
    )


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def _says(argv: list[str], env: Mapping[str, str]) -> bool:
    try:
        done = subprocess.run(
            argv, env=env, capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
