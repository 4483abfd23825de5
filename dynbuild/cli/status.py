"""``dynbuild status``."""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

import click

from dynbuild.cli import options
from dynbuild.cli.options import option, request
from dynbuild.cli.output import data, show, table, tell, written
from dynbuild.cli.pages.status_page import status_page
from dynbuild.cli.past import history_of
from dynbuild.cli.progress import Color
from dynbuild.cli.progress_text import price, size
from dynbuild.cli.project import (
    Pairs,
    builder,
    given,
    images,
    load_declaration,
    open_project,
)
from dynbuild.cli.site import tiers_of
from dynbuild.cli.usage import facts_of, usage_data, usage_text
from dynbuild.commands import lock as locking
from dynbuild.commands import status as verb
from dynbuild.errors import Diagnostic
from dynbuild.tiers.declared import cache_of
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
@options.html
@options.output
@options.as_json
@options.color
def status(  # noqa: PLR0913 - one parameter a flag
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    platform: str | None,
    whole: bool,
    html: bool,
    output: str | None,
    as_json: bool,
    color: Color,
) -> int:
    """Show which steps of the lock the tiers hold, and what came of it over time.

    Those that none holds, `dynbuild realize` would build. --html is one page that works
    without a network. Exit status 1 when --verify found damage.
    """
    project = open_project(config)
    recorded = locking.recorded(project.locks)
    loaded = load_declaration(project, given(expressions, texts), recorded)
    lock = locking.frozen(project.locks)
    told: list[Diagnostic] = []
    tiers = tiers_of(
        project.place.root,
        cache_of(loaded.declaration.cache.model_dump_json()),
        told.append,
    )
    tier = tiers["local"]
    assert isinstance(tier, Local)
    verified = verify(tier.root) if whole else None
    found = verb.status(
        lock,
        project.files,
        images(),
        builder(),
        tiers,
        Machine(tier, time.sleep),
        platform,
    )
    damaged = verified.damaged if verified else ()
    history = history_of(project, color)
    show([*map(_damaged, damaged), *told], color)
    if html or output is not None:
        facts = facts_of(lock, history, found)
        written(status_page(facts, project.place.root.name or "image"), output)
    elif as_json:
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
    for tier in found.tiers:
        where = f"in {store}" if tier.name == "local" else f"by the {tier.name} tier"
        bytes_ = size(tier.size)
        tell(f"{tier.held} of {tier.steps} steps are held, {bytes_}, {where}")
    if verified is not None:
        tell(
            f"{verified.blobs} blobs and {verified.records} records are sound, "
            f"{size(verified.size)}; {len(verified.damaged) or 'none'} were damaged"
        )


def _row(step: verb.StepStatus) -> Sequence[str]:
    if step.source is None:
        return ("missing", step.id, "", "")
    took = "" if step.seconds is None else price(step.seconds)
    return (step.source, step.id, size(step.size), took)


def _base(held: int | None) -> Sequence[str]:
    if held is None:
        return ("missing", "(base)", "", "")
    return ("local", "(base)", size(held), "")


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
                "from": step.source,
                "bytes": step.size,
                "seconds": step.seconds,
            }
            for step in found.steps
        ],
        "tiers": [asdict(tier) for tier in found.tiers],
        "verified": None
        if verified is None
        else {
            "blobs": verified.blobs,
            "records": verified.records,
            "bytes": verified.size,
            "damaged": list(verified.damaged),
        },
    }
