"""``dynbuild status``."""

import os
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import replace

import click

from dynbuild.cli import options
from dynbuild.cli.arguments import Pairs, arguments_of
from dynbuild.cli.consent import accepted
from dynbuild.cli.images import ChosenImage, as_data, chosen_images, subjects
from dynbuild.cli.options import request
from dynbuild.cli.output import data, say, show, shows, table, tell
from dynbuild.cli.progress import Color
from dynbuild.cli.progress_text import price, size
from dynbuild.cli.project import load_declaration
from dynbuild.cli.render.pages.status_page import StatusFacts, TierFacts, status_page
from dynbuild.cli.render.usage import usage_data, usage_facts, usage_text
from dynbuild.commands import lock as locking
from dynbuild.commands import status as verb
from dynbuild.commands.lock_versions import unresolved
from dynbuild.digest import StepDigest
from dynbuild.environment.history import history_of
from dynbuild.environment.model import Environment
from dynbuild.environment.project import builder, open_project
from dynbuild.environment.project import images as registries
from dynbuild.environment.wiring import near_of, store_of
from dynbuild.errors import Diagnostic
from dynbuild.inventory import Answer
from dynbuild.lockfile.images import LockedImages, as_images
from dynbuild.realization.noted import NotedOnto, noted_onto
from dynbuild.tiers.declared import declared_in
from dynbuild.tiers.local.machine import LocalMachine
from dynbuild.tiers.settings import shared
from dynbuild.tiers.survey import survey
from dynbuild.tiers.verify import Verified, verify


@click.command()
@click.argument("images", metavar="[IMAGE]...", nargs=-1)
@options.platform("those of the lock, else the engine's", several=True)
@request(
    "--verify",
    "whole",
    is_flag=True,
    help="Read the whole store first, and remove what is damaged.",
)
@options.html
@options.as_json
@options.color
@options.config
@options.arguments
@options.accept_cache
@options.examples(
    "dynbuild status",
)
def status(  # noqa: PLR0913 - one parameter a flag
    *,
    images: tuple[str, ...],
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    platform: str | None,
    whole: bool,
    html: bool,
    as_json: bool,
    color: Color,
) -> int:
    """Show which steps of the lock each cache tier holds.

    `dynbuild realize` would build the steps that no tier holds. Also shows hit rates
    and the time saved, by day.

    Of several images shows each, or those that are named.

    A shared tier that cannot be reached is listed as away, which is neither a warning
    nor a failure. Exits with status 1 if --verify finds damage.
    """
    project = open_project(config)
    recorded = locking.recorded(project.locks)
    loaded = load_declaration(project, arguments_of(expressions, texts), recorded)
    recipe = locking.held_by(project.locks)
    several = as_images(recipe)
    named = chosen_images(project, recipe, images or _names(several))
    chosen = subjects(named, platform)
    declared = declared_in(loaded.declaration)
    cache = accepted(project, declared).cache
    fars = shared(cache, os.environ)
    warnings: list[Diagnostic] = []
    tier = near_of(store_of(project.place.root, cache.local), cache, warnings.append)
    verified = verify(tier.root) if whole else None

    def ask(steps: Collection[StepDigest]) -> Sequence[Answer]:
        return survey(fars, steps, warnings.append)

    asked, machine = registries(), LocalMachine(tier, time.sleep)
    found = [
        verb.status(
            one.image.lock,
            project.files,
            asked,
            builder(),
            tier,
            machine,
            one.platform,
            ask,
        )
        for one in chosen
    ]
    damaged = verified.damaged if verified else ()
    show([*map(_damaged, damaged), *warnings, *unresolved(several)], color)
    told: dict[tuple[str, str], object] = {}
    drawn: dict[str, StatusFacts] = {}
    for at, (subject, summary) in enumerate(zip(chosen, found, strict=True)):
        image = subject.image
        lock, history = image.lock, history_of(image.project, shows(color))
        last = [one.image for one in chosen[at + 1 : at + 2]] != [image]
        onto = _noted(machine, image, summary)
        if html:
            facts = usage_facts(lock, history, summary.platform, _tiers(summary))
            drawn[" ".join(filter(None, subject.key))] = replace(
                facts, onto=_onto_text(onto)
            )
        elif as_json:
            past = usage_data(lock, history, summary.platform)
            of = {**_data(str(tier.root), summary, verified), "onto": _onto_data(onto)}
            told[subject.key] = {**of, "history": past}
        else:
            if subject.heading:
                say(subject.heading)
            _tell(str(tier.root), summary, verified)
            _tell_onto(onto)
            if not last:
                say("")
            elif usage := usage_text(lock, history, summary.platform):
                say(f"\n{usage}")
            else:
                tell("nothing was realized here yet")
    if html:
        name = next(iter(drawn)) if len(drawn) == 1 else ""
        page = status_page(drawn, name or project.place.root.name or "image")
        sys.stdout.write(page)
    elif as_json:
        data(as_data(told))
    return 1 if damaged else 0


