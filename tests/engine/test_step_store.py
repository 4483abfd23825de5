"""The store under many processes, damage, and builds that never repeat."""

from __future__ import annotations

import json
import os
import random
import shutil
import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.engine.progress import steps_run
from tests.engine.stored import CHECK, sound, start, whole
from tests.space import ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

    Docker = Callable[..., str]


def test_two_stores_are_never_mixed(project: Space, docker: Docker, tag: str) -> None:
    one = whole(project, docker, tag, "one")
    project.ok("realize", "--no-cache", CACHE_LOCAL_PATH=str(project.root / "two"))
    other = whole(project, docker, tag, "two")
    assert one != other
    # Of the first store only what stands below, of the second only what is on top.
    for kind in ("blobs", "notes"):
        shutil.copytree(project.root / "one" / kind, project.root / "store" / kind)
        shutil.copytree(
            project.root / "two" / kind,
            project.root / "store" / kind,
            dirs_exist_ok=True,
        )
    for store, has in (("one", 0), ("two", 2)):
        for step in (project.root / store / "realizations").iterdir():
            (record,) = step.iterdir()
            facts = json.loads(record.read_bytes().split(b"\n")[1])
            if len(facts["on"]) == has or store == "two":
                shutil.copytree(
                    step,
                    project.root / "store/realizations" / step.name,
                    dirs_exist_ok=True,
                )
    assert whole(project, docker, tag) in (one, other)
    sound(project)


def test_status_tells_what_is_held(project: Space) -> None:
    def held() -> dict[str, bool]:
        steps = json.loads(project.ok("status", "--json").out)["steps"]
        return {step["id"]: step["held"] for step in steps}

    assert set(held().values()) == {False}
    assert "0 of 4 steps are held" in project.ok("status").err
    project.ok("realize")
    assert set(held().values()) == {True}
    project.write("src/file", "changed\n")
    assert held() == {"below": True, "above": True, "beside": True, "last": False}
    text = project.read("dynbuild.toml")
    project.write("dynbuild.toml", text.replace("/own/below\n", "/own/below 2>&1\n"))
    shown = project.ok("status")
    assert "3 of 4 steps are held" in shown.err
    assert [line.split()[:2] for line in shown.out.split("\n\n")[0].splitlines()] == [
        ["held", "(base)"],
        ["held", "below"],
        ["held", "above"],
        ["held", "beside"],
        ["missing", "last"],
    ]
    page = project.ok("status", "--html").out
    assert "Where steps came from" in page
    assert "3 of 4" in page


def test_verify_finds_damage_once(project: Space, docker: Docker, tag: str) -> None:
    whole(project, docker, tag)
    (record, *_) = sorted((project.root / "store/realizations").glob("*/*"))
    facts = json.loads(record.read_bytes().split(b"\n")[1])
    blob = project.root / "store/blobs/sha256" / facts["layers"][0][1][7:]
    blob.chmod(0o644)
    blob.write_bytes(bytes(blob.stat().st_size))
    done = project.run("status", "--verify")
    assert done.status == 1
    assert f"the blob sha256:{blob.name} is damaged" in done.err
    assert "error" not in done.err
    sound(project)
    whole(project, docker, tag)
    sound(project)


def test_damage_is_told_and_made_anew(project: Space, docker: Docker, tag: str) -> None:
    whole(project, docker, tag)
    project.write("src/file", "changed\n")
    for blob in (project.root / "store/blobs/sha256").iterdir():
        data = blob.read_bytes()
        blob.chmod(0o644)
        blob.write_bytes(bytes([*data[:-1], data[-1] ^ 1]))
    assert "damaged" in project.ok("realize", "-t", tag).err
    docker("run", "--rm", "--network", "none", tag, "sh", "-c", CHECK)
    assert "damaged" not in project.ok("realize", "-t", tag, "-o", "oci:image").err


