"""The command line: the table of commands, and the exit status of each outcome."""

import errno
import gc
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

from dynbuild.cli.output import show, tell
from dynbuild.collector import UNCOLLECTED
from dynbuild.errors import (
    DeclarationError,
    Diagnostic,
    DynbuildError,
    did_you_mean,
)
from dynbuild.version import __version__

INTERRUPTED = 130
_UNUSABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR}
_ENDS = (signal.SIGTERM, signal.SIGHUP)

# Each command is imported when it is called: `dynbuild lock --check` must not wait for
# imports that only a build needs.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("init.init", "Write a declaration to start from; --from Dockerfile."),
    "lock": ("lock.lock", "Update dynbuild.lock to match the declaration."),
    "realize": ("realize.realize", "Build the image that the lock describes."),
    "build": ("realize.build", "Update the lock, then build the image."),
    "why": ("why.why", "Explain what would run, and why, without building anything."),
    "diff": (
        "diff.diff",
        "Show what a change of the lock reruns, and what that costs.",
    ),
    "compare": (
        "compare.compare",
        "Compare the image with that of a Dockerfile, or with another one.",
    ),
    "verify": (
        "verify.verify",
        "Run steps twice, and list what they do not write the same.",
    ),
    "blame": ("blame.blame", "List the commits that moved or changed a stage."),
    "graph": ("graph.graph", "Draw the steps of the lock and what each stands on."),
    "status": ("status.status", "Show which steps of the lock each cache tier holds."),
    "packages": (
        "packages.packages",
        "List what the image has installed, and the step that brought it.",
    ),
    "outdated": (
        "outdated.outdated",
        "List the images and packages that have newer versions.",
    ),
    "cache": ("cache.cache", "List, verify, push and pull what the cache tiers hold."),
    "clean": ("clean.clean", "Remove from the cache tiers what is no longer used."),
    "key": ("key.key", "Create keys that sign what is shared."),
    "trust": ("trust.trust", "Accept the caches that the declaration names."),
    "check": ("check.check", "Check the declaration without building anything."),
    "eval": (
        "evaluate.evaluate",
        "Evaluate a file or an expression, and print its value.",
    ),
    "repl": ("repl.repl", "Evaluate expressions line by line."),
    "fmt": ("fmt.fmt", "Format .nix files."),
    "lsp": ("lsp.lsp", "Serve an editor: the Language Server Protocol."),
    "completion": (
        "completion.completion",
        "Print what lets a shell complete commands and stages.",
    ),
    "schema": ("schema.schema", "Print the JSON schema of declarations, for editors."),
}


_ELSEWHERE: Mapping[str, str] = {
    "add": "`apt_packages` and the like in the declaration, then `dynbuild lock`",
    "develop": "`dynbuild realize --shell STAGE`",
    "explain": "`dynbuild why`",
    "gc": "`dynbuild clean`",
    "help": "`dynbuild --help`",
    "install": "`dynbuild build -t NAME`",
    "prune": "`dynbuild clean`",
    "push": "`dynbuild realize --push -t HOST/NAME`",
    "shell": "`dynbuild realize --shell STAGE`",
    "show": "`dynbuild graph`",
    "sync": "`dynbuild build -t NAME`",
    "tree": "`dynbuild graph`",
    "update": "`dynbuild lock --upgrade-packages`",
    "upgrade": "`dynbuild lock --upgrade-packages`",
    "version": "`dynbuild --version`",
}
"""What commands of other tools are here."""

_EPILOG = """\
\b
Exit status:
  0    Success.
  1    Expected failure, such as a failed build or a stale lock.
  2    Usage error or invalid declaration.
  3    Lock conflict, or lock of a newer dynbuild.
  4    Engine or required tier unreachable.
  130  Interrupted.

Every setting has an environment variable: --no-cache is DYNBUILD_NO_CACHE. Options
for a single run, such as --bump, --repack and --dry-run, have none.

Run `dynbuild COMMAND --help` for the options of a command.
"""


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
        imported = importlib.import_module(f"dynbuild.cli.commands.{module}")
        command: click.Command = getattr(imported, name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            meant = f"did you mean {_ELSEWHERE[name]}?" if name in _ELSEWHERE else ""
            hint = meant or did_you_mean(name, [*COMMANDS])
            known = hint or "`dynbuild --help` lists the commands"
            message = f"there is no command {name!r}"
            raise DeclarationError(Diagnostic("DB0317", message, hint=known))
        return super().resolve_command(ctx, args)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, summary) for name, (_, summary) in COMMANDS.items()]
            )


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
    epilog=_EPILOG,
)
@click.version_option(__version__, "--version", "-V", message="dynbuild %(version)s")
def dynbuild() -> None:
    """Build container images from a declaration and a lock.

    After a change, only the steps that it affects run again.

    Start with `dynbuild init`, then run `dynbuild lock` and `dynbuild realize -t NAME`.
    """
    try:
        Path.cwd()
    except FileNotFoundError:
        message = "the working directory was removed"
        hint = "change to a directory that is there"
        raise DeclarationError(Diagnostic("DB0311", message, hint=hint)) from None


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit status."""
    gc.set_threshold(UNCOLLECTED)
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
