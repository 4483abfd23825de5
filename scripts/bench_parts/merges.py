"""Random pairs of pull requests, merged as git merges text, in several layouts."""

import json
import random
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from dynbuild.digest import sha256
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.update import update
from dynbuild.steps.model import Copy, Pin, Stage

_DIGEST = sha256(b"base")
_BASE = Pin("docker.io/library/debian:stable-slim", _DIGEST, {"linux/amd64": _DIGEST})
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

SPARSE, DENSE = (35, 45, 20), (1, 1, 1, 1)
"""How many stages depend on none, one, two, three others: as people write, and more."""

Edit = Callable[[Target], Target]
"""What one pull request does to a declaration; ValueError where it no longer can."""


@dataclass(frozen=True)
class Pair:
    """Two pull requests off one lock: what they ask for, and the locks they have.

    ``both`` is what the merged declaration asks for; None where the two edits do not
    go together, so that the declaration is in conflict too.
    """

    start: Lock
    ours: Lock
    theirs: Lock
    both: Target | None


def pair(seed: int, needs: Sequence[int] = SPARSE, *, live: bool = False) -> Pair:
    """The pair of a seed: a declaration of 10 to 40 stages, one edit on each side.

    With ``live`` the application's source is copied live, and every update comes with
    an edit of it as well.
    """
    dice = random.Random(seed)  # noqa: S311 - the same pairs every time
    target = _declaration(dice, needs)
    edited: tuple[str, ...] = ()
    if live:
        *others, last = target.stages
        application = replace(last, copies=(Copy("src", "/src"),))
        target = replace(target, stages=(*others, application))
        edited = (last.name,)
    start = update(None, target)
    for _ in range(dice.randint(0, 6)):
        target = _edit(dice, target, needs)(target)
        start = update(start, target, edited=edited)
    first, second = _edit(dice, target, needs), _edit(dice, target, needs)
    try:
        both = second(first(target))
        update(None, both)
    except Exception:  # noqa: BLE001 - whatever refuses it, they do not go together
        both = None
    ours, theirs = first(target), second(target)
    return Pair(
        start,
        update(start, ours, edited=edited),
        update(start, theirs, edited=edited),
        both,
    )


def _name(dice: random.Random) -> str:
    return "".join(dice.choices(_LETTERS, k=7))


def _declaration(dice: random.Random, needs: Sequence[int]) -> Target:
    stages: list[Stage] = []
    for _ in range(dice.randint(10, 40)):
        stages.append(_stage(dice, stages, needs))
    specs = {(name := _name(dice)): name for _ in range(dice.randint(5, 25))}
    return Target(_BASE, {"apt": specs}, stages=tuple(stages))


def _stage(dice: random.Random, there: Sequence[Stage], needs: Sequence[int]) -> Stage:
    count = dice.choices(range(len(needs)), needs)[0]
    names = dice.sample([stage.name for stage in there], min(len(there), count))
    copies = [_copy(dice)] if dice.random() < 0.3 else []  # noqa: PLR2004
    lines = tuple(f"make {_name(dice)}" for _ in range(dice.randint(1, 3)))
    return Stage(_name(dice), tuple(names), tuple(copies), commands=lines)


def _copy(dice: random.Random) -> Copy:
    path = _name(dice)
    return Copy(path, "/src/", digest=sha256(path.encode()))


def _edit(dice: random.Random, target: Target, needs: Sequence[int]) -> Edit:
    needed = {need for stage in target.stages for need in stage.needs}
    leaves = [stage.name for stage in target.stages if stage.name not in needed]
    copying = [stage.name for stage in target.stages if stage.copies]
    stage = dice.choice(target.stages)
    new = _name(dice)
    edits: dict[str, tuple[int, Edit]] = {
        "add a stage": (30, _adding(_stage(dice, target.stages, needs))),
        "change a stage": (28, _changing(stage, (f"make {new}",))),
        "remove a leaf": (15, _removing(dice.choice(leaves))),
        "edit a file": (8, _editing(dice.choice(copying or [stage.name]), new)),
        "add a package": (12, _packing(new)),
        "remove a package": (3, _unpacking(dice.choice([*target.packages["apt"]]))),
        "rename a stage": (4, _renaming(stage.name, new)),
    }
    weights = [weight for weight, _ in edits.values()]
    return dice.choices([edit for _, edit in edits.values()], weights)[0]


def _adding(stage: Stage) -> Edit:
    return lambda target: replace(target, stages=(*target.stages, stage))


def _changing(stage: Stage, commands: tuple[str, ...]) -> Edit:
    def change(target: Target) -> Target:
        _there(target, stage.name, stage.commands)
        return _each(target, stage.name, lambda one: replace(one, commands=commands))

    return change


