"""Ten thousand stages: what each command costs, and how that grows from a thousand.

Processor time of the command itself, and its memory: neither waits for other work.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_parts.measure import told
from dynbuild.digest import sha256
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.model import Target
from dynbuild.lockfile.update import update
from dynbuild.steps.model import Pin

DIGEST = sha256(b"base")
BASE = Pin("docker.io/library/debian:stable-slim", DIGEST, {"linux/amd64": DIGEST})
DECLARED = """{
  base = "debian:stable-slim";
  apt_packages = [ %s ];
  stages = builtins.genList (at: {
    name = "s${toString at}";
    dependencies = if at == 0 then [ ] else [ "s${toString (at / 2)}" ];
    commands = [ "%s ${toString at}" ];
  }) %d;
}
"""
EVALUATED, LOCKED = "eval dynbuild.nix --json", "lock"
AFTER = ("lock", "lock --check", "realize --print", "why s9", "diff HEAD", "graph")
"""What is asked once every stage has changed, and a package was added."""


def many() -> None:
    """Tell processor time of each command, and that of a thousand stages times ten."""
    few, all_of_them = _commands(1_000), _commands(10_000)
    for name, (spent, memory) in all_of_them.items():
        ratio = spent / few[name][0]
        grown = f"{memory:4.0f} MB, {ratio:.1f} x a thousand stages"
        told(f"dynbuild {name}, 10,000 stages", spent, ratio=grown)


def _commands(size: int) -> dict[str, tuple[float, float]]:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        git = ["git", "-c", "user.name=x", "-c", "user.email=x@localhost"]

        def declare(packages: str, command: str) -> None:
            text = DECLARED % (packages, command, size)
            (work / "dynbuild.nix").write_text(text)

        declare('"curl"', "echo")
        (work / "dynbuild.lock").write_text(dumps(update(None, Target(BASE))))
        found = {EVALUATED: _spent(work, EVALUATED)}
        _spent(work, LOCKED)
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
            subprocess.run([*git, *words], cwd=work, check=True)
        declare('"curl" "jq"', "make")
        return found | {name: _spent(work, name) for name in AFTER}


def _spent(work: Path, words: str) -> tuple[float, float]:
    """Seconds of the processor, and megabytes of memory."""
    environment = os.environ | {
        "XDG_CACHE_HOME": str(work / "cache"),
        "CACHE_LOCAL_PATH": str(work / "store"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "dynbuild", *words.split()],
        cwd=work,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
