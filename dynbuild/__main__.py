"""The program's entry; ``--version`` is answered before anything else is imported."""

import os
import sys

from dynbuild.version import __version__

REPEATABLE = ("check", "eval", "lock")
"""The commands that are answered at once where nothing has changed since."""


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        _main()
    except KeyboardInterrupt:
        # It came while modules were imported: later the command line says so itself.
        sys.stderr.write("interrupted\n")
        sys.exit(130)


def _main() -> None:
    if sys.argv[1:] in (["--version"], ["-V"]) and _said(f"dynbuild {__version__}\n"):
        return
    if _is_repeatable(sys.argv[1:]):
        from dynbuild.project.cache.replay import replay  # noqa: PLC0415

        if replay(sys.argv[1:], os.environ):
            return
    from dynbuild.cli.main import run  # noqa: PLC0415

    sys.exit(run(sys.argv[1:]))


def _said(text: str) -> bool:
    """Whether somebody took it; else the command as a whole tells what is wrong."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, AttributeError):
        return False
    return True


def _is_repeatable(words: list[str]) -> bool:
    if words[:1] == ["realize"]:
        return "--print" in words
    return bool(words) and words[0] in REPEATABLE


if __name__ == "__main__":
    main()
