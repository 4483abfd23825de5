"""Commands as processes of their own, forked where all modules are imported already.

Most commands of tests are short: Python's start and imports are most of what they
take. A server that has one thread alone waits with all of it done, and is forked for
each command, which has its own directory, environment, streams and end.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import pkgutil
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from multiprocessing import get_context
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

import dynbuild
from dynbuild.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.context import ForkProcess
    from pathlib import Path

_MOST = 200_000
"""Bytes of a request: a packet, which the kernel takes as a whole."""

_NUMBER = struct.Struct("i")

_NEVER_MIND = ("PYTHONDONTWRITEBYTECODE", "PYTHONFAULTHANDLER", "PYTHONUNBUFFERED")
"""Variables of Python that change nothing of what tests see of a command."""

_lock = threading.Lock()
_servers: dict[frozenset[tuple[str, str]], socket.socket] = {}


class Hangs(Exception):  # noqa: N818 - what it does
    """A command did not end; what it wrote meanwhile, after it was aborted."""


def fits(environment: Mapping[str, str]) -> bool:
    """Whether a fork is what a new process would be: Python's start decides nothing."""
    ours = _of_start(os.environ)
    # Projects of tests without an engine are given LANG of all these.
    language = {pair for pair in ours if pair[0] == "LANG"}
    return _of_start(environment) in (ours, language)


def run(
    words: Sequence[str], cwd: Path, environment: Mapping[str, str], longest: float
) -> tuple[int, str, str]:
    """Return the exit status of ``dynbuild`` with words, and what it wrote."""
    request = json.dumps([[*words], str(cwd), dict(environment)]).encode()
    assert len(request) < _MOST, "no packet holds it"
    with ExitStack() as ours, ExitStack() as theirs:
        end, reports = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.enter_context(end)
        theirs.enter_context(reports)
        nothing = theirs.enter_context(open(os.devnull, "rb"))  # noqa: PTH123 - no path
        streams, fds = [], [nothing.fileno()]
        for _ in range(2):
            read, write = os.pipe()
            streams.append(ours.enter_context(os.fdopen(read, "rb", buffering=0)))
            fds.append(theirs.enter_context(os.fdopen(write, "wb")).fileno())
        socket.send_fds(
            _server(_of_start(environment)), [request], [*fds, reports.fileno()]
        )
        theirs.close()
        (pid,) = _NUMBER.unpack(end.recv(_NUMBER.size))
        written: dict[int, bytearray] = {s.fileno(): bytearray() for s in streams}
        if not _read(written, longest):
            os.kill(pid, signal.SIGABRT)
            held = "" if _read(written, 20) else "what it started holds its pipes"
            raise Hangs(f"{words}\n{bytes(written[streams[1].fileno()])!r}\n{held}")
        end.settimeout(longest)
        (status,) = _NUMBER.unpack(end.recv(_NUMBER.size))
        out, err = (io.TextIOWrapper(io.BytesIO(w)).read() for w in written.values())
        return status, out, err


def _read(written: dict[int, bytearray], longest: float) -> bool:
    """Read until all streams are at their end; false if they are not after seconds."""
    deadline = time.monotonic() + longest
    with selectors.DefaultSelector() as selector:
        for stream in written:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(deadline - time.monotonic())
            if not ready and time.monotonic() >= deadline:
                return False
            for key, _ in ready:
                if data := os.read(key.fd, 1 << 16):
                    written[key.fd] += data
                else:
                    selector.unregister(key.fd)
    return True


def _of_start(variables: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """What Python reads when it starts, and that counts here."""
    names = ("PYTHON", "LANG", "LC_")
    return frozenset(
        (name, value)
        for name, value in variables.items()
        if name.startswith(names) and name not in _NEVER_MIND
    )


def _server(start: frozenset[tuple[str, str]]) -> socket.socket:
    with _lock:
        if start not in _servers:
            other = {name for name, _ in _of_start(os.environ) - start}
            kept = {k: v for k, v in os.environ.items() if k not in other}
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, __file__, str(theirs.fileno())],
                    env={**kept, "PYTHONFAULTHANDLER": "1"},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
            atexit.register(process.wait)
            atexit.register(ours.close)
            _servers[start] = ours
        return _servers[start]


def _serve(door: socket.socket) -> None:
    """Be forked for each request, until nobody is there to make one."""
    for module in pkgutil.walk_packages(dynbuild.__path__, "dynbuild."):
        importlib.import_module(module.name)
    gc.freeze()
    running: dict[int, tuple[ForkProcess, int]] = {}
    while True:
        for ready in wait([door, *running]):
            if isinstance(ready, int):
                process, report = running.pop(ready)
                process.join()
                # Of one that hung nobody waits for more.
                with suppress(BrokenPipeError):
                    os.write(report, _NUMBER.pack(process.exitcode or 0))
                os.close(report)
                continue
            request, fds, _, _ = socket.recv_fds(door, _MOST, 4)
            if not request:
                return
            *streams, report = fds
            arguments = (*json.loads(request), streams)
            process = get_context("fork").Process(target=_command, args=arguments)
            process.start()
            for stream in streams:
                os.close(stream)
            os.write(report, _NUMBER.pack(process.pid or 0))
            running[process.sentinel] = process, report


def _command(
    words: list[str], cwd: str, environment: dict[str, str], streams: list[int]
) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # Anew, for they are of another kind: a pipe cannot seek, say.
    for name, number in (("stdout", 1), ("stderr", 2)):
        old = getattr(sys, name)
        new = os.fdopen(number, "w", encoding=old.encoding, errors=old.errors)
        new.reconfigure(line_buffering=old.line_buffering)
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv[1:] = words
    main()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as own:
        _serve(own)