def _names(several: LockedImages) -> tuple[str, ...]:
    return tuple(name for name in several.parents_first if name)


def _damaged(what: str) -> Diagnostic:
    return Diagnostic("DB0601", what, hint="it is made anew", severity="warning")


def _tell(store: str, summary: verb.Status, verified: Verified | None) -> None:
    sys.stdout.write(table([_base(summary.base), *map(_row, summary.steps)]) + "\n")
    if summary.shared:
        local = verb.Share("local", store, summary.held, summary.size)
        rows = (_share(tier, len(summary.steps)) for tier in (local, *summary.shared))
        head = ("tier", "holds", "bytes", "place")
        sys.stdout.write(f"\n{table([head, *rows])}\n")
    of = f"{summary.held} of {len(summary.steps)} steps are held"
    tell(f"{of}, {size(summary.size)}, in {store}")
    if verified is not None:
        tell(
            f"{verified.blobs} blobs and {verified.records} records are sound, "
            f"{size(verified.size)}; {len(verified.damaged) or 'none'} were damaged"
        )


def _noted(
    machine: LocalMachine, image: ChosenImage, summary: verb.Status
) -> NotedOnto | None:
    """Return on what an image was made last, if that is not the lock's base."""
    owner = Environment(image.project).owner
    return noted_onto(machine, (owner, image.name, summary.platform))


def _tell_onto(onto: NotedOnto | None) -> None:
    if onto is not None:
        tell(_onto_text(onto))


def _onto_text(onto: NotedOnto | None) -> str:
    if onto is None:
        return ""
    stages = ", ".join(onto.stages) or "none"
    return f"made last with --onto {onto.base}; stages that stayed: {stages}"


def _onto_data(onto: NotedOnto | None) -> dict[str, object] | None:
    if onto is None:
        return None
    rebased = [
        {"stage": stage, "layers": [*layers]} for stage, layers in onto.stages.items()
    ]
    return {"base": onto.base, "lock": onto.lock, "rebased": rebased}


def _row(step: verb.StepStatus) -> Sequence[str]:
    if not step.held:
        return ("missing", step.id, "", "")
    took = "" if step.seconds is None else price(step.seconds)
    return ("held", step.id, size(step.size), took)


def _base(bytes_held: int | None) -> Sequence[str]:
    if bytes_held is None:
        return ("missing", "(base)", "", "")
    return ("held", "(base)", size(bytes_held), "")


def _share(tier: verb.Share, steps: int) -> Sequence[str]:
    if tier.away is not None:
        return (tier.name, "away", "", f"{tier.place}: {tier.away}")
    return (tier.name, f"{tier.held} of {steps}", size(tier.size), tier.place)


def _tiers(summary: verb.Status) -> list[TierFacts]:
    steps = len(summary.steps)
    return [
        TierFacts("local", summary.held, steps, summary.size),
        *(
            TierFacts(tier.name, tier.held, steps, tier.size, tier.away)
            for tier in summary.shared
        ),
    ]


def _data(
    store: str, summary: verb.Status, verified: Verified | None
) -> dict[str, object]:
    local = verb.Share("local", store, summary.held, summary.size)
    return {
        "version": 1,
        "store": store,
        "platform": summary.platform,
        "base": {"held": summary.base is not None, "bytes": summary.base or 0},
        "steps": [
            {
                "id": step.id,
                "title": step.title,
                "held": step.held,
                "bytes": step.size,
                "seconds": step.seconds,
            }
            for step in summary.steps
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
            for tier in (local, *summary.shared)
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
