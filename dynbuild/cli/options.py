"""Options that commands share; every one has a DYNBUILD_* variable."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])


def option(*names: str, **settings: Any) -> Callable[[_F], _F]:  # noqa: ANN401
    """A click option whose variable is DYNBUILD_ and its long name."""
    long = next(name for name in names if name.startswith("--"))
    variable = long.split("/")[0].lstrip("-").upper().replace("-", "_")
    return click.option(*names, envvar=f"DYNBUILD_{variable}", **settings)


config = option(
    "-c",
    "--config",
    "-f",
    "--file",
    "config",
    metavar="FILE",
    help="The declaration; else dynbuild.toml, .json or .yaml here or above.",
)
as_json = option("--json", "as_json", is_flag=True, help="Write JSON to stdout.")
color = option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colour on a terminal only, always, or never.",
)
