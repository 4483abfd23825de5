"""The history in a SQLite file, shared by any number of processes.

It is in WAL mode, and every write is one transaction. A problem with it is reported
once and costs only the information it would have provided, never a build: a file of a
newer dynbuild is left alone, a damaged one is moved aside.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import field
from pathlib import Path
from typing import TypeVar

from dynbuild.digest import PlacedDigest, StepDigest, sha256
from dynbuild.errors import Diagnostic
from dynbuild.explain.past import (
    BuildSummary,
    Past,
    PastBuild,
    PastLock,
    PastStep,
    Provenance,
)
from dynbuild.history.schema import NewerError, migrate
from dynbuild.owners import fault
from dynbuild.values import dataclass

_PATIENCE = 10.0
"""Seconds to wait for another process that is writing."""

MOST = 200_000
"""The most steps kept for a project; the oldest builds are removed."""

LOCKS = 50
"""How many of the last realized locks are considered."""

_T = TypeVar("_T")


def path_in(environment: Mapping[str, str]) -> Path | None:
    """Return the path of the history, in $XDG_STATE_HOME, else in ~/.local/state."""
    state = environment.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):  # noqa: PTH117 - an empty one is no path
        home = environment.get("HOME", "")
        if not os.path.isabs(home):  # noqa: PTH117 - as above
            return None
        state = f"{home}/.local/state"
    return Path(state) / "dynbuild" / "history.sqlite"


@dataclass(frozen=True, slots=True)
class Sqlite:
    """Implements ``explain.past.History`` for one project, identified by a text.

    ``path`` is None where there is no place for a history; ``clock`` returns the Unix
    time, ``started`` is when the build to record began. ``warn`` is called once for
    each problem.
    """

    path: Path | None
    project: str
    clock: Callable[[], float]
    started: float
    warn: Callable[[Diagnostic], None]
    _reported: set[str] = field(default_factory=set)

    def keep(self, build: PastBuild) -> None:
        def work(database: sqlite3.Connection) -> None:
            with database:
                database.execute("BEGIN IMMEDIATE")
                self._insert(database, build)
                self._prune(database)

        self._do(work, None)

    def seconds(self, platform: str) -> Mapping[str, float]:
        def work(database: sqlite3.Connection) -> dict[str, float]:
            rows = database.execute(
                # SQLite takes the other columns from the row of the maximum.
                "SELECT step, steps.seconds, max(build) FROM steps"
                " JOIN builds ON id = build"
                " WHERE project = ? AND platform = ? AND ran GROUP BY step",
                (self.project, platform),
            )
            return {step: seconds for step, seconds, _ in rows}

        return self._do(work, {})

    def past(self, platform: str) -> Past:
        def work(database: sqlite3.Connection) -> Past:
            locks: dict[str, PastLock] = {}
            latest = database.execute(
                "SELECT lock, text, max(id) FROM builds JOIN locks ON lock = digest"
                " WHERE project = ? AND platform = ?"
                " GROUP BY lock ORDER BY max(id) DESC LIMIT ?",
                (self.project, platform, LOCKS),
            ).fetchall()
            for lock, text, _ in latest:
                rows = database.execute(
                    "SELECT step, digest, placed, onto, max(build) FROM steps"
                    " JOIN builds ON id = build"
                    " WHERE project = ? AND platform = ? AND lock = ? GROUP BY step",
                    (self.project, platform, lock),
                ).fetchall()
                locks[lock] = PastLock(
                    text,
                    {step: StepDigest(digest) for step, digest, *_ in rows},
                    {step: PlacedDigest(placed) for step, _, placed, *_ in rows},
                    {step: tuple(json.loads(onto)) for step, *_, onto, _ in rows},
                )
            described = database.execute(
                "SELECT digest, description FROM descriptions WHERE digest IN"
                " (SELECT digest FROM steps JOIN builds ON id = build"
                " WHERE project = ? AND platform = ?)",
                (self.project, platform),
            )
            texts = {StepDigest(digest): json.loads(text) for digest, text in described}
            return Past(tuple(locks.values()), texts)

        return self._do(work, Past())

    def builds(self) -> tuple[BuildSummary, ...]:
        def work(database: sqlite3.Connection) -> tuple[BuildSummary, ...]:
            counts: dict[int, dict[Provenance, int]] = {}
            for build, source, count in database.execute(
                "SELECT build, source, count(*) FROM steps JOIN builds ON id = build"
                " WHERE project = ? GROUP BY build, source",
                (self.project,),
            ):
                counts.setdefault(build, {})[source] = count
            rows = database.execute(
                "SELECT id, ended, builds.seconds, platform, failed,"
                " total(steps.seconds * ran), total(steps.seconds * (NOT ran))"
                " FROM builds LEFT JOIN steps ON build = id WHERE project = ?"
                " GROUP BY id ORDER BY id",
                (self.project,),
            )
            return tuple(
                BuildSummary(
                    ended, spent, platform, failed, counts.get(id_, {}), ran, saved
                )
                for id_, ended, spent, platform, failed, ran, saved in rows
            )

        return self._do(work, ())

    def _insert(self, database: sqlite3.Connection, build: PastBuild) -> None:
        now = self.clock()
        spent = now - self.started
        lock = sha256(build.lock.encode())
        row = (self.project, now, spent, build.platform, lock, build.failed)
        cursor = database.execute(
            "INSERT INTO builds (project, ended, seconds, platform, lock, failed)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )
        database.execute(
            "INSERT OR IGNORE INTO locks VALUES (?, ?)", (lock, build.lock)
        )
        database.executemany(
            "INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(cursor.lastrowid, *_step(step)) for step in build.steps],
        )
        database.executemany(
            "INSERT OR IGNORE INTO descriptions VALUES (?, ?)",
            [
                (step.digest, json.dumps(step.description, separators=(",", ":")))
                for step in build.steps
            ],
        )

    def _prune(self, database: sqlite3.Connection) -> None:
        """Delete the oldest builds of the project if there are too many steps."""
        counts = database.execute(
            "SELECT id, count(step) FROM builds LEFT JOIN steps ON build = id"
            " WHERE project = ? GROUP BY id ORDER BY id DESC",
            (self.project,),
        ).fetchall()
        total, gone = 0, []
        for build, steps in counts:
            total += steps
            if total > MOST and build != counts[0][0]:
                gone.append((build,))
        if gone:
            database.executemany("DELETE FROM builds WHERE id = ?", gone)
            database.execute(
                "DELETE FROM descriptions WHERE digest NOT IN"
                " (SELECT digest FROM steps)"
            )
            database.execute(
                "DELETE FROM locks WHERE digest NOT IN (SELECT lock FROM builds)"
            )

    def _do(self, work: Callable[[sqlite3.Connection], _T], otherwise: _T) -> _T:
        """Run work on the database; on a problem with it, warn and return a default."""
        if self.path is None:
            self._warn("DB0703", "no history is kept: neither XDG_STATE_HOME nor HOME")
            return otherwise
        try:
            with _opened(self.path) as database:
                return work(database)
        except NewerError:
            what = f"the history {self.path} was written by a newer dynbuild"
            self._warn("DB0701", what, "upgrade dynbuild; it is left as it is")
        except (sqlite3.OperationalError, OSError) as error:
            self._warn("DB0703", f"the history {self.path} cannot be used: {error}")
        except sqlite3.DatabaseError as error:
            aside = _moved_aside(self.path)
            what = f"the history {self.path} is damaged: {error}"
            self._warn("DB0702", what, aside and f"a new one begins; it is {aside} now")
        return otherwise

    def _warn(self, code: str, what: str, hint: str | None = None) -> None:
        if what not in self._reported:
            self._reported.add(what)
            self.warn(Diagnostic(code, what, hint=hint, severity="warning"))


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    # Only the user may read what steps run.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (why := fault(path.parent)) is not None:
        raise PermissionError(f"its directory {why}")
    with closing(
        sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    ) as database:
        database.execute("PRAGMA foreign_keys = ON")
        migrate(database)
        # On a file system without shared memory the slower default mode remains.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        yield database


def _moved_aside(path: Path) -> str | None:
    """Move a damaged database, unless another process did; return its new path."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_sound(path):
            return None
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        for more in ("-wal", "-shm"):
            path.with_name(path.name + more).unlink(missing_ok=True)
        return str(aside)


def _is_sound(path: Path) -> bool:
    try:
        with _opened(path) as database:
            (verdict,) = database.execute("PRAGMA quick_check").fetchone()
    except sqlite3.DatabaseError:
        return False
    return bool(verdict == "ok")


def _step(step: PastStep) -> tuple[object, ...]:
    return (
        step.id,
        step.kind,
        step.title,
        step.digest,
        step.placed,
        step.source,
        step.seconds,
        step.size,
        step.ran,
        json.dumps(step.onto),
    )