def test_a_live_tree_that_changes_all_the_time(
    project: Space, docker: Docker, tag: str
) -> None:
    """Whatever was read meanwhile, no record has another content than it says."""
    states = [{"one", "two"}, {"two", "three"}, {"three", "one", "deep/four"}]
    ended = threading.Event()

    def become(names: set[str]) -> None:
        for name in {"one", "two", "three", "deep/four"} - names:
            (project.root / "src" / name).unlink(missing_ok=True)
        for name in names:
            project.write(f"src/{name}", name * 1000)

    def change() -> None:
        chance = random.Random(1)
        while not ended.is_set():
            become(chance.choice(states))

    again = '[[stages]]\nname = "again"\ncopy = [{ from = "src", to = "/own/again" }]\n'
    project.write("dynbuild.toml", project.read("dynbuild.toml") + again)
    project.ok("lock")
    project.ok("realize")
    changing = threading.Thread(target=change)
    changing.start()
    try:
        done = [project.run("realize") for _ in range(4)]
    finally:
        ended.set()
        changing.join()
    # A file that goes away while it is read is told; it is not there to copy.
    assert all(one.status == 0 or "DB0305" in one.err for one in done)
    for names in states:
        become(names)
        whole(project, docker, tag)
        script = (
            "cd /own; find src again -type f ! -name file | sort;"
            " for f in $(ls -d src/[ot]* again/[ot]* | sort); do wc -c < $f; done"
        )
        said = docker("run", "--rm", "--network", "none", tag, "sh", "-c", script)
        paths = sorted(f"{top}/{name}" for top in ("src", "again") for name in names)
        sizes = [str(1000 * len(p.split("/")[1])) for p in paths if "deep" not in p]
        assert said.split() == [*paths, *sizes]


def test_copies_are_the_same_layers_everywhere(project: Space) -> None:
    """Where SOURCE_DATE_EPOCH is set: else files keep the times of their checkout."""
    found = []
    for name, mask in (("one", 0o022), ("two", 0o077)):
        copy = project.root / name
        (copy / "src/deep").mkdir(parents=True)
        (copy / "src/deep/x").write_text("x")
        (copy / "src/deep/x").chmod(0o644 & ~mask)
        os.utime(copy / "src/deep/x", (mask, mask))
        (copy / "dynbuild.toml").write_text(
            f'base = "{base_of(project)}"\n[[stages]]\nname = "a"\n'
            'copy = [{ from = "src", to = "/usr" }, { from = "src", to = "/a/b/" }]\n'
        )
        (copy / "dynbuild.toml").chmod(0o644 & ~mask)
        place = type(project)(
            copy, {**project.environment, "CACHE_LOCAL_PATH": str(copy / "store")}
        )
        place.ok("lock")
        place.ok("realize", "--no-cache", SOURCE_DATE_EPOCH="1")
        (record,) = (copy / "store/realizations").glob("*/*")
        facts = json.loads(record.read_bytes().split(b"\n")[1])
        found.append([layer[0] for layer in facts["layers"]])
    assert len(found[0]) == 2
    assert found[0] == found[1]


def base_of(space: Space) -> str:
    return space.read("dynbuild.toml").split('"')[1]


def test_many_at_once_build_each_step_once(
    project: Space, docker: Docker, tag: str
) -> None:
    """Declarations that have most of their stages in common, on one store."""
    spaces = []
    for number in range(4):
        place = project.root / f"project-{number}"
        shutil.copytree(project.root / "src", place / "src")
        more = "".join(
            f'[[stages]]\nname = "own{n}"\ndependencies = ["above"]\n'
            f'commands = ["cp /own/above /own/own{n}"]\n'
            for n in (number, (number + 1) % 4)
        )
        (place / "dynbuild.toml").write_text(project.read("dynbuild.toml") + more)
        spaces.append(replace(project, root=place))
        spaces[-1].ok("lock")
    running = [start(space, "realize", "--progress", "rawjson") for space in spaces * 4]
    told = [ended(process)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 16, told
    ran = sum(map(steps_run, told), Counter())
    stages = {"below", "above", "beside", "own0", "own1", "own2", "own3"}
    # The last one copies and runs.
    assert ran == {"last": 2, **dict.fromkeys(stages, 1)}
    found = {whole(s, docker, tag, "../store") for s in spaces}
    assert len(found) == 1
    sound(project)


def test_a_long_step_runs_once(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    """Its layer is packed while the next step runs, by a build of its own."""
    place = f"/count-{uuid4().hex}"
    mount = f'cache_mounts = [{{ target = "{place}", id = "count" }}]'
    built.write(
        "dynbuild.toml",
        f"""\
base = "{busybox_base}"
[[stages]]
name = "long"
commands = ["echo >> {place}/times", "sleep 2", "echo {place} > /long"]
{mount}
[[stages]]
name = "next"
dependencies = ["long"]
commands = ["sleep 2", "wc -l < {place}/times > /times"]
{mount}
""",
    )
    built.ok("lock")
    built.ok("realize", "-t", tag)
    show = "cat /long /times"
    told = docker("run", "--rm", "--network", "none", tag, "sh", "-c", show)
    assert told.split() == [place, "1"]
    sound(built)
