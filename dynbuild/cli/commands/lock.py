"""``dynbuild lock``."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from dynbuild import api
from dynbuild.cli import options
from dynbuild.cli.arguments import arguments_of
from dynbuild.cli.commands.lock_settings import LockSettings
from dynbuild.cli.commands.realize_settings import resolving_options, without_image
from dynbuild.cli.completion import stages
from dynbuild.cli.images import ChosenImage, every_image
from dynbuild.cli.options import request
from dynbuild.cli.output import changes_data, changes_text, data, show, table, tell
from dynbuild.cli.project import Fresh, keep, load_declaration, note_written
from dynbuild.commands import lock as verb
from dynbuild.commands.lock_requests import NO_OPTIONS, LockOptions
from dynbuild.commands.lock_warnings import OUTGROWN
from dynbuild.environment.model import Environment
from dynbuild.environment.project import Project, images, open_project
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lockfile.images import ONLY, as_images
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.steps.title import title

if TYPE_CHECKING:
    from dynbuild.declaration.loaded import Loaded


@click.command()
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
    "--upgrade-base",
    is_flag=True,
    help="Pin the base and copied images to what their tags name now.",
)
@request(
    "--upgrade-packages",
    is_flag=True,
    help="Upgrade every declared package to the newest version that its spec allows, "
    "and what is newer of apt's others.",
)
@request(
    "--upgrade-package",
    "-P",
    multiple=True,
    metavar="NAME",
    help="Upgrade the package NAME to the newest that its spec allows; or of apt one "
    "that nobody declares and `outdated` lists. Repeatable.",
)
@request(
    "--security",
    is_flag=True,
    help="Upgrade the packages of apt that have a newer fix of security, declared or "
    "not, no others; what is installed has to be built to be known.",
)
@request(
    "--upgrade-add",
    is_flag=True,
    help="Ask again for the content of every address that stages add.",
)
@request(
    "--resolve",
    is_flag=True,
    help="Install new packages, and write down the versions of apt, pip and npm; "
    "--jobs and the options after it are for this.",
)
@request(
    "--bump",
    multiple=True,
    metavar="STAGE",
    shell_complete=stages,
    help="Make STAGE run again although it is unchanged; or IMAGE/STAGE.",
)
@request(
    "--move",
    multiple=True,
    metavar="STAGE",
    shell_complete=stages,
    help="Move STAGE to the back of the install order.",
)
@request(
    "--repack",
    is_flag=True,
    help="Renumber all steps from seq 1, after showing what that costs.",
)
@request(
    "--base",
    "base_revision",
    metavar="REV",
    help="Start from the lock at git revision REV instead of HEAD.",
)
@options.as_json
@options.color
@options.config
@options.arguments
@options.accept_cache
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
@resolving_options
@options.settings(LockSettings)
@options.examples(
    "dynbuild lock                    # after each edit; commit what it wrote",
    "dynbuild lock --upgrade-base     # the newest image of the base's tag",
    "dynbuild lock -P curl -P jq      # the newest version of two packages",
    "dynbuild lock --security         # what has a fix of security, and no more",
)
def lock(settings: LockSettings) -> int:
    """Update dynbuild.lock to match the declaration.

    Shows what changed. Commit the lock together with the declaration.

    Starts from the lock that is committed at HEAD, so that several runs during one edit
    give the same lock as a single run. Without git, starts from the file.
    """
    lock_options = LockOptions(
        settings.base_revision,
        settings.upgrade_base,
        # Of all packages those that have a fix, if only these are asked for.
        settings.upgrade_packages and not settings.security,
        settings.bump,
        settings.move,
        settings.repack,
        settings.upgrade_add,
        settings.upgrade_package,
    )
    if settings.merging is not None:
        # Seldom needed.
        from dynbuild.cli.commands.lock_merge import merge_files  # noqa: PLC0415

        others = (settings.check, settings.dry_run, settings.show_order)
        if any(others) or settings.writes or lock_options != NO_OPTIONS:
            message = "--merge writes the merged lock, whatever else is asked of `lock`"
            hint = "leave out the other flags"
            raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
        return merge_files(settings.merging, settings.path)
    _refuse_contradictions(
        writes=settings.writes or lock_options != NO_OPTIONS,
        check=settings.check,
        show_order=settings.show_order,
        dry_run=settings.dry_run,
    )
    project = open_project(settings.config, lock_alone=settings.show_order)
    if settings.show_order:
        every = every_image(project, verb.held_by(project.locks))
        _show_orders(every, as_json=settings.as_json)
        return 0
    recorded = verb.recorded(project.locks)
    arguments = arguments_of(settings.expressions, settings.texts)
    loaded = load_declaration(project, arguments, recorded)
    if settings.check:
        locked = verb.check(loaded, project.files, project.locks, images)
    else:
        locked = _locked(project, loaded, lock_options, settings)
        # Write the lock before the output: the reader of a pipe may be gone.
        if locked.text is not None and not settings.dry_run:
            project.locks.write(locked.text)
        if not settings.dry_run:
            quiet = not (locked.warnings or loaded.declaration.lock.resolve)
            fresh = Fresh(loaded.declaration.cache.model_dump_json(), quiet)
            written = (settings.expressions, settings.texts)
            note_written(project, written, fresh, locked.text)
    show(locked.warnings, settings.color)
    if settings.as_json:
        data(
            {
                "up_to_date": locked.text is None,
                "changes": changes_data(locked.changes),
            }
        )
    if settings.check:
        status = _tell_check(project, locked, as_json=settings.as_json)
        if not (status or settings.as_json or locked.warnings):
            keep(project, "", f"{project.place.lock} is up to date\n")
        return status
    _tell(project, locked, dry_run=settings.dry_run, as_json=settings.as_json)
    return 0


def _locked(
    project: Project,
    loaded: "Loaded",
    lock_options: LockOptions,
    settings: LockSettings,
) -> verb.Locked:
    """Return the lock that is asked for, with versions if these are."""
    if settings.security or settings.upgrade_packages or settings.upgrade_package:
        # Seldom needed.
        from dynbuild.cli.commands.lock_newer import with_newer  # noqa: PLC0415

        lock_options = with_newer(project, loaded, lock_options, settings)
    locked = api.lock(loaded, Environment(project), lock_options, dry_run=True)
    outgrown = any(one.code == OUTGROWN for one in locked.warnings)
    # Imported only when needed.
    if settings.repack or outgrown:
        from dynbuild.cli.commands.lock_price import priced  # noqa: PLC0415

        locked = priced(project, loaded, locked, repack=settings.repack)
    if locked.text is not None and not settings.repack:
        from dynbuild.cli.commands.lock_heavy import heavy  # noqa: PLC0415

        told = heavy(project, loaded, as_images(locked.lock))
        locked = replace(locked, warnings=(*locked.warnings, *told))
    if settings.dry_run or not (settings.resolve or loaded.declaration.lock.resolve):
        return locked
    # Seldom needed.
    from dynbuild.cli.commands.lock_resolve import resolved  # noqa: PLC0415

    asked = settings.resolve
    return resolved(project, loaded, locked, without_image(settings), asked=asked)


def _refuse_contradictions(
    *, writes: bool, check: bool, show_order: bool, dry_run: bool
) -> None:
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


def _show_orders(images: list[ChosenImage], *, as_json: bool) -> None:
    """Show the order of each image; what it inherits stands in each."""
    if as_json:
        found = {image.name: _order_data(install_order(image.lock)) for image in images}
        data(found.get(ONLY, found))
        return
    for place, image in enumerate(images):
        if image.name:
            sys.stdout.write(f"{chr(10) * (place > 0)}{image.name}\n")
        _show_order(install_order(image.lock))


def _order_data(order: tuple[Placed, ...]) -> list[dict[str, object]]:
    return [
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


def _show_order(order: tuple[Placed, ...]) -> None:
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
