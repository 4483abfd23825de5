"""A layer that stays on another base is what its commands would have written there.

Small trees with links, and commands on them, in a model of a file system. Commands that
find nothing to do leave no trace in a layer, and are no part of it: see decision 0057.
Few layers stay on a base at random, so there are many, the same each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import TypeAlias

import pytest

from dynbuild.digest import BlobDigest, DiffId, PlacedDigest, StepDigest, sha256
from dynbuild.link.entries import MalformedLayerError, ancestors, resolved
from dynbuild.link.model import Layer, Record, WriteSet, Written
from dynbuild.link.onto import Layered, Moved, judged
from dynbuild.link.writes import stacked

Tree: TypeAlias = dict[str, Written]

DIRECTORY = Written("directory", 0o755)
NAMES = ("a", "b", "c")
PAIRS = tuple(f"{one}/{two}" for one in NAMES for two in NAMES)
PATHS = (*NAMES, *PAIRS, *(f"{one}/{two}" for one in PAIRS for two in NAMES))


class NothingDoneError(Exception):
    """A command that failed, or found nothing to do."""


def above(path: str) -> str:
    return path.rpartition("/")[0]


def below(tree: Tree, path: str) -> list[str]:
    return [one for one in tree if one.startswith(f"{path}/")]


def is_directory(tree: Tree, path: str) -> bool:
    return not path or (path in tree and tree[path].kind == "directory")


def place(tree: Tree, path: str) -> str:
    """Return where a path lies, following all links but the last."""
    folder = resolved(above(path), tree) if above(path) else ""
    if not is_directory(tree, folder):
        raise NothingDoneError
    return f"{folder}/{path.rpartition('/')[2]}".strip("/")


def found(tree: Tree, path: str, kind: str) -> str:
    end = resolved(path, tree)
    if end not in tree or tree[end].kind != kind:
        raise NothingDoneError
    return end


def write(tree: Tree, path: str) -> None:
    end = resolved(path, tree) if place(tree, path) in tree else place(tree, path)
    if not is_directory(tree, above(end)):
        raise NothingDoneError
    if end in tree and tree[end].kind != "file":
        raise NothingDoneError
    mode = tree[end].mode if end in tree else 0o644
    tree[end] = Written("file", mode, content="own")


def make_directory(tree: Tree, path: str) -> None:
    end = place(tree, path)
    if end in tree:
        raise NothingDoneError
    tree[end] = DIRECTORY


def remove(tree: Tree, path: str) -> None:
    end = place(tree, path)
    if end not in tree:
        raise NothingDoneError
    for one in (end, *below(tree, end)):
        del tree[one]


def empty(tree: Tree, path: str) -> None:
    inside = below(tree, found(tree, path, "directory"))
    if not inside:
        raise NothingDoneError
    for one in inside:
        del tree[one]


def close(tree: Tree, path: str) -> None:
    """``chmod 600`` for all files below a directory."""
    inside = below(tree, found(tree, path, "directory"))
    files = [one for one in inside if tree[one].kind == "file"]
    if not files:
        raise NothingDoneError
    for one in files:
        tree[one] = replace(tree[one], mode=0o600)


def copy(tree: Tree, path: str) -> None:
    """``cp -r`` to a place of its own."""
    end = found(tree, path, "directory")
    inside = {one: tree[one] for one in below(tree, end)}
    if "copy" in tree or not any(one.kind == "file" for one in inside.values()):
        raise NothingDoneError
    copied = {f"copy{one.removeprefix(end)}": of for one, of in inside.items()}
    tree |= {"copy": DIRECTORY, **copied}


def copy_file(tree: Tree, path: str) -> None:
    tree["file"] = tree[found(tree, path, "file")]


NUMBER = sha256(b"")
LAYER = Layer(DiffId(NUMBER), BlobDigest(NUMBER), 1)
PLACE, STEP = PlacedDigest(NUMBER), StepDigest(NUMBER)
COMMANDS: Sequence[Callable[[Tree, str], None]] = (
    write,
    make_directory,
    remove,
    empty,
    close,
    copy,
    copy_file,
)
Command: TypeAlias = tuple[Callable[[Tree, str], None], str]


def run(commands: Sequence[Command], tree: Tree) -> Tree | None:
    """Return the tree after some commands; None if one fails or does nothing."""
    tree = dict(tree)
    try:
        for command, path in commands:
            command(tree, path)
    except (NothingDoneError, MalformedLayerError):
        return None
    return tree


def put(random: Random, tree: Tree, path: str) -> None:
    """Put something at a path, instead of what is there."""
    try:
        end = place(tree, path)
    except (NothingDoneError, MalformedLayerError):
        return
    for one in (end, *below(tree, end)):
        tree.pop(one, None)
    tree[end] = random.choice([
        DIRECTORY,
        DIRECTORY,
        Written("file", 0o644, content=f"its {random.randrange(9)}"),
        Written("symlink", 0o777, content=f"/{random.choice(PATHS)}"),
    ])  # fmt: skip


def layer(before: Tree, after: Tree) -> WriteSet:
    """Return what commands wrote, with every parent, as engines tell it."""
    found: Tree = {
        path: replace(one, new=path not in before)
        for path, one in after.items()
        if before.get(path) != one
    }
    for path in before.keys() - after.keys():
        if all(is_directory(after, one) for one in ancestors(path)):
            found[path] = Written("whiteout")
    for path in [*found]:
        for one in ancestors(path):
            found.setdefault(one, after[one])
    return found


def plain(tree: WriteSet) -> Tree:
    return {
        path: replace(one, new=False, kind="directory")
        if one.kind == "opaque"
        else replace(one, new=False)
        for path, one in tree.items()
        if one.kind != "whiteout"
    }


@pytest.mark.parametrize("seed", range(4))
def test_what_stays_is_what_its_commands_would_make(seed: int) -> None:
    random = Random(seed)
    stayed = 0
    for _ in range(60_000):
        before: Tree = {}
        for _ in range(random.randint(3, 14)):
            put(random, before, random.choice(PATHS))
        commands = [(random.choice(COMMANDS), random.choice(PATHS))]
        if (made := run(commands, before)) is None:
            continue
        writes = layer(before, made)
        assert plain(stacked([before, writes])) == made
        after = dict(before)
        for _ in range(random.randint(1, 2)):
            folder = random.choice(["", *before])
            put(random, after, f"{folder}/{random.choice(NAMES)}")
        record = Record(PLACE, STEP, "linux/amd64", (LAYER,), writes)
        stage = Layered("it", record, programs=())
        if judged([stage], Moved(before, after, {}))["it"] is not None:
            continue
        stayed += 1
        assert plain(stacked([after, writes])) == run(commands, after), (
            before,
            after,
            commands,
        )
    assert stayed > 150
