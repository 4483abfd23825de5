"""``dynbuild diff``."""

from pathlib import Path

import click

from dynbuild.cli import options
from dynbuild.cli.options import request
from dynbuild.cli.output import data, give, say, tell
from dynbuild.cli.render.diff_markdown import diff_markdown
from dynbuild.cli.render.diff_text import diff_data, diff_text
from dynbuild.cli.render.lock_text import lock_text
from dynbuild.cli.store import looked_up, tiers_in
from dynbuild.commands import diff as verb
from dynbuild.environment.project import open_project
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.project.locks import LockFile

_MOST = 2


@click.command()
@click.argument("sides", nargs=-1, metavar="[BEFORE] [AFTER]")
@options.config
@options.accept_cache
@options.platform("linux/amd64 if both locks have it")
@request(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    help="Select the output format; markdown is a pull request comment with a "
    "diagram.  [default: text]",
)
@request("--markdown", is_flag=True, help="Write Markdown; same as --format markdown.")
@options.as_json
@request("--exit-code", is_flag=True, help="Exit with status 1 if the locks differ.")
@request(
    "--textconv",
    metavar="FILE",
    help="Write the lock FILE in install order, for `git diff`; compare nothing.",
)
def diff(  # noqa: PLR0913 - one parameter a flag
    *,
    sides: tuple[str, ...],
    config: str | None,
    platform: str | None,
    form: str,
    markdown: bool,
    as_json: bool,
    exit_code: bool,
    textconv: str | None,
) -> int:
    """Show what a change of the lock reruns, and what that costs.

    BEFORE and AFTER are git revisions or lock files. BEFORE defaults to the lock at
    HEAD, AFTER to the lock file of the project.

    Times come from earlier runs, and tiers are those known here. All else comes from
    the two locks.
    """
    if textconv is not None:
        give(lock_text(textconv))
        return 0
    if len(sides) > _MOST:
        message = f"{len(sides)} locks to compare"
        hint = "name one or two: revisions of git, or files"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    before, after, look_up = _sides(sides, config)
    difference = verb.compared(before, after, platform, look_up)
    if before.lock is None:
        tell(f"no lock is committed at {before.name}: all of it is new")
    if as_json or form == "json":
        data(diff_data(difference))
    elif markdown or form == "markdown":
        give(diff_markdown(difference))
    elif difference.changes or difference.runs:
        say(diff_text(difference))
    else:
        tell(f"{before.name} and {after.name} have the same lock")
    return int(exit_code and bool(difference.changes))


def _sides(
    names: tuple[str, ...], config: str | None
) -> tuple[verb.Side, verb.Side, verb.LookUp]:
    first, second = (*names, None, None)[:2]
    if first and second and Path(first).is_file() and Path(second).is_file():
        # Two files need no project.
        sides = [verb.of_file(LockFile(Path(x), x), x) for x in (first, second)]
        return sides[0], sides[1], looked_up(None, tiers_in(None))
    project = open_project(config, lock_alone=True)

    def side(name: str) -> verb.Side:
        if Path(name).is_file():
            return verb.of_file(LockFile(Path(name), name), name)
        return verb.of_revision(project.locks, name)

    before = side(first or "HEAD")
    after = side(second) if second else verb.of_file(project.locks, project.place.lock)
    return before, after, looked_up(project, tiers_in(project))
