"""The history in SQLite: kept across processes, never in the way of a build."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import Description, digest_of
from dynbuild.explain.past import Past, PastBuild, PastStep, Provenance
from dynbuild.history import schema, sqlite
from dynbuild.history.sqlite import Sqlite, path_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dynbuild.errors import Diagnostic

PLATFORM = "linux/amd64"
LOCK = "a lock"


class Place:
    """A history on a file, with a clock that goes on by itself, and its warnings."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.time: Iterator[int] = count(100)
        self.warnings: list[Diagnostic] = []

    def of(self, project: str = "/project/dynbuild.lock") -> Sqlite:
        return Sqlite(
            self.path,
            project,
            lambda: float(next(self.time)),
            float(next(self.time)),
            self.warnings.append,
        )

    @property
    def codes(self) -> list[str]:
        return [warning.code for warning in self.warnings]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "state" / "dynbuild" / "history.sqlite")


def step(
    name: str, text: str = "", source: Provenance = "built", seconds: float = 2.0
) -> PastStep:
    described: Description = {"kind": "stage", "commands": [text or name]}
    digest = digest_of(described)
    return PastStep(
        name, "stage", name, digest, digest, described, source, seconds, 7, ran=True
    )


def held(name: str, source: Provenance = "local", seconds: float = 2.0) -> PastStep:
    one = step(name, source=source, seconds=seconds)
    return PastStep(
        one.id,
        one.kind,
        one.title,
        one.digest,
        one.placed,
        one.description,
        source,
        seconds,
        7,
        ran=False,
    )


def test_what_is_kept_is_told(place: Place) -> None:
    history = place.of()
    history.keep(PastBuild(LOCK, PLATFORM, (step("a"), step("b", seconds=5))))
    history.keep(
        PastBuild(LOCK, PLATFORM, (held("a"), step("b", "new", seconds=3)), "c")
    )
    first, second = history.builds()
    assert (first.steps, first.ran, first.saved, first.failed) == (
        {"built": 2},
        7.0,
        0.0,
        None,
    )
    assert (second.steps, second.ran, second.saved, second.failed) == (
        {"local": 1, "built": 1},
        3.0,
        2.0,
        "c",
    )
    assert (first.ended, first.seconds) == (101.0, 1.0)
    assert history.seconds(PLATFORM) == {"a": 2.0, "b": 3.0}
    past = history.past(PLATFORM)
    (lock,) = past.locks
    assert lock.text == LOCK
    assert lock.digests == {"a": step("a").digest, "b": step("b", "new").digest}
    assert lock.placed == lock.digests
    assert past.described[step("b").digest] == step("b").description
    assert place.codes == []


def test_projects_and_platforms_are_apart(place: Place) -> None:
    place.of().keep(PastBuild(LOCK, PLATFORM, (step("a"),)))
    assert place.of("/other").past(PLATFORM) == Past()
    assert place.of("/other").builds() == ()
    assert place.of().past("linux/arm64") == Past()
    assert place.of().seconds("linux/arm64") == {}


def test_a_step_that_failed_is_what_it_was(place: Place) -> None:
    history = place.of()
    history.keep(PastBuild(LOCK, PLATFORM, (step("a"), step("b"))))
    history.keep(PastBuild(LOCK, PLATFORM, (step("a", "new"),), "b"))
    (lock,) = history.past(PLATFORM).locks
    assert lock.digests["b"] == step("b").digest


def test_the_latest_lock_comes_first(place: Place) -> None:
    history = place.of()
    for lock in ("one", "two", "three", "one"):
        history.keep(PastBuild(lock, PLATFORM, (step("a", lock),)))
    past = history.past(PLATFORM)
    assert [one.text for one in past.locks] == ["one", "three", "two"]
    assert past.locks[1].digests == {"a": step("a", "three").digest}


def test_nobody_else_may_read_it(place: Place) -> None:
    place.of().keep(PastBuild(LOCK, PLATFORM, (step("a"),)))
    assert place.path is not None
    assert place.path.parent.stat().st_mode & 0o077 == 0


def test_a_damaged_file_is_moved_aside(place: Place) -> None:
    assert place.path is not None
    place.path.parent.mkdir(parents=True)
    place.path.write_bytes(b"no database" * 1000)
    history = place.of()
    assert history.builds() == ()
    assert place.codes == ["DB0702"]
    assert place.path.with_name("history.sqlite.damaged").read_bytes()[:2] == b"no"
    history.keep(PastBuild(LOCK, PLATFORM, (step("a"),)))
    assert len(history.builds()) == 1