def _removing(name: str) -> Edit:
    def remove(target: Target) -> Target:
        _there(target, name)
        kept = tuple(stage for stage in target.stages if stage.name != name)
        return replace(target, stages=kept)

    return remove


def _editing(name: str, text: str) -> Edit:
    def edit(target: Target) -> Target:
        _there(target, name)
        digest = sha256(text.encode())
        return _each(
            target,
            name,
            lambda stage: replace(
                stage,
                copies=tuple(
                    c if c.live else replace(c, digest=digest) for c in stage.copies
                ),
            ),
        )

    return edit


def _packing(spec: str) -> Edit:
    return lambda target: replace(
        target, packages={"apt": {**target.packages["apt"], spec: spec}}
    )


def _unpacking(key: str) -> Edit:
    def remove(target: Target) -> Target:
        specs = {k: spec for k, spec in target.packages["apt"].items() if k != key}
        return replace(target, packages={"apt": specs})

    return remove


def _renaming(name: str, new: str) -> Edit:
    def rename(target: Target) -> Target:
        _there(target, name)
        return replace(
            target,
            stages=tuple(
                replace(
                    stage,
                    name=new if stage.name == name else stage.name,
                    dependencies=tuple(
                        new if need == name else need for need in stage.dependencies
                    ),
                )
                for stage in target.stages
            ),
        )

    return rename


def _each(target: Target, name: str, change: Callable[[Stage], Stage]) -> Target:
    stages = tuple(change(s) if s.name == name else s for s in target.stages)
    return replace(target, stages=stages)


def _there(target: Target, name: str, commands: tuple[str, ...] = ()) -> None:
    known = {stage.name: stage.commands for stage in target.stages}
    if name not in known or (commands and known[name] != commands):
        raise ValueError(name)


def text_merged(ours: str, start: str, theirs: str) -> str | None:
    """What ``git merge-file`` makes of three texts, None where they conflict."""
    with TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("ours", "start", "theirs")]
        for path, text in zip(paths, (ours, start, theirs), strict=True):
            path.write_text(text)
        done = subprocess.run(
            ["git", "merge-file", "-p", *map(str, paths)],
            check=False,
            capture_output=True,
            text=True,
        )
    return done.stdout if done.returncode == 0 else None


def _facts(lock: Lock) -> list[dict[str, object]]:
    """The steps in install order, each with its facts and without a number."""
    steps = []
    for placed in install_order(lock):
        step = placed.step
        facts: dict[str, object] = {"name": placed.id.split(".", maxsplit=1)[0]}
        if isinstance(step, Stage):
            facts["dependencies"] = list(step.dependencies)
            facts["commands"] = list(step.commands)
            facts["files"] = {copy.path: copy.digest for copy in step.copies}
        else:
            facts["packages"] = sorted(getattr(step, "actions", {}))
        steps.append(facts)
    return steps


def _json(lock: Lock) -> str:
    return json.dumps(_facts(lock), indent=2) + "\n"


def _tables(lock: Lock) -> str:
    lines = []
    for facts in _facts(lock):
        lines += ["", "[[steps]]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in facts.items()]
    return "\n".join(lines) + "\n"


def _named_and_listed(lock: Lock) -> str:
    facts = _facts(lock)
    order = [f"    {json.dumps(one['name'])}," for one in facts]
    lines = ["install = [", *order, "]"]
    for one in sorted(facts, key=lambda one: str(one["name"])):
        lines += ["", f"[steps.{one['name']}]"]
        lines += [f"{k} = {json.dumps(v)}" for k, v in one.items() if k != "name"]
    return "\n".join(lines) + "\n"


LAYOUTS: Mapping[str, Callable[[Lock], str]] = {
    "dynbuild.lock": dumps,
    "by name, and a list of the order": _named_and_listed,
    "[[steps]] in order": _tables,
    "JSON array in order": _json,
}


def changed_lines(before: str, after: str) -> int:
    """How many lines a pull request adds and takes away."""
    with TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("before", "after")]
        for path, text in zip(paths, (before, after), strict=True):
            path.write_text(text)
        done = subprocess.run(
            ["git", "diff", "--no-index", "--numstat", *map(str, paths)],
            check=False,
            capture_output=True,
            text=True,
        )
    added, removed = (done.stdout.split() or ["0", "0"])[:2]
    return int(added) + int(removed)


def reread(text: str) -> Lock:
    """A merged lock, sound or refused by name. Raises LockError."""
    lock = loads(text)
    install_order(lock)
    return lock
