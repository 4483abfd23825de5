"""A lock in which every string that an emitted Dockerfile can show is one's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild.digest import sha256
from dynbuild.emit.dockerfile import emit, render
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.lockfile.order import install_order
from dynbuild.steps.image import Healthcheck, RuntimeConfig
from dynbuild.steps.log import Event
from dynbuild.steps.model import (
    AptSource,
    CacheDirectory,
    Copy,
    Download,
    InlineFile,
    Install,
    Pin,
    Secret,
    Stage,
    User,
)
from tests.unit.emit.dockerfile_reader import expanded, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.unit.emit.dockerfile_reader import Instruction

HARMLESS = {
    "platform": "linux/amd64",
    "base image": "docker.io/library/debian:12",
    "base user": "nobody",
    "base workdir": "/base",
    "script": "locale-gen",
    "package": "curl",
    "source uri": "https://example.org/debian",
    "source suite": "stable",
    "source component": "main",
    "source key": "keys/x.asc",
    "user": "app",
    "user shell": "/bin/sh",
    "stage": "first",
    "command": "true",
    "variable": "NAME",
    "value": "value",
    "build variable": "BUILD",
    "build value": "value",
    "stage user": "app",
    "stage workdir": "/work",
    "stage shell": "/bin/bash",
    "cache": "/cache",
    "secret": "token",
    "secret variable": "TOKEN",
    "secret file": "/run/token",
    "from": "requirements.txt",
    "to": "/tmp/requirements.txt",
    "owner": "app:app",
    "mode": "u=rw,g=r",
    "exclude": "*.pyc",
    "from in stage": "/out",
    "to of stage": "/in",
    "copied image": "docker.io/library/golang:1",
    "address": "https://example.org/x.tar",
    "downloaded to": "/usr/bin/x",
    "owner of a download": "app",
    "mode of a download": "755",
    "file": "/etc/app.conf",
    "text": "text",
    "owner of a file": "app",
    "mode of a file": "u=rwx",
    "mounted": "/wheels",
    "mounted at": "/mnt",
    "mounted here": "setup.cfg",
    "label": "title",
    "label value": "value",
    "port": "80",
    "volume": "/data",
    "signal": "SIGINT",
    "check": "curl",
    "interval": "30s",
    "container variable": "TZ",
    "container value": "UTC",
    "entrypoint": "python",
    "cmd": "app.py",
    "image workdir": "/app",
}


def lock_of(strings: Mapping[str, str]) -> Lock:
    """Every string by its place in ``HARMLESS``; where not given, that one."""
    s = {**HARMLESS, **strings}
    digest = sha256(b"x")
    platforms = {s["platform"]: digest}
    source = AptSource(
        s["source uri"],
        (s["source suite"],),
        (s["source component"],),
        s["source key"],
        digest,
    )
    first = Stage(
        s["stage"],
        copies=(
            Copy(
                s["from"],
                s["to"],
                owner=s["owner"],
                mode=s["mode"],
                exclude=(s["exclude"],),
                digest=digest,
            ),
        ),
        commands=(s["command"],),
        # A dollar would be one for dynbuild's own expansion.
        env={s["variable"]: s["value"].replace("$", "$$")},
        build_env={s["build variable"]: s["build value"].replace("$", "$$")},
        user=s["stage user"],
        workdir=s["stage workdir"],
        shell=(s["stage shell"], "-c"),
        cache_mounts=(CacheDirectory(s["cache"]),),
        secrets=(Secret(s["secret"], s["secret variable"], s["secret file"]),),
    )
    second = Stage(
        "second",
        copies=(
            Copy(s["from in stage"], s["to of stage"], stage=s["stage"]),
            Copy("/go", "/go", image="go"),
        ),
        add=(
            Download(
                s["address"],
                s["downloaded to"],
                (("", digest),),
                owner=s["owner of a download"],
                mode=s["mode of a download"],
            ),
        ),
        files=(
            InlineFile(s["file"], s["text"], s["owner of a file"], s["mode of a file"]),
        ),
        mounts=(
            Copy(s["mounted"], s["mounted at"], stage=s["stage"]),
            Copy(s["mounted here"], "/here", digest=digest),
            Copy("/go", "/gone", image="go"),
        ),
        commands=("true",),
    )
    return Lock(
        base=Pin(
            s["base image"],
            digest,
            platforms,
            {},
            s["base user"],
            s["base workdir"],
        ),
        packages={"apk": {s["package"]: (Event(1, Install(s["package"])),)}},
        sources={source: 1},
        scripts={s["script"]: 1},
        user=User(s["user"], 1000, s["user shell"]),
        user_seq=1,
        stages={s["stage"]: Entry(first, 2), "second": Entry(second, 3)},
        images={"go": Pin(s["copied image"], digest, platforms)},
        config=RuntimeConfig(
            env={s["container variable"]: s["container value"].replace("$", "$$")},
            workdir=s["image workdir"],
            entrypoint=(s["entrypoint"],),
            cmd=(s["cmd"],),
            labels={s["label"]: s["label value"]},
            expose=(s["port"],),
            volumes=(s["volume"],),
            healthcheck=Healthcheck((s["check"],), s["interval"]),
            stop_signal=s["signal"],
        ),
    )


def emitted(strings: Mapping[str, str]) -> str:
    """The Dockerfile. Raises LockError."""
    lock = lock_of(strings)
    platform = strings.get("platform", HARMLESS["platform"])
    return render(emit(lock, install_order(lock), platform, {}))


def wanted(strings: Mapping[str, str]) -> dict[str, str]:
    """What a Dockerfile has to say: a written file's last line has an end."""
    text = {**HARMLESS, **strings}["text"]
    return {**HARMLESS, **strings, "text": text.removesuffix("\n") + "\n"}


