"""``dynbuild blame``."""

import sys

import click

from dynbuild.cli import options
from dynbuild.cli.completion import stages
from dynbuild.cli.images import with_image
from dynbuild.cli.output import change_row, changes_data, data, table, tell
from dynbuild.commands.blame import blamed
from dynbuild.commands.lock import held_by
from dynbuild.environment.project import open_project
from dynbuild.explain.blame import Blamed

_ABBREVIATED = 10


@click.command()
@click.argument("stage", shell_complete=stages)
@options.as_json
@options.config
@options.examples(
    "dynbuild blame app",
)
def blame(*, stage: str, config: str | None, as_json: bool) -> int:
    """List the commits that moved or changed a stage.

    Shows the latest first, and follows renames back to the commit that added the stage.
    Changes of the lock file that are not committed yet come before all commits.
    """
    project = open_project(config, lock_alone=True)
    if project.locks.read() is not None:
        ((image, stage),) = with_image(held_by(project.locks), [stage])
        project = project.of_image(image)
    commits = list(blamed(stage, project.locks, project.locks))
    if as_json:
        data([_data(commit) for commit in commits])
    elif commits:
        sys.stdout.write(
            table([row for commit in commits for row in _rows(commit)]) + "\n"
        )
    else:
        tell(f"no commit that git has here tells of {stage!r}: the history is shallow")
    return 0


def _rows(entry: Blamed) -> list[tuple[str, ...]]:
    """Return one row per change, with the commit on the first."""
    commit = entry.commit
    shown = (commit.id[:_ABBREVIATED], commit.date[:10], commit.author, commit.subject)
    rows: list[tuple[str, ...]] = []
    for index, change in enumerate(entry.changes):
        mark, _, name, seq, details = change_row(change)
        rows.append((*(shown if index == 0 else ("",) * 4), mark, name, seq, details))
    return rows


def _data(entry: Blamed) -> dict[str, object]:
    commit = entry.commit
    return {
        "commit": commit.id or None,
        "author": commit.author or None,
        "date": commit.date or None,
        "subject": commit.subject if commit.id else None,
        "changes": changes_data(entry.changes),
    }
