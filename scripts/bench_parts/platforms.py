"""Two platforms in one run, against two runs of one platform each.

Two independent stages that wait a second and write 1 MB, of which the front one
changes, over a base for both (``tests/engine/both``, whose programs are all of this
machine: an emulator's time would be the emulator's). Warm is with the store and the
engine's cache as they were left; pruned, without the latter. All take turns, and which
is first changes.
"""

import os
import statistics
from pathlib import Path
from uuid import uuid4

from bench_parts.builds import DYNBUILD, prune_engine
from bench_parts.measure import command, once, told
from tests.engine.both import PLATFORMS, push_both

ROUNDS = 5
_STAGE = 'commands = ["sleep 1; head -c 1000000 /dev/urandom >/{name} # {mark}"]\n'


def platforms(work: Path) -> None:
    """Tell how long a front change takes for both, and for the slower one alone."""
    if "DYNBUILD_TEST_BUSYBOX" not in os.environ:
        print("no engine: platforms are not measured")
        return
    registry = os.environ["DYNBUILD_TEST_REGISTRY"]
    small = os.environ["DYNBUILD_TEST_BUSYBOX"]
    base = push_both(os.environ, small, registry, work / "both")
    project = work / "platforms"
    project.mkdir()
    for way in ("warm", "pruned"):
        _measured(project, base, way)


def _measured(project: Path, base: str, way: str) -> None:
    ways = {"both": ",".join(PLATFORMS), **{one: one for one in PLATFORMS}}
    times: dict[str, list[float]] = {name: [] for name in ways}
    back = uuid4().hex

    def write(front: str) -> None:
        text = f'base = "{base}"\nplatforms = {[*PLATFORMS]}\n'
        for name, mark in (("front", front), ("back", back)):
            text += f"[stages.{name}]\n{_STAGE.format(name=name, mark=mark)}"
        (project / "dynbuild.toml").write_text(text)
        command(project, *DYNBUILD, "lock")()

    write(uuid4().hex)
    command(project, *DYNBUILD, "realize")()
    for turn in range(ROUNDS):
        for name in [*ways][:: -1 if turn % 2 else 1]:
            write(uuid4().hex)
            if way == "pruned":
                prune_engine(project)
            words = ["realize", "--platform", ways[name]]
            times[name].append(once(command(project, *DYNBUILD, *words)))
    median = {name: statistics.median(those) for name, those in times.items()}
    slower = max(median[one] for one in PLATFORMS)
    load = f"load {os.getloadavg()[1]:.1f}"
    told(f"front of two stages changed, {way}: one platform", slower)
    ratio = f"{median['both'] / slower:.2f} x (target: at most 1.2; {load})"
    told("  both platforms", median["both"], ratio=ratio)
