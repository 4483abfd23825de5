"""What a job is asked to build: where it runs, and what it is told of the target."""

from __future__ import annotations

from dataclasses import replace

from dynbuild.ports import Base
from dynbuild.realization import progress as changes
from dynbuild.realization.chains import chain_of
from dynbuild.realization.model import How
from dynbuild.realization.scheduler import next_chains
from dynbuild.steps.model import Download, OwnBase, Stage
from tests.properties.recipes import recipe_of
from tests.properties.small_worlds import World
from tests.unit.realization.test_inline import world


def test_a_step_of_another_platform_runs_there_and_knows_the_target() -> None:
    (placed,) = world("s!<>").order
    own = OwnBase("docker.io/library/go:1", "linux/arm/v7")
    there = World((replace(placed, own_base=own),), seed=0)
    recipe = recipe_of(there, {})
    bases = {**recipe.bases, own: Base((), {}, {})}
    recipe = replace(recipe, bases=bases, configs={**recipe.configs, own: {}})
    progress = changes.begin(recipe, How(1), ())
    place = progress.plan.places.places[progress.plan.places.final["s"]]
    work = chain_of([place], recipe, progress.plan, (), ())
    (request,) = work.requests
    assert request.build.platforms == ("linux/arm/v7",)
    assert request.build.arguments == {
        "TARGETARCH": "amd64",
        "TARGETOS": "linux",
        "TARGETPLATFORM": "linux/amd64",
        "TARGETVARIANT": "",
    }


def test_it_is_told_which_copies_have_to_bring_something() -> None:
    plain = world("s<>", "a!<s,s,s>")
    source, placed = plain.order
    assert isinstance(placed.step, Stage)
    one, other, third = placed.step.copies
    copies = (one, replace(other, path="/a*", pattern="needed"), third)
    download = Download("https://x/y", "/y", ())
    step = replace(placed.step, add=(download,), copies=copies)
    there = replace(plain, order=(source, replace(placed, step=step)))
    recipe = recipe_of(there, {})
    progress = changes.begin(recipe, How(1), ())
    places = progress.plan.places
    chain = [places.places[places.final[name]] for name in ("s", "a")]
    work = chain_of(chain, recipe, progress.plan, (), ())
    (part,) = work.requests[0].parts
    assert dict(part.needed) == {2: "'/a*' of s"}


def test_a_chain_ends_where_another_image_may_give_the_next_step() -> None:
    recipe = recipe_of(world("a!<>", "b!<>a"), {})
    progress = changes.begin(recipe, How(1), ())
    assert [len(chain) for _, chain in next_chains([progress])] == [2]
    image = replace(progress.image, awaited=frozenset("b"))
    waits = replace(progress, image=image)
    assert [len(chain) for _, chain in next_chains([waits])] == [1]
