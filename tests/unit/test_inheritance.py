"""What an image takes over of the one that it extends, stage by stage."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from dynbuild.digest import sha256
from dynbuild.inheritance import ImagePlan, plan_image
from dynbuild.lockfile.images_update import update_images
from dynbuild.plan import Unneeded
from dynbuild.steps.model import Copy, Stage
from tests.properties.effects import TREE
from tests.properties.lineages import OWN, PLATFORM, Family, Lineage, Store, lineages

FILE = Copy("file", "/file", digest=sha256(b"file"))


def copied(path: str, stage: str) -> tuple[Copy, ...]:
    return (Copy(path, "/x", stage=stage),)


def realized(*stages: Stage) -> tuple[Lineage, Store, list[str]]:
    """An image with a package below inherited stages that their owner has not.

    The machine has realized both; with the stages that ran for the two, in order.
    """
    family = Family(
        Random(0),
        images={"common": None, "api": "common"},
        packages={"common": ["plain1"], "api": ["plain2"]},
        stages={"common": {one.name: one for one in stages}, "api": {}},
    )
    several = update_images(None, family.targets)
    family.packages["common"].append("plain3")
    family.stages["common"] = {
        one.name: replace(one, commands=("edit",)) for one in stages
    }
    several = update_images(several, family.targets)
    store, api = Store(), lineages(several)["api"]
    assert store.realize(api, Random(0)) == api.linear
    return api, store, sorted(id_ for id_ in store.ran if not id_.startswith("apt."))


def stage(
    name: str, *on: str, copies: tuple[Copy, ...] = (), own: bool = False
) -> Stage:
    return Stage(
        name,
        on,
        copies=copies,
        commands=("first",),
        build_only=own,
        base=OWN.image if own else None,
    )


def nothing(found: ImagePlan) -> bool:
    """Whether nothing is taken over, nor may be."""
    return not (found.taken or found.wanted or found.awaited)


def test_a_stage_that_copies_from_the_project() -> None:
    _, store, ran = realized(stage("a-plain1", copies=(FILE,)))
    assert (ran, store.taken) == (["a-plain1"], 1)


def test_a_copy_of_what_is_the_same() -> None:
    first = stage("a-plain1")
    _, store, ran = realized(first, stage("b-plain2", copies=copied("opt", first.name)))
    assert (ran, store.taken) == (["a-plain1", "b-plain2"], 2)


def test_a_copy_that_would_have_more_is_made_for_the_image() -> None:
    first = stage("a-plain1")
    copier = stage("b-plain2", copies=copied("usr/bin", first.name))
    _, _, ran = realized(first, copier, stage("c-plain3", "b-plain2"))
    assert ran == ["a-plain1", *["b-plain2"] * 2, *["c-plain3"] * 2]


def test_what_starts_elsewhere_is_the_same_where_all_below_it_is() -> None:
    first = stage("a-plain1")
    same = stage("b-plain2", copies=copied("opt", first.name), own=True)
    upper = stage("c-plain3", "b-plain2", own=True)
    last = stage("d-plain4", copies=copied("opt", upper.name))
    _, _, ran = realized(first, same, upper, last)
    assert ran == ["a-plain1", "b-plain2", "c-plain3", "d-plain4"]


def test_what_starts_elsewhere_and_copies_more_is_built_for_the_image() -> None:
    first = stage("a-plain1")
    more = stage("b-plain2", copies=copied("usr/bin", first.name), own=True)
    upper = stage("c-plain3", "b-plain2", own=True)
    last = stage("d-plain4", copies=copied("opt", upper.name))
    _, _, ran = realized(first, more, upper, last)
    assert [ran.count(one.name) for one in (more, upper, last)] == [2, 2, 2]


def test_what_is_asked_for_anew_is_built_here() -> None:
    api, store, _ = realized(stage("a-plain1"), stage("b-plain2", "a-plain1"))
    own = {api.steps.digests[id_] for id_ in ("a-plain1", "b-plain2")}
    held = [one for one in store.held if one.record.step not in own]
    found = plan_image(api.steps, api.above, PLATFORM, held, TREE, anew={"a-plain1"})
    assert "a-plain1" not in found.built
    assert nothing(found)


def test_another_version_above_is_another_stage() -> None:
    api, store, _ = realized(stage("a-plain1"))
    (common,) = api.above
    placed = common.placed["a-plain1"]
    other = replace(placed, step=stage("a-plain1", copies=(FILE,)))
    order = tuple(other if one is placed else one for one in common.order)
    changed = replace(common, order=order)
    found = plan_image(api.steps, (changed,), PLATFORM, store.held, TREE)
    assert nothing(found)


def test_nothing_is_wanted_where_nothing_is_to_be_built() -> None:
    api, store, _ = realized(stage("a-plain1"))
    found = plan_image(api.steps, api.above, PLATFORM, store.held, TREE, only=())
    assert all(
        isinstance(choice, Unneeded) or id_ in found.built
        for id_, digest in found.plan.places.final.items()
        for choice in [found.plan.choices[digest]]
    )
    assert not found.wanted
