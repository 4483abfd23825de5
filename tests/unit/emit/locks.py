"""Locks that together show everything that the emitter writes."""

from dynbuild.digest import sha256
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.steps.image import Healthcheck, RuntimeConfig
from dynbuild.steps.log import Event
from dynbuild.steps.model import (
    AptSource,
    CacheDirectory,
    Copy,
    Install,
    Pin,
    Remove,
    Secret,
    Stage,
    Upgrade,
    User,
)


def pin(image: str, user: str = "", workdir: str = "") -> Pin:
    digest = sha256(image.encode())
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    return Pin(image, digest, {"linux/amd64": digest}, path, user, workdir)


PINNED = pin("docker.io/library/debian:bookworm-slim")
KEY = sha256(b"a key")


def lock(*stages: Stage) -> Lock:
    """Only stages, in this order."""
    entries = {stage.name: Entry(stage, 1 + at) for at, stage in enumerate(stages)}
    return Lock(PINNED, stages=entries)


def stages(first: int, *several: Stage) -> dict[str, Entry]:
    return {stage.name: Entry(stage, first + at) for at, stage in enumerate(several)}


PACKAGES = Lock(
    PINNED,
    packages={
        "apt": {
            "curl": (Event(2, Install("curl")),),
            "git": (Event(2, Install("git=1:2.39*")), Event(7, Remove())),
            "jq": (Event(7, Install("jq")), Event(8, Upgrade())),
        },
        "pip": {"flask": (Event(3, Install("Flask[async]>=3")),)},
        "npm": {"esbuild": (Event(3, Install("esbuild@0.25")),)},
    },
    sources={
        AptSource(
            "https://download.docker.com/linux/debian",
            ("bookworm",),
            ("stable",),
            "keys/docker.asc",
            KEY,
        ): 1
    },
    scripts={"locale-gen C.UTF-8\nldconfig": 4},
    user=User("app", 1000, "/bin/bash", sudo=True),
    user_seq=5,
    stages=stages(9, Stage("App", commands=("curl --version", "jq --version"))),
)

STAGES = Lock(
    pin("docker.io/library/python:3.13", user="1000:1000", workdir="/src"),
    user=User("app", 1000, "/bin/sh"),
    user_seq=1,
    images={"golang:1.26": pin("docker.io/library/golang:1.26")},
    shell=("/bin/bash", "-o", "pipefail", "-c"),
    stages=stages(
        2,
        Stage(
            "dependencies",
            copies=(
                Copy("requirements.txt", "/tmp/requirements.txt", digest=KEY),
                Copy("a [strange] name*.txt", "/tmp/$HOME", digest=KEY),
            ),
            commands=("pip3 install -r /tmp/requirements.txt",),
            env={"PATH": "/opt/x/bin:$PATH", "GREETING": "it's $$5"},
            build_env={"MAKEFLAGS": "-j4"},
            cache_mounts=(CacheDirectory("/root/.cache/pip"),),
            secrets=(
                Secret("pypi", "PIP_TOKEN"),
                Secret("netrc", None, "/root/.netrc"),
            ),
            ssh=True,
        ),
        Stage(
            "application",
            dependencies=("dependencies",),
            copies=(
                Copy(
                    "src",
                    "/app/",
                    owner="app:app",
                    mode="755",
                    exclude=("*.pyc", "tests/", "**/__pycache__"),
                ),
                Copy("/usr/local/go/bin/gofmt", "/usr/bin/", image="golang:1.26"),
            ),
            commands=("python3 -m compileall .", "cat <<EOF\nnot the end\nEOF"),
            user="app",
            workdir="/app",
            shell=("/bin/sh", "-c"),
            network="none",
            cache_mounts=(CacheDirectory("/home/app/.cache"),),
            secrets=(Secret("key"),),
            ssh=True,
        ),
    ),
    config=RuntimeConfig(
        env={"TZ": "UTC", "PS1": "\\u@\\h \\$ ", "PATH": "/app/bin:$PATH"},
        workdir="/app",
        entrypoint=("python3",),
        cmd=("-m", "app", 'say "hi"'),
        labels={"org.opencontainers.image.title": "An app", "maintainer": "$me"},
        expose=("8000", "53/udp"),
        volumes=("/data", "/var/lib/app"),
        healthcheck=Healthcheck(
            ("curl", "-f", "http://localhost:8000/"), "30s", "3s", "5s", 3
        ),
        stop_signal="SIGINT",
    ),
)

BRANCHES = Lock(
    PINNED,
    scripts={"apt-get --version": 1, "ldconfig": 5},
    stages=stages(
        2,
        Stage("compiler", commands=("echo cc > /cc",), build_only=True),
        Stage("headers", commands=("echo h > /h",), build_only=True),
        Stage("runtime", commands=("echo r > /r",)),
        Stage(
            "library",
            dependencies=("compiler", "headers"),
            commands=("cat /cc /h > /lib.a",),
            build_only=True,
        ),
        Stage(
            "tests",
            dependencies=("library", "runtime"),
            commands=("cat /lib.a /r",),
            build_only=True,
        ),
        Stage("app", copies=(Copy("/lib.a", "/usr/lib/", stage="library"),)),
    ),
)

SMALL = Lock(PINNED)

LOCKS = {
    "small": SMALL,
    "packages": PACKAGES,
    "stages": STAGES,
    "branches": BRANCHES,
}