def shown(text: str, strings: Mapping[str, str]) -> dict[str, str]:
    """What a Dockerfile says in each place that it repeats as it is."""
    stages = read(text)
    names = {**HARMLESS, **strings}
    stage = names["stage"].lower()

    def of(keyword: str, name: str, at: int = 0) -> Instruction:
        return [each for each in stages[name] if each.keyword == keyword][at]

    run, copy = of("RUN", stage), of("COPY", f"{stage}.copies")
    file, added = of("COPY", "second", 2), of("ADD", "second")
    bind, here, _ = of("RUN", "second").all_options("bind")
    cache, secret = run.options("cache"), run.options("secret")
    ((label, label_value),) = of("LABEL", "image.0").pairs.items()
    check = of("HEALTHCHECK", "image.0")
    variables = [each for each in stages["image.0"] if each.keyword == "ENV"]
    environment = {n: value for each in variables for n, value in each.pairs.items()}
    return {
        "base image": of("FROM", "base.0").rest.split("@")[0],
        "script": between(of("RUN", "script.1"), "set -e\n", TESTED),
        "source key": of("COPY", "source.1").paths[0],
        "stage user": of("USER", stage).argument,
        "stage workdir": of("WORKDIR", stage).argument,
        "stage shell": of("SHELL", stage).texts[0],
        "command": run.documents[0].removesuffix(TESTED)[-len(names["command"]) :],
        "cache": cache["target"],
        "secret": secret["id"],
        "secret variable": secret["env"],
        "secret file": secret["target"],
        "from": copy.paths[0],
        "to": copy.paths[1],
        "owner": copy.flag("--chown"),
        "mode": copy.flag("--chmod"),
        "exclude": copy.flag("--exclude"),
        "from in stage": of("COPY", "second").paths[0],
        "to of stage": of("COPY", "second").paths[1],
        "copied image": of("COPY", "second", 1).flag("--from").split("@")[0],
        "address": added.fetched[0],
        "downloaded to": added.fetched[1]
        if not names["downloaded to"].endswith("/")
        else added.fetched[1].removesuffix(added.fetched[0].rpartition("/")[2]),
        "owner of a download": added.flag("--chown"),
        "mode of a download": added.flag("--chmod"),
        "file": file.rest.split()[-1],
        "text": file.documents[0],
        "owner of a file": file.flag("--chown"),
        "mode of a file": file.flag("--chmod"),
        "mounted": bind["source"],
        "mounted at": bind["target"],
        "mounted here": here["source"],
        "label": label,
        "label value": label_value,
        "port": of("EXPOSE", "image.0").rest,
        "volume": expanded(of("VOLUME", "image.0").texts[0]),
        "signal": of("STOPSIGNAL", "image.0").argument,
        "check": replace(check, rest=check.rest.removeprefix("CMD ")).texts[0],
        "interval": check.flag("--interval"),
        "value": environment[names["variable"]],
        "container value": environment[names["container variable"]],
        "entrypoint": of("ENTRYPOINT", "image.0").texts[0],
        "cmd": of("CMD", "image.0").texts[0],
        "image workdir": of("WORKDIR", "image.0").argument,
        "user": of("USER", "image.0").argument,
    }


TESTED = "\n(exit $?)\n"


def between(run: Instruction, before: str, after: str) -> str:
    """A script without what dynbuild writes before it and behind it."""
    (document,) = run.documents
    assert document.startswith(before)
    assert document.endswith(after)
    return document[len(before) : -len(after)]


def shape(text: str) -> list[list[str]]:
    """The keywords of each build stage's instructions, whatever they say."""
    return [[each.keyword for each in stage] for stage in read(text).values()]
