"""Builders of buildx that are an engine's BuildKit behind a port: see ``gate``."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests import gate

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Gate:
    """A builder of buildx, with the bytes of each connection that has ended.

    ``counts`` has those to the builder, and those from it.
    """

    name: str
    process: subprocess.Popen[str]
    port: int
    counts: list[tuple[int, int]] = field(default_factory=list)
    _thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def follow(self) -> None:
        self._thread = threading.Thread(target=self._count)
        self._thread.start()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        if self._thread is not None:
            self._thread.join()

    def _count(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                taken, given = map(int, line.split())
                self.counts.append((taken, given))


def gated(name: str, socket: str, *files: Path) -> Gate:
    """Open a gate to an engine; with files, for those who have a certificate."""
    words = [sys.executable, gate.__file__, socket.removeprefix("unix://")]
    process = subprocess.Popen(
        [*words, *map(str, files)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    found = Gate(name, process, int(process.stdout.readline()))
    found.follow()
    return found
