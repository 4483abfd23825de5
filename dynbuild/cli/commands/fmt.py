"""``dynbuild fmt``."""

import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import click

from dynbuild.cli import options
from dynbuild.cli.options import request
from dynbuild.cli.output import give, show, tell
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic
from dynbuild.lang.formatting import format_source
from dynbuild.project.discovery import read_source
from dynbuild.project.writing import replace
from dynbuild.spans import Source

_DATA = frozenset((".toml", ".json", ".yaml", ".yml"))


@click.command()
@click.argument("files", nargs=-1)
@request(
    "--check",
    is_flag=True,
    help="Write nothing; exit with status 1 if a file would change.",
)
@request("--diff", is_flag=True, help="Write nothing; show what would change.")
@options.examples(
    "dynbuild fmt                     # all .nix files here and below",
    "dynbuild fmt --check             # for CI",
)
def fmt(*, files: tuple[str, ...], check: bool, diff: bool) -> int:
    """Format .nix files.

    Formats FILES, which may be directories; without FILES, all .nix files here and
    below. With -, formats standard input to standard output.

    There is one style, without options. What a file means, its comments and its
    literals stay as they are.
    """
    wrong = changed = count = 0
    for file in files or (".",):
        for name in _sources(file):
            count += 1
            try:
                changed += _format(name, check=check, diff=diff)
            except DeclarationError as error:
                show(error.diagnostics)
                wrong += 1
    if files != ("-",):
        outcome = "would change" if check or diff else "formatted"
        tell(f"{changed} of {count} file{'s' * (count != 1)} {outcome}")
    if wrong:
        return DeclarationError.exit_code
    return CommandFailed.exit_code if check and changed else 0


def _format(name: str, *, check: bool, diff: bool) -> bool:
    """Format one source; return whether formatting changes it."""
    stdin = name == "-"
    if Path(name).suffix.lower() in _DATA:
        message = f"{name} is not a .nix file, and fmt formats only those"
        hint = "format TOML, JSON and YAML with the tool that your editor uses for them"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    source = read_source(name, sys.stdin.buffer) if stdin else read_source(name)
    text = format_source(source)
    is_changed = text.encode() != _as_written(name, source)
    if diff:
        give("".join(_diff(name, source.text, text)))
    elif stdin and not check:
        give(text)
    elif is_changed and check:
        tell(f"would format {name}")
    elif is_changed:
        try:
            # A link stands for its target.
            replace(Path(name).resolve(), text)
        except OSError as error:
            reason = (error.strerror or "error").lower()
            problem = Diagnostic("DB0316", f"cannot write {name}: {reason}")
            raise CommandFailed(problem) from None
        tell(f"formatted {name}")
    return is_changed


def _as_written(name: str, source: Source) -> bytes:
    """Return the bytes of a source, with its byte order mark if it has one."""
    return source.text.encode() if name == "-" else Path(name).read_bytes()


def _diff(name: str, before: str, after: str) -> Iterator[str]:
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for line in unified_diff(*lines, name, f"{name} (formatted)"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _sources(file: str) -> list[str]:
    """Return the sources that an argument stands for: itself, or a directory's."""
    path = Path(file)
    if file == "-" or not path.is_dir():
        return [file]
    paths = (
        below
        for below in path.rglob("*.nix")
        if not any(part.startswith(".") for part in below.relative_to(path).parts)
    )
    # A link's target is formatted at its own path, if that is in the directory.
    return sorted(
        str(source) for source in paths if source.is_file() and not source.is_symlink()
    )
