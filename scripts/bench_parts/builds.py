"""Realizations beside plain builds of the same Dockerfile, in one run.

A build is cold when the engine has neither cache nor image and the store is empty: the
engine that `DYNBUILD_TEST_BASE` belongs to is pruned. Both pull and unpack the base
then. They take turns, and which is first changes, so that load on the machine meets
both; medians are told.
"""

import os
import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from bench_parts.measure import command, once, seconds, told

WEBAPP = Path(__file__).resolve().parents[2] / "examples" / "webapp"
DYNBUILD = (sys.executable, "-m", "dynbuild")
ROUNDS = 3
STAGES = 20
STAGE = """\
[[stages]]
name = "s{at}"
dependencies = [{on}]
commands = [
  "sleep 1",
  "mkdir -p /opt/s{at}; seq 1 200000 > /opt/s{at}/numbers # {mark}",
  "for i in $(seq 100); do echo $i > /opt/s{at}/$i; done",
]
"""
"""It waits for a second, as for a download, and writes 100 files and 1.3 MB."""

FAT = """\
[[stages]]
name = "s{at}"
dependencies = [{on}]
commands = ["cp -a /usr /opt/s{at} # {mark}"]
"""
"""It writes some 120 MB of real files."""
FATS = 6


def builds(work: Path) -> None:
    if shutil.which("docker") is None or "DYNBUILD_TEST_BASE" not in os.environ:
        print("no engine: builds are not measured")
        return
    cold(_webapp(work / "webapp"), "examples/webapp", "at most 1.15")
    unchanged(work / "webapp", "examples/webapp")
    chain = stages(work / "chain", lambda at: at - 1)
    cold(chain, f"a chain of {STAGES} stages", "at most 1.15")
    wide = stages(work / "wide", lambda _: None)
    cold(wide, f"{STAGES} independent stages", "below 1")
    unchanged(wide, f"{STAGES} independent stages")
    first_changed(wide, STAGES, "at least 10")
    fat = stages(work / "fat", lambda _: None, FAT, FATS)
    cold(fat, f"{FATS} independent stages of 120 MB", "at most 0.6")
    unchanged(fat, f"{FATS} independent stages of 120 MB")
    first_changed(fat, FATS, "at least 5")


def cold(work: Path, what: str, aim: str) -> None:
    plain, own = [], []
    for turn in range(ROUNDS):
        for times, build in ((plain, _plain(work)), (own, _own(work)))[
            :: -1 if turn % 2 else 1
        ]:
            prune(work)
            times.append(once(build))
    _compared(f"{what}, cold", statistics.median(plain), statistics.median(own), aim)


def unchanged(work: Path, what: str) -> None:
    plain = seconds(_plain(work), ROUNDS)
    own = seconds(_own(work), ROUNDS)
    _compared(f"{what}, unchanged", plain, own, "")
    for more in ((), ("--print",)):
        took = seconds(command(work, *DYNBUILD, "realize", *more), ROUNDS)
        words = " ".join(("dynbuild realize", *more))
        told(f"{words}, unchanged", took, ratio="(target: 1 s)")


def first_changed(work: Path, count: int, aim: str) -> None:
    """The first of all stages changes, in a Dockerfile as people keep it, and here."""
    declaration = work / "dynbuild.toml"
    dockerfile = work / "Dockerfile"
    before, text = declaration.read_text(), dockerfile.read_text()
    plain, own = [], []
    for turn in range(ROUNDS):
        mark = f" # {turn}"
        dockerfile.write_text(text.replace(" # -", mark, 1))
        plain.append(once(_plain(work)))
        declaration.write_text(before.replace(" # -", mark, 1))
        own.append(once(command(work, *DYNBUILD, "build", "-t", "bench")))
    was, now = statistics.median(plain), statistics.median(own)
    told(f"the first of {count} stages changed: plain build", was)
    faster = f"{was / now:.1f} times faster (target: {aim})"
    told("  dynbuild build", now, ratio=faster)


def _compared(what: str, plain: float, own: float, aim: str) -> None:
    told(f"{what}: plain build", plain)
    target = f"(target: {aim})" if aim else "(target: 1 s)"
    told("  dynbuild realize", own, ratio=f"{own / plain:.2f} x plain {target}")


def _webapp(work: Path) -> Path:
    shutil.copytree(WEBAPP, work, ignore=shutil.ignore_patterns("dynbuild.lock"))
    path = work / "dynbuild.toml"
    base = os.environ["DYNBUILD_TEST_BASE"]
    path.write_text(path.read_text().replace("debian:bookworm-slim", base))
    return _locked(work)


def stages(
    work: Path,
    on: Callable[[int], int | None],
    stage: str = STAGE,
    count: int = STAGES,
) -> Path:
    work.mkdir()
    text = f'base = "{os.environ["DYNBUILD_TEST_BASE"]}"\n'
    for at in range(count):
        below = on(at)
        names = "" if below is None or below < 0 else f'"s{below}"'
        text += stage.format(at=at, on=names, mark="-")
    (work / "dynbuild.toml").write_text(text)
    return _locked(work)


def _locked(work: Path) -> Path:
    """The project with its lock, and its Dockerfile as ``--print`` gives it."""
    command(work, *DYNBUILD, "lock")()
    path = work / "Dockerfile"
    command(
        work, "sh", "-c", '"$@" > Dockerfile', "-", *DYNBUILD, "realize", "--print"
    )()
    assert path.stat().st_size
    return work


def prune(work: Path) -> None:
    """Let the engine and the store lose everything."""
    shutil.rmtree(os.environ["CACHE_LOCAL_PATH"], ignore_errors=True)
    prune_engine(work)


def prune_engine(work: Path) -> None:
    """Let the engine lose its images and its cache, and keep the store."""
    command(work, "docker", "system", "prune", "--all", "--force")()
    command(work, "docker", "buildx", "prune", "--all", "--force")()


def network() -> list[str]:
    """The options that give a build the network that there is."""
    mode = os.environ.get("DYNBUILD_NETWORK", "default")
    allow = ["--allow", "network.host"] if mode == "host" else []
    return [f"--network={mode}", *allow]


def _plain(work: Path) -> Callable[[], object]:
    options = ["--load", "--provenance=false", *network()]
    return command(work, "docker", "buildx", "build", *options, "-t", "plain", ".")


def _own(work: Path) -> Callable[[], object]:
    return command(work, *DYNBUILD, "realize", "-t", "bench")
