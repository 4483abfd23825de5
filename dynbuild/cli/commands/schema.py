"""``dynbuild schema``."""

import click

from dynbuild.cli.output import data
from dynbuild.declaration.editors import json_schema


@click.command()
def schema() -> None:
    """Print the JSON schema of declarations, for editors."""
    data(json_schema())
