"""The local tier: what is damaged is told, and nothing is ever half there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dynbuild.digest import Digest, sha256
from dynbuild.link.model import Inside, Layer, Record
from dynbuild.ports import Base
from dynbuild.tiers.local.inventory import LocalInventory
from dynbuild.tiers.local.machine import LocalMachine
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.local.workspace import exclusive, private

STEP = sha256(b"step")
AMD = "linux/amd64"


class Store:
    """A local tier with one record, and what it told."""

    def __init__(self, folder: Path) -> None:
        self.told: list[str] = []
        self.root = folder / "store"
        self.tier = Local(self.root, self.told.append)
        file = folder / "layer"
        file.write_bytes(b"layer")
        self.tier.keep(sha256(b"layer"), str(file))
        self.layer = Layer(sha256(b"tar"), sha256(b"layer"), 5)
        record = Record(STEP, STEP, AMD, (self.layer,), {}, seconds=1.0)
        self.tier.record(record)
        assert len(self.tier.find([STEP])) == 1

    def anew(self) -> Local:
        return Local(self.root, self.told.append)

    def files(self, below: str) -> list[Path]:
        return [path for path in (self.root / below).rglob("*") if path.is_file()]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.parametrize("kind", ["realizations", "blobs"])
@pytest.mark.parametrize("cut", [0, 1, 0.5, 0.99])
def test_any_truncation_is_a_miss_that_is_told(
    store: Store, kind: str, cut: float
) -> None:
    for path in store.files(kind):
        data = path.read_bytes()
        overwrite(path, data[: int(len(data) * cut) if cut < 1 else 1])
    assert store.anew().find([STEP]) == ()
    assert store.told


def test_a_flipped_bit_of_a_record_is_a_miss(store: Store) -> None:
    (path,) = store.files("realizations")
    data = path.read_bytes()
    for place in range(0, len(data), 7):
        overwrite(path, data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert store.anew().find([STEP]) == (), place
        overwrite(path, data) if path.exists() else path.write_bytes(data)


def test_a_record_that_cannot_be_read_now_is_not_thrown_away(store: Store) -> None:
    (path,) = store.files("realizations")
    kept = path.rename(path.with_name(".kept"))
    path.symlink_to(path.name)
    assert store.anew().find([STEP]) == ()
    assert "cannot be read" in store.told[-1]
    assert path.is_symlink()
    kept.replace(path)
    assert len(store.anew().find([STEP])) == 1


def test_blobs_cannot_be_written_to_by_accident(store: Store) -> None:
    assert {path.stat().st_mode & 0o222 for path in store.files("blobs")} == {0}


def test_a_base_and_notes(store: Store) -> None:
    machine = LocalMachine(store.tier, time.sleep)
    digest = sha256(b"manifest")
    assert machine.base(digest) is None
    inside = Inside(sha256(b"readings"), 8)
    base = Base((store.layer,), {}, {"os": "linux"}, lambda: inside)
    machine.keep_base(digest, base)
    found = machine.base(digest)
    assert found is not None
    assert found.inside() == inside
    (note,) = (f"notes/{path.name}" for path in store.files("notes"))
    root = LocalInventory(store.root).root(note)
    assert root is not None
    assert inside.digest in root.names
    assert (found.layers, dict(found.writes), found.config) == (
        base.layers,
        {},
        base.config,
    )
    assert machine.noted("x") is None
    machine.note("x", "text")
    machine.note("x", "later")
    assert machine.noted("x") == "later"
    overwrite(store.root / "notes" / "x", b"lat")
    assert machine.noted("x") is None
    assert machine.noted("x") is None
    (store.root / "blobs/sha256" / store.layer.digest[7:]).unlink()
    assert machine.base(digest) is None


def test_a_planted_note_of_a_base_names_blobs_and_nothing_else(
    tmp_path: Path,
) -> None:
    """Whoever may write to a shared store: no file of its users is read or removed."""
    store, victim = tmp_path / "store", tmp_path / "victim"
    machine = LocalMachine(Local(store, lambda _: None), lambda _: None)
    layer = [sha256(b"tar"), sha256(b"blob"), 3, "x"]
    for facts in (
        {"layers": [layer], "writes": f"sha256:{victim}", "config": {}},
        {"layers": [[layer[0], str(victim), 3, "x"]], "writes": layer[1], "config": {}},
        {"layers": [[1, 2]], "writes": layer[1], "config": {}},
        {"layers": 7, "writes": layer[1], "config": {}},
        {"layers": [], "writes": layer[1], "config": []},
        [],
    ):
        victim.write_text("secret")
        digest = sha256(b"image")
        machine.note(f"base-{digest.removeprefix('sha256:')}", json.dumps(facts))
        assert machine.base(digest) is None
        assert victim.read_text() == "secret"
        (note,) = (store / "notes").iterdir()
        assert LocalInventory(store).root(f"notes/{note.name}") is None


def test_a_private_directory_is_gone_at_the_end(tmp_path: Path) -> None:
    with private(tmp_path) as folder, private(tmp_path) as other:
        assert folder != other
        assert folder.is_dir()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_store_that_may_only_be_read_can_be_used(tmp_path: Path) -> None:
    """By somebody else than root, to whom a file system is all that says no."""
    script = (
        "import os, sys; from pathlib import Path\n"
        "from dynbuild.digest import Digest\n"
        "from dynbuild.tiers.local.tier import Local\n"
        "from dynbuild.tiers.local.machine import LocalMachine\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "machine = LocalMachine(Local(Path(sys.argv[1]), print), lambda _: None)\n"
        "machine.note('x', 'text')\n"
        "with machine.private() as folder: (folder / 'x').write_text('x')\n"
        "assert not folder.exists() and machine.noted('x') is None\n"
    )
    store = tmp_path / "store"
    store.mkdir()
    store.chmod(0o555)
    subprocess.run([sys.executable, "-c", script, str(store)], check=True)
    assert list(store.iterdir()) == []


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from dynbuild.tiers.local.workspace import private\n"
        "with private(Path(sys.argv[1])) as p: print(p, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        with private(tmp_path):
            assert left.is_dir()
        process.send_signal(signal.SIGKILL)
    assert left.is_dir()
    with private(tmp_path):
        assert not left.exists()
    half = tmp_path / "tmp" / "half"
    half.mkdir()
    with private(tmp_path):
        assert half.exists()
    os.utime(half, (0, 0))
    with private(tmp_path):
        assert not half.exists()


def test_one_process_at_a_time_has_a_step(tmp_path: Path) -> None:
    waits: list[str] = []

    class EnoughError(Exception):
        pass

    def pause(_: float) -> None:
        waits.append("paused")
        if len(waits) > 3:
            raise EnoughError

    one, other = sha256(b"one"), Digest(sha256(b"other"))
    with exclusive(tmp_path, [one, other, one], pause, lambda: None):
        with exclusive(tmp_path, [sha256(b"third")], pause, lambda: None):
            assert waits == []
        with (
            pytest.raises(EnoughError),
            exclusive(tmp_path, [other], pause, lambda: waits.append("told")),
        ):
            pytest.fail("it is held")
    assert waits == ["told", "paused", "paused", "paused"]
    with exclusive(tmp_path, [one], pause, lambda: None):
        pass
