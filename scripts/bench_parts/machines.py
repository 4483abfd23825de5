"""New machines that share a registry, against BuildKit's own registry cache.

A machine is new when the engine has neither cache nor image, and the store is empty.
The registry, Debian's docker-registry, is on loopback, and has what a first machine
shared. Both take turns, and which is first changes; medians are told, and the load.
"""

import os
import shutil
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

from bench_parts.builds import DYNBUILD, FAT, FATS, network, prune, stages
from bench_parts.measure import command, once, told
from tests.oci_servers import program_in, registry

ROUNDS = 5
Work = Callable[[], object]


def machines(work: Path) -> None:
    found = program_in(os.environ["PATH"])
    if "DYNBUILD_TEST_BASE" not in os.environ or found is None:
        print("no engine, or no docker-registry: new machines are not measured")
        return
    project = stages(work / "machines", lambda _: None, FAT, FATS)
    folder = work / "registry"
    folder.mkdir()
    with registry(found, folder) as served:
        os.environ["CACHE_REGISTRY"] = f"{served.host}/dynbuild"
        try:
            _measured(project, served.host)
        finally:
            del os.environ["CACHE_REGISTRY"]
    shutil.rmtree(folder)


def _measured(project: Path, host: str) -> None:
    what = f"{FATS} independent stages of 120 MB"
    _compared(
        f"{what}, first, shared",
        lambda: _plain(project, f"--cache-to={_cache(host, _name())},mode=max"),
        lambda: _own(project, CACHE_REGISTRY=f"{host}/{_name()}"),
        "at most 0.5",
    )
    prune(project)
    _plain(project, f"--cache-to={_cache(host, 'plain')},mode=max")()
    prune(project)
    _own(project)()
    taken = f"--cache-from={_cache(host, 'plain')}"
    _compared(
        f"{what}, new machine",
        lambda: _plain(project, taken),
        lambda: _own(project),
        "at most 0.9",
    )
    _compared(
        f"{what}, new machine, pushed",
        lambda: _plain(project, taken, to=f"{host}/{_name()}"),
        lambda: command(
            project, *DYNBUILD, "realize", "-t", f"{host}/{_name()}", "--push"
        ),
        "at most 0.08",
    )
    files = [project / name for name in ("Dockerfile", "dynbuild.toml")]
    texts = [file.read_text() for file in files]

    def change() -> None:
        mark = f" # {_name()}"
        for file, text in zip(files, texts, strict=True):
            file.write_text(text.replace(" # -", mark, 1))

    _compared(
        f"{what}, new machine, first changed",
        lambda: _plain(project, taken),
        lambda: command(project, *DYNBUILD, "build", "-t", "bench"),
        "at most 0.5",
        change,
    )


def _compared(
    what: str,
    plain: Callable[[], Work],
    own: Callable[[], Work],
    aim: str,
    before: Work = lambda: None,
) -> None:
    times: Mapping[str, list[float]] = {"plain": [], "own": []}
    for turn in range(ROUNDS):
        before()
        both = (("plain", plain), ("own", own))
        for name, make in both[:: -1 if turn % 2 else 1]:
            prune(Path("/"))
            times[name].append(once(make()))
    was, now = (statistics.median(those) for those in times.values())
    told(f"{what}: buildx build, cache in a registry", was)
    load = f"load {os.getloadavg()[1]:.1f}"
    told("  dynbuild", now, ratio=f"{now / was:.3f} x (target: {aim}; {load})")


def _plain(project: Path, *more: str, to: str | None = None) -> Work:
    output = ["--push", "-t", to] if to else ["--load", "-t", "plain"]
    words = ["buildx", "build", "--provenance=false", *network(), *output, *more]
    return command(project, "docker", *words, ".")


def _own(project: Path, **more: str) -> Work:
    words = [*DYNBUILD, "realize", "-t", "bench"]
    return command(project, "env", *(f"{k}={v}" for k, v in more.items()), *words)


def _cache(host: str, name: str) -> str:
    return f"type=registry,ref={host}/{name}:cache"


def _name() -> str:
    return uuid4().hex
