"""The options that say how much steps may take: at once, and of time."""

import click

from dynbuild.cli.options import option
from dynbuild.steps.limits import OF_PACKAGES, is_duration


def _duration(_: click.Context, __: click.Parameter, value: str) -> str:
    if not is_duration(value):
        raise click.BadParameter(f"{value[:40]!r} is no time, such as 90m or 1h30m")
    return value


LIMITS = (
    option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Run at most N steps at once on each builder.  [default: one per "
        "processor, at least 4]",
    ),
    option(
        "--package-timeout",
        callback=_duration,
        default=OF_PACKAGES,
        show_default=True,
        metavar="TIME",
        help="End a package group that takes longer.",
    ),
)
