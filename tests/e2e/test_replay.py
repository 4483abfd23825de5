"""``scripts/bench_replay``: a small history, in which nothing is built twice."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bench_replay"

Stage = dict[str, object]


def stage(name: str, content: str, *touches: str, needs: str = "") -> Stage:
    return {
        "name": f"0|{name}",
        "content": content,
        "cost": 10.0,
        "needs": [f"0|{needs}"] if needs else [],
        "segment": "0",
        "touches": touches,
    }


def history(path: Path, *versions: list[Stage]) -> None:
    with gzip.open(path, "wt") as file:
        for stages in versions:
            told = {"commit": "c", "date": "d", "base": {"0": "b"}, "stages": stages}
            file.write(json.dumps(told) + "\n")


def replayed(folder: Path) -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, SCRIPT, str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    rows = done.stdout.splitlines()
    return {row[:40].strip(): row[40:].split() for row in rows}


def test_stages_that_install_packages_run_once(tmp_path: Path) -> None:
    """The first changes: those that stand on it for the database run again, once."""
    users = [stage("u2", "2", "dpkg"), stage("u3", "3", "dpkg"), stage("u4", "4")]
    above = stage("u5", "5", needs="u3")
    history(
        tmp_path / "small.instr.jsonl.gz",
        [stage("u1", "1", "dpkg"), *users, above],
        [stage("u1", "changed", "dpkg"), *users, above],
        [stage("u1", "again", "dpkg"), *users, above],
    )
    told = replayed(tmp_path)
    assert told["the file as written, BuildKit's rule"][0] == "5.000"
    # u1, u2, u3 and u5; then u1 alone, which is behind them by now.
    assert told["dynbuild, as it comes"][0] == "2.500"
    assert told["steps that ran, of them twice"][:2] == ["5,", "0"]
