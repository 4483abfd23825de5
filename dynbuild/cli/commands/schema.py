"""``dynbuild schema``."""

import click

from dynbuild.cli import options
from dynbuild.cli.output import data
from dynbuild.declaration.editors import json_schema


@click.command()
@options.examples(
    "dynbuild schema > dynbuild.schema.json",
)
def schema() -> None:
    """Print the JSON schema of declarations, for editors."""
    data(json_schema())
