"""Machines that carry out a history, and what has to hold of every image they make.

What has to hold, path by path, modification times aside:

- The linked image is the plain build of the emitted Dockerfile, tokens under their
  names; and it has what is known without any build: what the files of the project are
  made into, and their times.
- All that was copied from one stage has one token of each stage, and so has all else
  in the image. It is the same, unless a stage was put on others there.
- A stage that was built anew has another token; where nothing was edited or lost,
  nothing runs, not after ``clean`` and, as long as no step was built twice, not on
  another machine either; a command that fails ends the build.

Two machines are two stores and one tier. What the engine remembers of commands is
forgotten where one builds after the other, and where records are lost: else it would
give the same token again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from dynbuild.inventory import RECORDS
from tests.engine.acts import (
    FRESH,
    Act,
    Anew,
    Build,
    Clean,
    Edit,
    Fail,
    Lose,
    Share,
    Stranger,
)
from tests.engine.judging import Traced, differing, tokens_of, traced
from tests.engine.sketches import World
from tests.layouts import Facts, files_of, times_of
from tests.space import Space

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_STRANGER = """\
[[stages]]
name = "{name}"
cache_mounts = ["/build"]
commands = ["echo stranger > /build/made; echo stranger > /build/stranger # {unique}"]
"""


Images = dict[str, "dict[str, Facts]"]
"""What an image holds, by platform; of the only one by an empty name."""


def _tokens(images: Images) -> dict[str, dict[str, dict[str, list[str]]]]:
    return {platform: tokens_of(image) for platform, image in images.items()}


@dataclass
class Machines:
    """A project, the machines that build it, and the tier that they share.

    What has to hold of an image does for each of the ``platforms`` that it is for.
    """

    root: Path
    environment: Mapping[str, str]
    bases: tuple[str, str]
    shared: Mapping[str, str] = field(default_factory=dict)
    bucket: Path | None = None
    template: Path | None = None
    platforms: tuple[str, ...] = ()
    world: World | None = None
    last: int = FRESH
    held: bool = False
    rivals: bool = False
    ended: float = 0.0
    times: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    damaged: set[int] = field(default_factory=set)
    plain: Images = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def learn(self) -> Path:
        """A store that knows the bases and nothing else."""
        for marked in (False, True):
            self._become(World(debian=False, scripts=("true",), marked=marked))
            self._ok(0, "realize")
        shutil.rmtree(self._store(0) / RECORDS)
        return self._store(0)

    def play(self, acts: list[Act]) -> None:
        for machine in range(FRESH + 1):
            self._empty(machine)
        for act in acts:
            self.told.append(str(act)[:200])
            try:
                self._carry_out(act)
            except AssertionError as wrong:
                before = "\n".join(self.told)
                text = self._text(self.world) if self.world else ""
                raise AssertionError(f"{wrong}\n\n{before}\n\n{text}") from None

    def _carry_out(self, act: Act) -> None:
        # A tier keeps the build of a step that it had first: whoever has another, and
        # what stands on that, is on his own.
        if isinstance(act, Lose | Anew) or (isinstance(act, Build) and act.away):
            self.rivals = True
        match act:
            case Edit(world=world):
                self.held = False
                self.plain = {}
                self._become(world)
            case Fail(world=world, machine=machine):
                whole = self.world
                self._become(world)
                status, log = self._run(machine, "realize")
                assert status == 1, f"what fails was built\n{log}"
                assert whole is not None
                self._become(whole)
                # There and back: what changed is at the back of the lock now.
                self.held = False
                self.plain = {}
            case Build(machine=machine, away=away):
                self._build(machine, away=away)
            case Anew(machine=machine, stage=stage):
                self._build_anew(machine, stage)
            case Lose():
                self._lose(act)
            case Clean(machine=machine):
                self._clean(machine)
            case Share(machine=machine):
                self._ok(machine, "cache", "push")
            case Stranger():
                self._stranger()

    def _become(self, world: World) -> None:
        for name in self.world.files if self.world else ():
            if name not in world.files:
                (self.root / name).unlink()
        # Some tools know times by the second.
        while int(time.time()) <= self.ended:
            time.sleep(0.05)
        for name, text in world.files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # What does not change keeps its time, as in a checkout.
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
            known = self.times.setdefault((name, text), set())
            known.add(int(path.stat().st_mtime))
        (self.root / "dynbuild.toml").write_text(self._text(world))
        self.world = world
        self._ok(FRESH, "lock")

    def _text(self, world: World) -> str:
        text = world.text(self.bases[world.marked])
        return f"platforms = {[*self.platforms]}\n{text}" if self.platforms else text

    def _build(self, machine: int, *, away: bool = False) -> Images:
        if machine == FRESH:
            self._empty(machine)
        if machine != self.last:
            self._forget()
            self.last = machine
        image = self._image("linked", machine, away=away)
        self._judge(image)
        if self.bucket is not None and not away and not self.rivals:
            assert not self.held or self._ran() == [], f"built again: {self._ran()}"
            self.held = True
        return image

    def _build_anew(self, machine: int, stage: str) -> None:
        before = _tokens(self._build(machine))
        image = self._image("linked", machine, "--no-cache-stage", stage)
        self._judge(image)
        for platform, tokens in _tokens(image).items():
            then, now = before[platform].get(stage, {}), tokens.get(stage, {})
            assert not then.keys() & now.keys(), f"{stage} was not built anew"
            assert bool(then) == bool(now)

    def _clean(self, machine: int) -> None:
        store = self._store(machine)
        then = time.time() - 40 * 86400
        for path in store.glob("**/*"):
            os.utime(path, (then, then), follow_symlinks=False)
        before = _tokens(self._build(machine))
        self._ok(machine, "clean")
        after = _tokens(self._build(machine, away=True))
        # A record whose blobs are lost still tells what a step writes. It may go.
        if machine not in self.damaged:
            assert self._ran() == [], f"clean took what was needed: {self._ran()}"
            assert after == before

    def _judge(self, images: Images) -> None:
        if not self.plain:
            self.plain = self._image("plain", FRESH, "--linear")
        for platform, image in images.items():
            self._judge_one(platform, image)

    def _judge_one(self, platform: str, image: dict[str, Facts]) -> None:
        assert self.world is not None
        for name, tokens in tokens_of(image).items():
            ways: dict[str, set[str]] = {}
            for token, path in ((t, p) for t, paths in tokens.items() for p in paths):
                way = "" if name in self.world.single else self.world.source(path)
                ways.setdefault(way, set()).add(token)
            assert all(len(way) == 1 for way in ways.values()), (
                f"two builds of {name}: {tokens}"
            )
        for path, text in self.world.expected.items():
            facts = image.get(path, ())
            found = [fact.text for fact in facts if isinstance(fact, Traced)]
            assert found == [text], f"{path} is {found}, not {text!r}"
        times = times_of(self._layout("linked"), traced, platform)
        for path, name in self.world.copied.items():
            known = self.times[name, self.world.files[name]]
            assert times[path] in known, f"{path} is of {times[path]}, not {known}"
        other = differing(image, self.plain[platform])
        assert not other, "\n".join(f"{path}: {pair}" for path, pair in other.items())

    def _ran(self) -> list[str]:
        built = json.loads((self.root / "linked.json").read_text())
        return [step["step"] for step in built["dynbuild.steps"] if step["ran"]]

    def _image(self, way: str, machine: int, *more: str, away: bool = False) -> Images:
        layout = self._layout(way)
        shutil.rmtree(layout, ignore_errors=True)
        words = ("realize", "-o", f"oci:{layout}", "--metadata-file", f"{way}.json")
        self._ok(machine, *words, *more, away=away)
        self.ended = time.time()
        return {
            platform: files_of(layout, traced, platform)
            for platform in self.platforms or ("",)
        }

    def _layout(self, way: str) -> Path:
        return self.root.with_name(f"{self.root.name}-{way}")

    def _stranger(self) -> None:
        assert self.world is not None
        stages = [
            _STRANGER.format(name=stage.name, unique=time.time_ns())
            for stage in self.world.stages
            if stage.mounts
        ]
        if stages:
            root = self.root.with_name(f"{self.root.name}-stranger")
            root.mkdir(exist_ok=True)
            text = "".join([f'base = "{self.bases[0]}"\n', *stages])
            (root / "dynbuild.toml").write_text(text)
            for word in ("lock", "realize"):
                status, log = self._run(FRESH, word, root=root)
                assert status == 0, log

    def _lose(self, act: Lose) -> None:
        """Take files from a store or the tier; a base's layers are never lost."""
        self.held = False
        if act.kind == "blobs":
            self.damaged.add(act.machine)
        rng = Random(act.salt)
        where = self._store(act.machine) if act.machine >= 0 else self.bucket
        assert where is not None
        pattern = f"{RECORDS if act.kind == 'records' else 'blobs'}/**/*"
        files = sorted(path for path in where.glob(pattern) if path.is_file())
        self._forget()
        for path in files:
            if rng.random() < act.part and path.stat().st_size < 200_000:
                path.unlink()

    def _empty(self, machine: int) -> None:
        """Let a store be one that knows the base and nothing else."""
        store = self._store(machine)
        shutil.rmtree(store, ignore_errors=True)
        if self.template is not None:
            shutil.copytree(self.template, store, copy_function=os.link)

    def _store(self, machine: int) -> Path:
        return self.root.with_name(f"{self.root.name}-store-{machine}")

    def _forget(self) -> None:
        """Let the engine remember no command.

        What it pulled stays, and so do cache mounts.
        """
        words = ["docker", "buildx", "prune", "-f", "--filter", "type=regular"]
        words += ["--filter", "description~=exec"]
        env = dict(self.environment)
        subprocess.run(words, env=env, check=True, capture_output=True)

    def _ok(self, machine: int, *arguments: str, away: bool = False) -> None:
        status, log = self._run(machine, *arguments, away=away)
        assert status == 0, f"{arguments}: {status}\n{log}"

    def _run(
        self,
        machine: int,
        *arguments: str,
        away: bool = False,
        root: Path | None = None,
    ) -> tuple[int, str]:
        store = self._store(machine)
        # Who is away still names the tier: what came from there counts.
        off = {"MINIO_MODE": "off"} if away and self.shared else {}
        environment = {
            **self.environment,
            **self.shared,
            **off,
            "CACHE_LOCAL_PATH": str(store),
            "XDG_STATE_HOME": f"{store}-state",
        }
        done = Space(root or self.root, environment).run(*arguments)
        return done.status, done.out + done.err
