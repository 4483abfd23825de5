"""``dynbuild status``."""

import sys
import time
from collections.abc import Sequence

import click

from dynbuild.cli import options
from dynbuild.cli.options import option, request
from dynbuild.cli.output import data, show, table, tell
from dynbuild.cli.past import history_of
from dynbuild.cli.progress import Color
from dynbuild.cli.progress_text import duration, size
from dynbuild.cli.project import (
    Pairs,
    builder,
    given,
    images,
    load_declaration,
    open_project,
)
from dynbuild.cli.site import store_of
from dynbuild.cli.usage import usage_data, usage_text
from dynbuild.commands import lock as locking
from dynbuild.commands import status as verb
from dynbuild.errors import Diagnostic
from dynbuild.tiers.local import Local
from dynbuild.tiers.machine import Machine
from dynbuild.tiers.verify import Verified, verify


@click.command()
@options.config
@options.arguments
@option("--platform", help="os/arch; else the engine's.")
@request(
    "--verify",
    "whole",
    is_flag=True,
    help="Read the whole store first, and remove what is damaged.",
)
@options.as_json
@options.color
def status(  # noqa: PLR0913 - one parameter a flag
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    platform: str | None,
    whole: bool,
    as_json: bool,
    color: Color,
) -> int:
    """Show which steps of the lock the store holds, and what came of it over time.

    Those that it does not hold, `dynbuild realize` would build. Exit status 1 when
    --verify found damage.
    """
    project = open_project(config)
    recorded = locking.recorded(project.locks)
    loaded = load_declaration(project, given(expressions, texts), recorded)
    lock = locking.frozen(project.locks)
    told: list[Diagnostic] = []
    tier = Local(
        store_of(project.place.root, loaded.declaration.cache.local),
        lambda what: told.append(_damaged(what)),
    )
    verified = verify(tier.root) if whole else None
    found = verb.status(
        lock,
        project.files,
        images(),
        builder(),
        tier,
        Machine(tier, time.sleep),
        platform,
    )
    damaged = verified.damaged if verified else ()
    history = history_of(project, color)
    show([*map(_damaged, damaged), *told], color)
    if as_json:
        past = usage_data(lock, history, found.platform)
        data({**_data(str(tier.root), found, verified), "history": past})
    else:
        _tell(str(tier.root), found, verified)
        if told_of_past := usage_text(lock, history, found.platform):
            sys.stdout.write(f"\n{told_of_past}\n")
        else:
            tell("nothing was realized here yet")
    return 1 if damaged else 0


def _damaged(what: str) -> Diagnostic:
    return Diagnostic("DB0601", what, hint="it is made anew", severity="warning")


def _tell(store: str, found: verb.Status, verified: Verified | None) -> None:
    sys.stdout.write(table([_base(found.base), *map(_row, found.steps)]) + "\n")
    held = [step for step in found.steps if step.held]
    bytes_ = size(sum(step.size for step in held))
    tell(f"{len(held)} of {len(found.steps)} steps are held, {bytes_}, in {store}")
    if verified is not None:
        tell(
            f"{verified.blobs} blobs and {verified.records} records are sound, "
            f"{size(verified.size)}; {len(verified.damaged) or 'none'} were damaged"
        )


def _row(step: verb.StepStatus) -> Sequence[str]:
    if not step.held:
        return ("missing", step.id, "", "")
    took = "" if step.seconds is None else duration(step.seconds)
    return ("held", step.id, size(step.size), took)


def _base(held: int | None) -> Sequence[str]:
    if held is None:
        return ("missing", "(base)", "", "")
    return ("held", "(base)", size(held), "")


def _data(
    store: str, found: verb.Status, verified: Verified | None
) -> dict[str, object]:
    return {
        "version": 1,
        "store": store,
        "platform": found.platform,
        "base": {"held": found.base is not None, "bytes": found.base or 0},
        "steps": [
            {
                "id": step.id,
                "title": step.title,
                "held": step.held,
                "bytes": step.size,
                "seconds": step.seconds,
            }
            for step in found.steps
        ],
        "verified": None
        if verified is None
        else {
            "blobs": verified.blobs,
            "records": verified.records,
            "bytes": verified.size,
            "damaged": list(verified.damaged),
        },
    }
