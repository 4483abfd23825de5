"""``dynbuild lock``."""

import sys

import click

from dynbuild import api
from dynbuild.cli import options
from dynbuild.cli.options import request
from dynbuild.cli.output import changes_data, changes_text, data, show, table, tell
from dynbuild.cli.progress import Color
from dynbuild.cli.project import Pairs, arguments_of, keep, load_declaration
from dynbuild.commands import lock as verb
from dynbuild.environment.model import Environment
from dynbuild.environment.project import Project, images, open_project
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import install_order
from dynbuild.steps.title import title


@click.command()
@options.config
@options.arguments
@options.accept_cache
@request(
    "--check",
    is_flag=True,
    help="Write nothing; exit with status 1 if the lock is stale.",
)
@options.dry_run
@request(
    "--show-order",
    is_flag=True,
    help="Show the install order of the lock; write nothing.",
)
@request(
    "--base",
    "base_revision",
    metavar="REV",
    help="Start from the lock at git revision REV instead of HEAD.",
)
@request(
    "--upgrade-base",
    is_flag=True,
    help="Pin the base and copied images to what their tags name now.",
)
@request(
    "--upgrade-packages",
    is_flag=True,
    help="Upgrade every declared package to the newest version that its spec allows.",
)
@request(
    "--bump",
    multiple=True,
    metavar="STAGE",
    help="Make STAGE run again although it is unchanged.",
)
@request(
    "--move",
    multiple=True,
    metavar="STAGE",
    help="Move STAGE to the back of the install order.",
)
@request(
    "--repack",
    is_flag=True,
    help="Renumber all steps from seq 1, after showing what that costs.",
)
@request(
    "--merge",
    "merging",
    nargs=3,
    metavar="BASE OURS THEIRS",
    help="Merge three lock files into OURS; git's merge driver is `--merge %O %A %B`.",
)
@request(
    "--path",
    default="dynbuild.lock",
    metavar="PATH",
    help="With --merge: name the lock's path in the repository, git's %P.  "
    "[default: dynbuild.lock]",
)
@options.as_json
@options.color
def lock(  # noqa: PLR0913 - one parameter a flag
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    check: bool,
    dry_run: bool,
    show_order: bool,
    base_revision: str | None,
    upgrade_base: bool,
    upgrade_packages: bool,
    bump: tuple[str, ...],
    move: tuple[str, ...],
    repack: bool,
    merging: tuple[str, str, str] | None,
    path: str,
    as_json: bool,
    color: Color,
) -> int:
    """Update dynbuild.lock to match the declaration.

    Shows what changed. Commit the lock together with the declaration.

    Starts from the lock that is committed at HEAD, so that several runs during one edit
    give the same lock as a single run. Without git, starts from the file.
    """
    lock_options = verb.LockOptions(
        base_revision, upgrade_base, upgrade_packages, bump, move, repack
    )
    if merging is not None:
        # Seldom needed.
        from dynbuild.cli.commands.lock_merge import merge_files  # noqa: PLC0415

        if check or dry_run or show_order or lock_options != verb.LockOptions():
            message = "--merge writes the merged lock, whatever else is asked of `lock`"
            hint = "leave out the other flags"
            raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
        return merge_files(merging, path)
    _refuse_contradictions(
        lock_options, check=check, show_order=show_order, dry_run=dry_run
    )
    project = open_project(config, lock_alone=show_order)
    if show_order:
        _show_order(verb.frozen(project.locks), as_json=as_json)
        return 0
    recorded = verb.recorded(project.locks)
    loaded = load_declaration(project, arguments_of(expressions, texts), recorded)
    if check:
        locked = verb.check(loaded, project.files, project.locks, images)
    else:
        locked = api.lock(loaded, Environment(project), lock_options, dry_run=True)
        if repack:
            _tell_price(project, locked)
        # Write the lock before the output: the reader of a pipe may be gone.
        if locked.text is not None and not dry_run:
            project.locks.write(locked.text)
    show(locked.warnings, color)
    if as_json:
        data(
            {
                "up_to_date": locked.text is None,
                "changes": changes_data(locked.changes),
            }
        )
    if check:
        status = _tell_check(project, locked, as_json=as_json)
        if not (status or as_json or locked.warnings):
            keep(project, "", f"{project.place.lock} is up to date\n")
        return status
    _tell(project, locked, dry_run=dry_run, as_json=as_json)
    return 0


def _tell_price(project: Project, locked: verb.Locked) -> None:
    """Show the cost before the lock is written; imported only when needed."""
    from dynbuild.cli.commands.lock_price import price_of  # noqa: PLC0415

    price = price_of(project, locked.lock)
    if price is not None:
        tell(price)


def _refuse_contradictions(
    lock_options: verb.LockOptions, *, check: bool, show_order: bool, dry_run: bool
) -> None:
    writes = lock_options != verb.LockOptions()
    names = [
        name
        for name, is_set in (
            ("--check", check),
            ("--show-order", show_order),
            ("--dry-run", dry_run),
        )
        if is_set
    ]
    if len(names) > 1 or (writes and (check or show_order)):
        flags = (
            " and ".join(names[:2]) if len(names) > 1 else f"{names[0]} and a change"
        )
        raise DeclarationError(
            Diagnostic(
                "DB0317",
                f"{flags} contradict one another",
                hint="--check and --show-order only read; --dry-run shows what the "
                "other flags would do",
            )
        )


def _tell(
    project: Project, locked: verb.Locked, *, dry_run: bool, as_json: bool
) -> None:
    name = project.place.lock
    if locked.text is None:
        tell(f"{name} is up to date")
        return
    if locked.changes and not as_json:
        sys.stdout.write(changes_text(locked.changes) + "\n")
    tell(f"{name} would change" if dry_run else f"wrote {name}")


def _tell_check(project: Project, locked: verb.Locked, *, as_json: bool) -> int:
    name = project.place.lock
    if locked.text is None:
        tell(f"{name} is up to date")
        return 0
    if locked.changes and not as_json:
        sys.stdout.write(changes_text(locked.changes) + "\n")
    tell(f"{name} is stale: run `dynbuild lock`, review and commit its change")
    return 1


def _show_order(lock_: Lock, *, as_json: bool) -> None:
    order = install_order(lock_)
    if as_json:
        data(
            [
                {
                    "step": placed.id,
                    "seq": placed.seq,
                    "title": title(placed.step),
                    "stands_on": list(placed.on),
                    "live": placed.live,
                    "build_only": not placed.linked,
                }
                for placed in order
            ]
        )
        return
    rows = [("seq", "step", "what", "stands on")]
    for placed in order:
        step_title = title(placed.step)
        marks = ["live"] * placed.live + ["build only"] * (not placed.linked)
        what = "" if step_title == placed.id else step_title
        rows.append(
            (
                str(placed.seq),
                placed.id,
                ", ".join([*([what] if what else []), *marks]),
                ", ".join(placed.on) or "the base",
            )
        )
    sys.stdout.write(table(rows) + "\n")
