"""Starting docker or cosign, reading its output, ending it with all that it started."""

import json
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from os import X_OK, access, killpg
from pathlib import Path
from typing import Protocol, TypeAlias

from dynbuild.errors import Diagnostic, UnreachableError

GRACE = 5.0
"""Seconds that a build has to end after each signal before the next, harsher one."""
_LOOK = 0.2
"""The interval, in seconds, at which ``interact`` checks whether to stop."""

OLDEST_BUILDX = (0, 13)
"""The first buildx that reports its progress as rawjson."""

_PLUGINS = tuple(
    f"/usr/{at}/docker/cli-plugins"
    for at in ("local/lib", "local/libexec", "lib", "libexec")
)
"""Plugin folders that docker searches last (docker/cli: defaultSystemPluginDirs)."""

Process: TypeAlias = subprocess.Popen[str]

HARSHER = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def docker(environment: Mapping[str, str]) -> str:
    """Return the path of the docker command. Raises UnreachableError."""
    path = shutil.which("docker", path=environment.get("PATH"))
    if path is None:
        raise UnreachableError(
            Diagnostic(
                "DB0501",
                "there is no docker command on the PATH",
                hint="install the Docker command line with its buildx plugin",
            )
        )
    return path


def _command(environment: Mapping[str, str], arguments: Sequence[str]) -> list[str]:
    """Return the command line of docker, or of its buildx plugin where that is called.

    Docker takes longer to find and start its plugin than the plugin takes for a cached
    build, and the plugin also runs standalone. A docker that is a script is kept: it
    may reach another engine than the plugin would.
    """
    command = docker(environment)
    if arguments[:1] == ["buildx"] and not _is_script(command):
        for folder in _plugin_folders(environment):
            plugin = folder / "docker-buildx"
            if plugin.is_file() and access(plugin, X_OK):
                return [str(plugin), *arguments[1:]]
    return [command, *arguments]


def _is_script(command: str) -> bool:
    try:
        with Path(command).open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return True


