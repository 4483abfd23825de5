"""``dynbuild key``."""

import os
from pathlib import Path

import click

from dynbuild.cli import options
from dynbuild.cli.options import request
from dynbuild.cli.output import tell
from dynbuild.declaration.grammar import KEY_NAME, matches


@click.group()
def key() -> None:
    """Create keys that sign what is shared.

    Others can then trust what the owner of a key has built.
    """


@key.command()
@click.argument("name")
@request(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    help="Write the secret key to FILE.  [default: keys/NAME.secret in the "
    "configuration directory, ~/.config/dynbuild]",
)
@options.examples(
    "dynbuild key new example-1",
)
def new(name: str, path: str | None) -> int:
    """Create a signing key.

    Writes the secret key to a file, for whoever signs, and prints the public key, which
    goes into the declaration.

    NAME tells keys apart: use the owner and a number that grows, such as example-1.
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
