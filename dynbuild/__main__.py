"""The program's entry; ``--version`` is answered before anything else is imported."""

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from importlib.metadata import version  # noqa: PLC0415

        sys.stdout.write(f"dynbuild {version('dynbuild')}\n")
        return
    from dynbuild.cli.main import run  # noqa: PLC0415

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
