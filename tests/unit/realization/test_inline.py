"""Sources that are built with their one copier, and kept once the image is made."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild.building import BuildFailed
from dynbuild.link.choice import Held
from dynbuild.link.model import Record
from dynbuild.lockfile.order import Placed
from dynbuild.ports import JobEnded, JobResult, LostError
from dynbuild.quote import StageName
from dynbuild.realization import progress as changes
from dynbuild.realization import results
from dynbuild.realization.chains import chain_of
from dynbuild.realization.inline import innermost, places_in_builder
from dynbuild.realization.model import BuiltStep, ChainResult, How, Kept
from dynbuild.realization.scheduler import next_chains
from dynbuild.steps.model import Copy, Stage
from tests.properties.recipes import Machine, recipe_of, records_of
from tests.properties.small_worlds import World

if TYPE_CHECKING:
    from dynbuild.link.placement import Placement


def world(*steps: str) -> World:
    """Steps as ``name<source,source>on``; ``name!`` is linked."""
    order = []
    for seq, text in enumerate(steps):
        named, _, rest = text.partition("<")
        name = named.rstrip("!")
        sources, _, below = rest.partition(">")
        on = tuple(filter(None, below.split(",")))
        stage = Stage(
            name,
            dependencies=on,
            copies=tuple(
                Copy("/a", "/a", stage=source)
                for source in filter(None, sources.split(","))
            ),
            commands=("true",),
            build_only=name == named,
        )
        order.append(Placed(name, stage, seq, on))
    return World(tuple(order), seed=0, steady=True)


def started(*steps: str, how: How | None = None) -> list[str]:
    """The chains that start at first."""
    progress = changes.begin(recipe_of(world(*steps), {}), how or How(4), ())
    return [
        "".join(place.id for place in chain) for _, chain in next_chains([progress])
    ]


def test_a_source_is_built_with_its_one_copier() -> None:
    assert started("s<>", "a!<s>") == ["sa"]
    assert started("s<>", "t<s>", "a!<t>") == ["sta"]
    assert started("s<>", "t<>", "a!<s,t>") == ["sta"]


def test_a_source_whose_layers_are_looked_at_is_built_alone() -> None:
    """That its pattern matched is told by a layer, which the builder would keep."""
    plain = world("s<>", "t<s>", "a!<t>")
    source, middle, image = plain.order
    assert isinstance(middle.step, Stage)
    for pattern, first in (("needed", "st"), ("optional", "sta")):
        copies = (replace(middle.step.copies[0], pattern=pattern),)
        other = replace(middle, step=replace(middle.step, copies=copies))
        recipe = recipe_of(replace(plain, order=(source, other, image)), {})
        progress = changes.begin(recipe, How(4), ())
        ((_, chain),) = next_chains([progress])
        assert "".join(place.id for place in chain) == first


def test_a_source_that_others_need_is_built_alone() -> None:
    assert started("s<>", "a!<s>", "b!<s>") == ["s"]
    assert started("s<>", "t<>s", "a!<s,t>") == ["s"]
    assert started("s!<>", "a!<s>") == ["s"]


def test_a_copier_that_waits_for_more_leaves_its_source_to_itself() -> None:
    assert sorted(started("g!<>", "s<>", "a!<s>g")) == ["g", "s"]


def test_what_runs_again_is_kept_as_it_comes() -> None:
    assert started("s<>", "a!<s>", how=How(4, frozenset("a"))) == ["s"]
    assert started("s<>", "a!<s>", "b!<>a", how=How(4, before="b")) == ["s"]


def test_two_stacks_cannot_have_one_name() -> None:
    """Both are built from the base in the Dockerfile, but s stands on a here."""
    own = world("s<>", "a!<s>")
    recipe = recipe_of(own, {})
    same = replace(recipe, parents=dict.fromkeys(recipe.parents, StageName("a")))
    progress = changes.begin(same, How(4), ())
    assert [len(chain) for _, chain in next_chains([progress])] == [1]


def test_one_export_each_and_records_that_name_their_sources() -> None:
    own = Machine(world("s<>", "t<s>", "a!<t>", "b!<>a"), random.Random(0))
    (result,) = own.realize()
    assert result.failed is None
    assert not result.unkept
    records = {own.recipe.digests[id_]: id_ for id_ in "stab"}
    found = {records[record.step]: record for record in records_of(own)}
    assert found.keys() == {*"stab"}
    assert {id_ for _, id_ in found["a"].sources} == {found["t"].id, found["s"].id}
    assert found["b"].on == (found["a"].id,)
    assert [step for step, _ in own.builder.ran] == [*"stab"]


def test_what_succeeded_beside_a_failure_is_kept() -> None:
    own = Machine(world("s<>", "a!<s>"), random.Random(0))
    own.builder.broken = {"a"}
    (failed,) = own.realize()
    assert failed.failed is not None
    assert failed.failed.step == "a"
    (record,) = records_of(own)
    assert record.step == own.recipe.digests["s"]
    own.builder.broken = set()
    own.realize()
    assert [step for step, _ in own.builder.ran] == ["s", "a"]


def in_builder(progress: changes.Progress, ids: str) -> ChainResult:
    """The result of a build whose first steps stay in the builder."""
    places = [progress.plan.places.places[progress.plan.places.final[i]] for i in ids]
    work = chain_of(places, progress.recipe, progress.plan, (), progress.unkept)
    return ChainResult(
        tuple(
            BuiltStep(id_, Held(record), here=True, ran=True, kept=Kept.NOTHING)
            for id_, record in work.inline.items()
        ),
        None,
    )


def began(*steps: str) -> tuple[changes.Progress, tuple[Placement, ...]]:
    progress = changes.begin(recipe_of(world(*steps), {}), How(4), ())
    ((_, chain),) = next_chains([progress])
    return changes.started(progress, chain), chain


def test_a_source_that_ran_again_starts_all_over() -> None:
    progress, chain = began("s<>", "a!<s>")
    key, result = chain[0].digest, in_builder(progress, "sa")
    after = results.took(progress, JobResult(key, result))
    # Its job has not ended yet, and a second one would have the same key.
    assert next_chains([after], [[key]]) == ()
    after = results.took(after, JobEnded(key, None))
    assert after.failed is None
    ((_, again),) = next_chains([after])
    assert [place.id for place in again] == ["s", "a"]
    after = changes.started(after, again)
    once_more = results.took(after, JobResult(key, result))
    once_more = results.took(once_more, JobEnded(key, None))
    assert isinstance(once_more.failed, LostError)


def test_a_source_that_is_kept_after_all_supersedes_what_was_copied() -> None:
    progress, chain = began("s<>", "a!<s>")
    key, result = chain[0].digest, in_builder(progress, "sa")
    work = chain_of(chain, progress.recipe, progress.plan, ())
    (origin,) = work.origins
    record = Record(
        chain[1].digest, chain[1].step, work.platform, (), {}, sources=origin.sources
    )
    copied = BuiltStep("a", Held(record), here=True, ran=True, kept=Kept.LAYERS)
    both = ChainResult((*result.built, copied), None)
    after = results.took(progress, JobResult(key, both))
    after = results.took(after, JobEnded(key, None))
    unkept = places_in_builder(after)
    assert innermost(chain[1], unkept) == chain[0]
    assert innermost(chain[0], unkept) is None
    own = Record(chain[0].digest, chain[0].step, work.platform, (), {}, made=1)
    kept = ChainResult((BuiltStep("s", Held(own), here=True, ran=False),), None)
    after = changes.started(after, chain[:1])
    after = results.took(after, JobResult(key, kept))
    after = results.took(after, JobEnded(key, None))
    assert [one.step for one in after.built] == ["s"]
    assert not after.unkept


def test_of_a_failed_build_the_step_that_failed_is_told() -> None:
    progress, chain = began("s<>", "t<>", "a!<s,t>")
    key = chain[0].digest
    result = in_builder(progress, "sta").built[1:]
    failed = BuildFailed(StageName("s"), None, "no", (), 1, ())
    after = results.took(progress, JobResult(key, ChainResult(result, failed)))
    assert after.unbuilt == {chain[0].digest}
