"""The program's entry; ``--version`` is answered before anything else is imported."""

import sys

from dynbuild import __version__


def main() -> None:
    """Run the command line and exit with its status."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"dynbuild {__version__}\n")
        return
    from dynbuild.cli.main import run  # noqa: PLC0415

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
