"""``dynbuild key``."""

import os
from pathlib import Path

import click

from dynbuild.cli.options import request
from dynbuild.cli.output import tell
from dynbuild.declaration.grammar import KEY_NAME, matches


@click.group()
def key() -> None:
    """Make keys that sign what is shared, so that others can trust it."""


@key.command()
@click.argument("name")
@request(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    help="The file of the secret key; else keys/NAME.secret in the configuration.",
)
def new(name: str, path: str | None) -> int:
    """Make a key: a file for whoever signs, and a public key to declare, printed.

    NAME tells keys apart: who has it, and a number for the next one, as in example-1.
    """
    # The library is slow to import, and other commands do not need it.
    from dynbuild.tiers.keys import FILE, new_key  # noqa: PLC0415

    if not matches(KEY_NAME, name):
        message = f"{name!r} is no name of a key: letters, digits, . _ and -"
        raise click.BadParameter(message, param_hint="NAME")
    place = Path(path) if path is not None else _folder() / f"{name}.secret"
    public = new_key(name, place)
    try:
        click.echo(str(public))
    except OSError:
        # A secret key whose public key nobody saw is useless, and in the way.
        place.unlink(missing_ok=True)
        raise
    tell(f"wrote the secret key to {place}: {FILE} signs with it")
    return 0


def _folder() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home).expanduser() / "dynbuild" / "keys"