def test_damage_inside_is_moved_aside_as_well(place: Place) -> None:
    history = place.of()
    for number in range(50):
        history.keep(PastBuild(LOCK, PLATFORM, (step("a", str(number) * 500),)))
    assert place.path is not None
    with sqlite3.connect(place.path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    data = bytearray(place.path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    place.path.write_bytes(data)
    assert history.past(PLATFORM) == Past()
    assert place.codes == ["DB0702"]
    history.keep(PastBuild(LOCK, PLATFORM, (step("a"),)))
    assert len(history.builds()) == 1


def test_one_of_a_newer_dynbuild_is_left_alone(place: Place) -> None:
    history = place.of()
    history.keep(PastBuild(LOCK, PLATFORM, (step("a"),)))
    assert place.path is not None
    newer = len(schema.MIGRATIONS) + 1
    with sqlite3.connect(place.path) as database:
        database.execute(f"PRAGMA user_version = {newer}")
    database.close()
    before = place.path.read_bytes()
    history.keep(PastBuild(LOCK, PLATFORM, (step("b"),)))
    assert history.builds() == ()
    assert place.codes == ["DB0701"]
    assert place.path.read_bytes() == before


@pytest.mark.parametrize("path", [None, Path("/proc/nowhere/history.sqlite")])
def test_without_a_place_it_knows_nothing(path: Path | None) -> None:
    place = Place(path)
    history = place.of()
    history.keep(PastBuild(LOCK, PLATFORM, (step("a"),)))
    assert history.seconds(PLATFORM) == {}
    assert place.codes == ["DB0703"]


def test_an_earlier_schema_becomes_that_of_now(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    first = (("CREATE TABLE builds (id INTEGER PRIMARY KEY)",),)
    second = (*first, ("ALTER TABLE builds ADD note TEXT DEFAULT 'old'",))
    database = sqlite3.connect(path, isolation_level=None)
    schema.migrate(database, first)
    database.execute("INSERT INTO builds VALUES (1)")
    schema.migrate(database, second)
    assert database.execute("SELECT * FROM builds").fetchall() == [(1, "old")]
    broken = (*second, ("ALTER TABLE builds ADD more TEXT", "no SQL"))
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(database, broken)
    assert database.execute("SELECT * FROM builds").fetchall() == [(1, "old")]
    with pytest.raises(schema.NewerError):
        schema.migrate(database, first)
    database.close()


def test_the_oldest_builds_go(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "MOST", 4)
    history = place.of()
    for number in range(5):
        steps = (step("a", f"a{number}"), step("b", f"b{number}"))
        history.keep(PastBuild(LOCK, PLATFORM, steps))
    assert len(history.builds()) == 2
    assert len(history.past(PLATFORM).described) == 4
    history.keep(PastBuild(LOCK, PLATFORM, tuple(step(f"s{n}") for n in range(9))))
    assert [sum(told.steps.values()) for told in history.builds()] == [9]


def test_many_processes_at_once(place: Place) -> None:
    """From the very first one on: they make the file together."""
    script = """
import sys
from pathlib import Path
from dynbuild.explain.past import PastBuild
from dynbuild.history.sqlite import Sqlite
from tests.unit.history.test_sqlite import step
history = Sqlite(Path(sys.argv[1]), "p", float, 0.0, lambda w: sys.exit(w.message))
for number in range(10):
    history.keep(PastBuild("l", "linux/amd64", (step("a", sys.argv[2] + str(number)),)))
"""
    root = Path(__file__).parents[3]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(place.path), str(number)],
            cwd=root,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]
    assert [writer.communicate()[1] for writer in writers] == [""] * 8
    assert len(place.of("p").builds()) == 80


def test_where_it_is() -> None:
    assert path_in({"XDG_STATE_HOME": "/s", "HOME": "/h"}) == Path(
        "/s/dynbuild/history.sqlite"
    )
    assert path_in({"XDG_STATE_HOME": "s", "HOME": "/h"}) == Path(
        "/h/.local/state/dynbuild/history.sqlite"
    )
    assert path_in({"HOME": ""}) is None
