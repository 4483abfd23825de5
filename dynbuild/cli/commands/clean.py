"""``dynbuild clean``."""

import os
import re
import sys

import click

from dynbuild.cli import options
from dynbuild.cli.arguments import Pairs, arguments_of
from dynbuild.cli.commands.cache import CacheTiers, asking, place_of
from dynbuild.cli.options import option, request
from dynbuild.cli.output import data, table, tell
from dynbuild.cli.progress_text import size
from dynbuild.commands import clean as verb
from dynbuild.digest import StepDigest
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.inventory import Inventory
from dynbuild.project.locks import LockFile
from dynbuild.tiers.local.inventory import LocalInventory

_HOUR = 3600.0
LOCAL_GRACE = 1 * _HOUR
SHARED_GRACE = 24 * _HOUR
"""Seconds for which nothing is removed: a running build may be about to name it.

The grace for shared tiers is longer: a slow transfer takes longer than a build.
"""

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


@click.command()
@option(
    "--max-age",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Remove what has not been used for this many days.  [default: 30, unless "
    "--keep-locks is given]",
)
@option(
    "--max-size",
    metavar="SIZE",
    help="Keep at most SIZE, such as 20GB; remove the oldest first.",
)
@option(
    "--keep-locks",
    multiple=True,
    metavar="REV|GLOB",
    help="Keep what the locks of these git revisions or files need.",
)
@option("--shared", is_flag=True, help="Clean the shared tiers too.")
@options.dry_run
@request(
    "-y", "--yes", is_flag=True, help="With --shared: do not ask for confirmation."
)
@options.as_json
@options.config
@options.arguments
@options.accept_cache
@options.examples(
    "dynbuild clean --dry-run          # what would go, and how much it is",
    "dynbuild clean --max-size 20GB    # and keep at most so much",
)
def clean(  # noqa: PLR0913 - one parameter a flag
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    max_age: float | None,
    max_size: str | None,
    keep_locks: tuple[str, ...],
    shared: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Remove from the cache tiers what is no longer used.

    Cleans the local tier, and with --shared also the shared tiers, where age counts
    from the upload. With --keep-locks and without --max-age, removes all that those
    locks do not need.

    Never removes what a running build may use: what is recent stays, and a build that
    misses something builds it again.
    """
    place = place_of(config, arguments_of(expressions, texts))
    policy = verb.Policy(
        None if max_age is None else max_age * verb.DAY,
        None if max_size is None else _bytes(max_size),
        _kept_steps(place, keep_locks) if keep_locks else None,
    )
    rows = []
    refused = False
    for name, inventory, grace in _inventories(place, shared=shared):
        with asking(name):
            sweep = verb.sweep_of(inventory, policy, grace)
            if not dry_run and (name == "local" or yes or _agreed(name, sweep)):
                verb.sweep(inventory, sweep)
            elif not dry_run:
                refused = True
                sweep = verb.Sweep((), (), sweep.left + sweep.bytes)
        rows.append((name, sweep))
    if as_json:
        data(
            [
                {
                    "tier": name,
                    "records": len(sweep.roots),
                    "blobs": len(sweep.blobs),
                    "bytes": sweep.bytes,
                    "left": sweep.left,
                }
                for name, sweep in rows
            ]
        )
        return 0
    goes = "WOULD GO" if dry_run else "GONE"
    text = table(
        [
            ("TIER", "RECORDS", "BLOBS", goes, "LEFT"),
            *(
                (
                    name,
                    str(len(sweep.roots)),
                    str(len(sweep.blobs)),
                    size(sweep.bytes),
                    size(sweep.left),
                )
                for name, sweep in rows
            ),
        ]
    )
    sys.stdout.write(f"{text}\n")
    sweeps = [sweep for _, sweep in rows]
    unneeded = _unneeded(policy, max_size, keep_locks, shared=shared)
    if not (refused and not any(map(_removes, sweeps))):
        tell(_summary(sweeps, unneeded, dry_run=dry_run))
    return 0


def _summary(sweeps: list[verb.Sweep], unneeded: str, *, dry_run: bool) -> str:
    """Return what was done and why, in a sentence."""
    if not any(map(_removes, sweeps)):
        return f"nothing to remove: there is nothing {unneeded}"
    freed = size(sum(sweep.bytes for sweep in sweeps))
    return f"{'would remove' if dry_run else 'removed'} {freed} {unneeded}"


def _removes(sweep: verb.Sweep) -> bool:
    return bool(sweep.roots or sweep.blobs)


def _unneeded(
    policy: verb.Policy,
    max_size: str | None,
    keep_locks: tuple[str, ...],
    *,
    shared: bool,
) -> str:
    """Return what the policy lets go, in words."""
    days = (verb.USUAL_AGE if policy.age is None else policy.age) / verb.DAY
    # Of a shared tier only the age is known.
    old = "that is older than" if shared else "that was not used for"
    by_age = f"{old} {days:g} {'day' if days == 1 else 'days'}"
    by_lock = f"that the locks of {', '.join(keep_locks)} do not need"
    if not keep_locks:
        reason = by_age
    elif policy.age is None:
        reason = by_lock
    else:
        reason = f"{by_age} and {by_lock}"
    return reason + (f", or beyond {max_size}" if max_size else "")


def _inventories(
    place: CacheTiers, *, shared: bool
) -> list[tuple[str, Inventory, float]]:
    """Return the inventories to clean, each with its grace period in seconds."""
    inventories: list[tuple[str, Inventory, float]] = [
        ("local", LocalInventory(place.store), LOCAL_GRACE)
    ]
    if shared:
        inventories += [(far.name, far.inventory(), SHARED_GRACE) for far in place.fars]
    return inventories


def _kept_steps(place: CacheTiers, names: tuple[str, ...]) -> frozenset[StepDigest]:
    project = place.project
    if project is None:
        message = "--keep-locks needs a project, whose locks they are"
        raise DeclarationError(Diagnostic("DB0310", message))

    def lock_files(pattern: str) -> list[str]:
        root = project.place.root
        paths = sorted(path for path in root.glob(pattern) if path.is_file())
        read = (LockFile(path, os.path.relpath(path), root).read() for path in paths)
        return [text for text in read if text is not None]

    return verb.kept_steps(names, project.locks, project.files, lock_files)


def _agreed(name: str, sweep: verb.Sweep) -> bool:
    """Whether the user agrees; without a terminal nobody can be asked."""
    if not _removes(sweep):
        return True
    what = f"remove {size(sweep.bytes)} from the {name} tier, for everyone"
    if not sys.stdin.isatty():
        hint = "--yes does, --dry-run shows what"
        message = f"nobody is here to agree to {what}"
        raise DeclarationError(Diagnostic("DB0611", message, hint=hint))
    agreed = click.confirm(f"{what}?", err=True)
    if not agreed:
        tell("nothing is removed")
    return agreed


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) *([kmgt]?)i?b?", text.lower())
    if match is None:
        message = f"--max-size {text}: a size is a number and a unit"
        raise DeclarationError(Diagnostic("DB0317", message, hint="as 500MB or 20GB"))
    return int(float(match[1]) * _UNITS[match[2]])
