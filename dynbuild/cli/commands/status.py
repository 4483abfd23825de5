"""``dynbuild status``."""

import os
import sys
import time
from collections.abc import Collection, Sequence

import click

from dynbuild.cli import options
from dynbuild.cli.consent import accepted
from dynbuild.cli.options import request
from dynbuild.cli.output import data, say, show, shows, table, tell
from dynbuild.cli.progress import Color
from dynbuild.cli.progress_text import price, size
from dynbuild.cli.project import Pairs, given, load_declaration
from dynbuild.cli.render.pages.status_page import TierFacts, status_page
from dynbuild.cli.render.usage import usage_data, usage_facts, usage_text
from dynbuild.commands import lock as locking
from dynbuild.commands import status as verb
from dynbuild.digest import StepDigest
from dynbuild.environment.history import history_of
from dynbuild.environment.project import builder, images, open_project
from dynbuild.environment.wiring import near_of, store_of
from dynbuild.errors import Diagnostic
from dynbuild.ports import Answer
from dynbuild.tiers.declared import declared_in
from dynbuild.tiers.local.machine import LocalMachine
from dynbuild.tiers.settings import shared
from dynbuild.tiers.survey import survey
from dynbuild.tiers.verify import Verified, verify


@click.command()
@options.config
@options.arguments
@options.accept_cache
@options.platform("the engine's")
@request(
    "--verify",
    "whole",
    is_flag=True,
    help="Read the whole store first, and remove what is damaged.",
)
@options.html
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
    as_json: bool,
    color: Color,
) -> int:
    """Show which steps of the lock each tier holds.

    `dynbuild realize` would build the steps that no tier holds. Also shows hit rates
    and the time saved, by day.

    A shared tier that cannot be reached is listed as away, which is neither a warning
    nor a failure. Exits with status 1 if --verify finds damage.
    """
    project = open_project(config)
    recorded = locking.recorded(project.locks)
    loaded = load_declaration(project, given(expressions, texts), recorded)
    lock = locking.frozen(project.locks)
    declared = declared_in(loaded.declaration)
    cache = accepted(project, declared).cache
    fars = shared(cache, os.environ)
    told: list[Diagnostic] = []
    tier = near_of(store_of(project.place.root, cache.local), cache, told.append)
    verified = verify(tier.root) if whole else None

    def ask(steps: Collection[StepDigest], platform: str) -> Sequence[Answer]:
        return survey(fars, steps, platform, told.append)

    found = verb.status(
        lock,
        project.files,
        images(),
        builder(),
        tier,
        LocalMachine(tier, time.sleep),
        platform,
        ask,
    )
    damaged = verified.damaged if verified else ()
    history = history_of(project, shows(color))
    show([*map(_damaged, damaged), *told], color)
    if html:
        facts = usage_facts(lock, history, found.platform, _tiers(found))
        sys.stdout.write(status_page(facts, project.place.root.name or "image"))
    elif as_json:
        past = usage_data(lock, history, found.platform)
        data({**_data(str(tier.root), found, verified), "history": past})
    else:
        _tell(str(tier.root), found, verified)
        if told_of_past := usage_text(lock, history, found.platform):
            say(f"\n{told_of_past}")
        else:
            tell("nothing was realized here yet")
    return 1 if damaged else 0


def _damaged(what: str) -> Diagnostic:
    return Diagnostic("DB0601", what, hint="it is made anew", severity="warning")


def _tell(store: str, found: verb.Status, verified: Verified | None) -> None:
    sys.stdout.write(table([_base(found.base), *map(_row, found.steps)]) + "\n")
    if found.shared:
        local = verb.Share("local", store, found.held, found.size)
        rows = (_share(tier, len(found.steps)) for tier in (local, *found.shared))
        head = ("tier", "holds", "bytes", "place")
        sys.stdout.write(f"\n{table([head, *rows])}\n")
    of = f"{found.held} of {len(found.steps)} steps are held"
    tell(f"{of}, {size(found.size)}, in {store}")
    if verified is not None:
        tell(
            f"{verified.blobs} blobs and {verified.records} records are sound, "
            f"{size(verified.size)}; {len(verified.damaged) or 'none'} were damaged"
        )


def _row(step: verb.StepStatus) -> Sequence[str]:
    if not step.held:
        return ("missing", step.id, "", "")
    took = "" if step.seconds is None else price(step.seconds)
    return ("held", step.id, size(step.size), took)


def _base(held: int | None) -> Sequence[str]:
    if held is None:
        return ("missing", "(base)", "", "")
    return ("held", "(base)", size(held), "")


def _share(tier: verb.Share, steps: int) -> Sequence[str]:
    if tier.away is not None:
        return (tier.name, "away", "", f"{tier.place}: {tier.away}")
    return (tier.name, f"{tier.held} of {steps}", size(tier.size), tier.place)


def _tiers(found: verb.Status) -> list[TierFacts]:
    steps = len(found.steps)
    return [
        TierFacts("local", found.held, steps, found.size),
        *(
            TierFacts(tier.name, tier.held, steps, tier.size, tier.away)
            for tier in found.shared
        ),
    ]


def _data(
    store: str, found: verb.Status, verified: Verified | None
) -> dict[str, object]:
    local = verb.Share("local", store, found.held, found.size)
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
        "tiers": [
            {
                "tier": tier.name,
                "place": tier.place,
                "reachable": tier.away is None,
                "steps": tier.held,
                "bytes": tier.size,
                "error": tier.away,
            }
            for tier in (local, *found.shared)
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
