"""The command line: the table of commands, and the exit status of each outcome."""

import errno
import importlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import click

from dynbuild import __version__
from dynbuild.cli.output import show, tell
from dynbuild.errors import DeclarationError, Diagnostic, DynbuildError

INTERRUPTED = 130
_UNUSABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR}
_ENDS = (signal.SIGTERM, signal.SIGHUP)

# Each command is imported when it is called: `dynbuild lock --check` must not wait for
# imports that only a build needs.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("init.init", "Write a declaration to start from."),
    "lock": ("lock.lock", "Bring dynbuild.lock to what the declaration says."),
    "realize": ("realize.realize", "Make the image that the lock describes."),
    "build": ("realize.build", "lock and realize in one."),
    "why": ("why.why", "Explain what would run, and why; build nothing."),
    "diff": ("diff.diff", "Tell what a change of the lock does, and what it costs."),
    "blame": ("blame.blame", "Tell the commits that moved or changed a stage."),
    "graph": ("graph.graph", "Draw what stands on what: text, SVG, a page, and more."),
    "status": ("status.status", "Show which steps of the lock the store holds."),
    "outdated": ("outdated.outdated", "Tell what has newer versions by now."),
    "cache": ("cache.cache", "See what the tiers hold; push, pull and verify it."),
    "clean": ("clean.clean", "Remove from the tiers what nobody uses."),
    "key": ("key.key", "Make keys that sign what is shared."),
    "trust": ("trust.trust", "Accept the caches that a declaration names."),
    "check": ("check.check", "Tell every mistake of the declaration; build nothing."),
    "eval": ("evaluate.evaluate", "Evaluate an expression of the language."),
    "fmt": ("fmt.fmt", "Format sources of the language."),
    "schema": ("schema.schema", "Write the JSON schema of declarations."),
}


class _Commands(click.Group):
    """A group whose commands are imported only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(".")
        found = importlib.import_module(f"dynbuild.cli.{module}")
        command: click.Command = getattr(found, name)
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
    epilog="Exit status: 0 ok, 1 an expected failure (build failed, lock stale), 2 "
    "usage or declaration, 3 lock conflict or newer lock, 4 engine unreachable, 130 "
    "interrupted. Every setting has a variable: --no-cache is DYNBUILD_NO_CACHE. What "
    "is asked of one run (--bump, --repack, --print) has none.",
)
@click.version_option(__version__, "--version", "-V", message="dynbuild %(version)s")
def dynbuild() -> None:
    """Container images from a declaration and a lock.

    A change runs again only what it changed and what depends on it.

    Start with `dynbuild init`, then `dynbuild lock` and `dynbuild realize -t NAME`.
    """
    try:
        Path.cwd()
    except FileNotFoundError:
        message = "the working directory was removed"
        hint = "change to a directory that is there"
        raise DeclarationError(Diagnostic("DB0311", message, hint=hint)) from None


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit status."""
    try:
        _prepare_streams()
        with _interrupts():
            status = _run(arguments)
            sys.stdout.flush()
            return status
    except (KeyboardInterrupt, click.Abort):
        return _ended("interrupted", INTERRUPTED)
    except OSError as error:
        _drop(sys.stdout)
        reason = (error.strerror or "error").lower()
        text = f"error[DB0316]: {error.filename or 'stdout'}: {reason}"
        return _ended(text + _places(error), 1)


def _run(arguments: list[str]) -> int:
    try:
        status = dynbuild.main(arguments, "dynbuild", standalone_mode=False)
    except DynbuildError as error:
        show(error.diagnostics)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Exception as error:
        # Imported only when needed.
        from dynbuild.cli.edges import explained  # noqa: PLC0415

        ended = explained(error)
        if ended is None:
            raise
        show(ended.diagnostics)
        return ended.exit_code
    return status if isinstance(status, int) else 0


def _places(error: OSError) -> str:
    """Return a hint about the store and the state, if one of them may be unusable."""
    if error.errno not in _UNUSABLE or not error.filename:
        return ""
    return (
        "\n  hint: your user has to be able to read and write it; "
        "CACHE_LOCAL_PATH says where\n"
        "        the store is, XDG_STATE_HOME where consents and the history are"
    )


def _ended(text: str, status: int) -> int:
    try:
        tell(text)
    except OSError:
        _drop(sys.stderr)
    return status


def _drop(stream: TextIO) -> None:
    """Redirect a broken stream to /dev/null, for Python's flush at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _prepare_streams() -> None:
    """Write UTF-8 in every locale; make writing to a closed stdout fail."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A file name may not be valid text.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


@contextmanager
def _interrupts() -> Iterator[None]:
    """Make SIGTERM and a closed terminal interrupt like Ctrl-C, so cleanup runs.

    Signals that are ignored (after nohup, say) stay ignored.
    """
    before = {number: signal.getsignal(number) for number in _ENDS}
    heeded = [number for number in _ENDS if before[number] != signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])