def _plugin_folders(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders that docker searches for plugins, in its order."""
    home = Path(environment.get("HOME") or "~").expanduser()
    config = Path(environment.get("DOCKER_CONFIG") or home / ".docker")
    with suppress(OSError, ValueError, KeyError, TypeError):
        extra = json.loads((config / "config.json").read_bytes())["cliPluginsExtraDirs"]
        yield from map(Path, extra)
    yield config / "cli-plugins"
    yield from map(Path, _PLUGINS)


def check_buildx(environment: Mapping[str, str]) -> None:
    """Raise UnreachableError if docker has no buildx, or one that is too old."""
    try:
        answer = capture(environment, ["buildx", "version"], GRACE)
    except TimedOutError:
        message = f"docker did not tell its version in {GRACE:.0f} seconds"
        raise UnreachableError(Diagnostic("DB0503", message)) from None
    version = re.search(rb"buildx v?(\d+)\.(\d+)", answer.stdout)
    if version is None:
        message = "this docker has no buildx"
    elif (int(version[1]), int(version[2])) < OLDEST_BUILDX:
        message = f"this docker's {version[0].decode()} is too old"
    else:
        return
    needed = ".".join(map(str, OLDEST_BUILDX))
    hint = f"install the docker-buildx plugin, {needed} or newer"
    raise UnreachableError(Diagnostic("DB0502", message, hint=hint))


def capture(
    environment: Mapping[str, str], arguments: Sequence[str], seconds: float
) -> subprocess.CompletedProcess[bytes]:
    """Run a short docker command to its end. Raises TimedOutError."""
    command = _command(environment, arguments)
    try:
        with _starting(command):
            return subprocess.run(  # noqa: S603 - docker itself, and no shell
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise TimedOutError from error


class TimedOutError(Exception):
    """A docker command did not end in its time."""


class StoppedError(Exception):
    """A process was ended because the user interrupted dynbuild."""


class RunningProcesses:
    """The running processes, whichever thread waits for them: one call ends all.

    ``ending`` may be set by a signal handler, so setting it takes no lock. Once it is
    set, nothing is started.
    """

    def __init__(self) -> None:
        self.ending = False
        self._lock = threading.Lock()
        self._processes: set[Process] = set()

    def stop(self, number: int) -> None:
        """Send a signal to all processes; none is started after this."""
        self.ending = True
        with self._lock:
            for process in self._processes:
                _signal(process, number)

    def pause(self, seconds: float) -> None:
        """Sleep. Raises StoppedError when the run is being stopped."""
        time.sleep(seconds)
        self.check()

    def check(self) -> None:
        if self.ending:
            raise StoppedError

    @contextmanager
    def holding(self, process: Process) -> Iterator[None]:
        """Register a process as one to be ended. Raises StoppedError."""
        with self._lock:
            self._processes.add(process)
        try:
            self.check()
            yield
            if process.returncode:
                self.check()
        finally:
            with self._lock:
                self._processes.discard(process)


class Watch(Protocol):
    """What watches a process from its begin to its end, and may end it."""

    def watch(self, process: Process) -> None:
        """Begin."""

    def off(self) -> None:
        """End; also where it has not begun."""


class Alarm:
    """Ends a process that does not get somewhere within some seconds.

    ``off`` says that it got there. ``rang`` tells whether it was ended.
    """

    def __init__(self, seconds: float) -> None:
        self.rang = False
        self._off = threading.Event()
        self._seconds = seconds

    def watch(self, process: Process) -> None:
        threading.Thread(target=self._wait, args=(process,), daemon=True).start()

    def off(self) -> None:
        self._off.set()

    def _wait(self, process: Process) -> None:
        if self._off.wait(self._seconds):
            return
        for harsher in HARSHER[1:]:
            if process.poll() is None:
                self.rang = True
            elif self._off.wait(GRACE):
                return
            # Of one that has ended, what it left behind may hold its output open.
            _signal(process, harsher)
            if self._off.wait(GRACE):
                return


def interact(
    environment: Mapping[str, str],
    arguments: Sequence[str],
    running: RunningProcesses | None,
) -> int:
    """Run docker on the terminal until the user ends it; return its exit status.

    Raises StoppedError, after killing docker, if the run is stopped meanwhile.
    """
    return converse(environment, [docker(environment), *arguments], running)


def converse(
    environment: Mapping[str, str],
    command: Sequence[str],
    running: RunningProcesses | None = None,
) -> int:
    """Run a program on the terminal, as ``interact`` does docker."""
    with (
        _starting(command),
        subprocess.Popen(command, env=environment) as process,  # noqa: S603 - no shell
    ):
        while True:
            try:
                return process.wait(_LOOK)
            except subprocess.TimeoutExpired:
                if running is not None and running.ending:
                    process.kill()
                    raise StoppedError from None


def follow(
    environment: Mapping[str, str],
    arguments: Sequence[str],
    each: Callable[[str], None],
    running: RunningProcesses | None = None,
    watches: Sequence[Watch] = (),
) -> int:
    """Run docker, pass on the lines of its stderr as they come, return its status.

    It runs in a process group of its own: the terminal's Ctrl-C reaches only dynbuild,
    which ends the whole group. However this function exits, nothing is left running.
    A worker thread passes ``running``, through which the main thread can end it.
    """
    command = _command(environment, arguments)
    return attend(environment, command, each, running, watches)


def attend(
    environment: Mapping[str, str],
    command: Sequence[str],
    each: Callable[[str], None],
    running: RunningProcesses | None = None,
    watches: Sequence[Watch] = (),
) -> int:
    """Run a program whose lines are passed on, as ``follow`` does docker."""
    with interrupts() as pending:
        with _starting(command):
            process = subprocess.Popen(  # noqa: S603 - no shell
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                process_group=0,
            )
        with process:
            try:
                pending.release()
                with (running or RunningProcesses()).holding(process):
                    for watch in watches:
                        watch.watch(process)
                    assert process.stderr is not None
                    for line in process.stderr:
                        each(line.rstrip("\n"))
                    return process.wait()
            except BaseException:
                _end(process)
                raise
            finally:
                for watch in watches:
                    watch.off()


@contextmanager
def _starting(command: Sequence[str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{command[0]} does not run: {(error.strerror or 'error').lower()}"
        raise UnreachableError(Diagnostic("DB0501", message)) from None


def _end(process: Process) -> None:
    """End a process group; another Ctrl-C meanwhile escalates at once."""
    if process.returncode is not None:
        return
    for harsher in HARSHER:
        _signal(process, harsher)
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            # Keeps reading: a full pipe could keep the process from ending.
            process.communicate(timeout=GRACE)
            break
    _signal(process, signal.SIGKILL)  # any processes it left behind


def _signal(process: Process, number: int) -> None:
    with suppress(ProcessLookupError):
        killpg(process.pid, number)


class _Pending:
    """Signals received while the process was being started and could not be ended."""

    def __init__(self) -> None:
        self.held = True
        self.came = False

    def interrupt(self, *_: object) -> None:
        if self.held:
            self.came = True
        else:
            raise KeyboardInterrupt

    def release(self) -> None:
        self.held = False
        if self.came:
            raise KeyboardInterrupt


@contextmanager
def interrupts() -> Iterator[_Pending]:
    """Handle SIGTERM and a closed terminal like Ctrl-C, without losing any signal."""
    pending = _Pending()
    with heeding(pending.interrupt):
        yield pending


@contextmanager
def heeding(interrupt: Callable[..., None]) -> Iterator[None]:
    """Call ``interrupt`` on the signals that ask a program to end.

    Signals that are ignored (after nohup, say) stay ignored. Handlers can be set only
    in the main thread; in any other this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _INTERRUPTS}
    heeded = {n: handler for n, handler in before.items() if handler != signal.SIG_IGN}
    for number in heeded:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in heeded.items():
            signal.signal(number, handler)
