"""Where build stages branch off, and what copies from them are from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.emit.branches import Part
from dynbuild.emit.dockerfile import layout
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.steps.model import CacheDirectory, Copy, Stage
from tests.unit.emit.locks import lock

if TYPE_CHECKING:
    from dynbuild.emit.branches import Branches


def stage(
    name: str, *on: str, copies: tuple[str, ...] = (), only: bool = True
) -> Stage:
    return Stage(
        name,
        dependencies=on,
        copies=tuple(Copy("/x", "/y/", stage=source) for source in copies),
        commands=("true",),
        build_only=only,
    )


def linked(name: str, *on: str, copies: tuple[str, ...] = ()) -> Stage:
    return stage(name, *on, copies=copies, only=False)


def laid(*stages: Stage) -> tuple[dict[str, tuple[str, tuple[str, ...]]], Branches]:
    found = layout(install_order(lock(*stages)))
    return {one.name: (one.parent, one.steps) for one in found.branches}, found


def test_a_build_only_stage_does_not_see_what_it_does_not_stand_on() -> None:
    found, _ = laid(
        linked("lib"),
        linked("files"),
        stage("compile", "files"),
        linked("got", copies=("compile",)),
    )
    assert found["compile.needs"] == ("base.0", ("files",))
    assert found["compile"] == ("compile.needs", ("compile",))
    assert found["got"] == ("files", ("got",))


def test_what_stands_on_all_of_the_line_stands_on_the_line() -> None:
    found, branches = laid(
        linked("a"), linked("b", "a"), stage("c", "b"), linked("d", copies=("c",))
    )
    assert found["c"] == ("b", ("c",))
    assert branches.sources == {"c": "c"}


def test_a_linked_source_is_there_on_its_closure_alone() -> None:
    found, branches = laid(linked("lib"), linked("web"), linked("app", copies=("web",)))
    assert found["web.files"] == ("base.0", ("web",))
    assert found["web"] == ("lib", ("web",))
    assert branches.sources == {"web": "web.files"}
    assert branches.last == "app"


def test_nothing_is_copied_from_what_others_are_from() -> None:
    """A builder is given both by name, and they may be different layers."""
    found, branches = laid(
        linked("web"),
        linked("app", copies=("web",)),
        stage("one"),
        stage("two", "one"),
        linked("last", copies=("one", "two")),
    )
    assert found["web.files"] == ("web", ())
    assert found["one.files"] == ("one", ())
    assert branches.sources == {"web": "web.files", "one": "one.files", "two": "two"}


def test_what_is_gathered_once_is_stood_on() -> None:
    found, _ = laid(
        linked("lib"),
        stage("one"),
        stage("two"),
        stage("both", "one", "two"),
        stage("more", "one", "two"),
    )
    assert found["both.needs"] == ("one", ("two",))
    assert found["more"] == ("both.needs", ("more",))


@st.composite
def orders(draw: st.DrawFn) -> tuple[Placed, ...]:
    stages: list[Stage] = []
    for at in range(draw(st.integers(1, 8))):
        only = draw(st.booleans())
        before = [one.name for one in stages]
        may = [one.name for one in stages if only or not one.build_only]
        on = draw(st.lists(st.sampled_from(may), unique=True)) if may else []
        sources = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
        copies = tuple(source for source in sources if source not in on)
        stages.append(stage(f"s{at}", *on, copies=copies, only=only))
    return install_order(lock(*stages))


@given(orders())
def test_each_holds_what_its_step_stands_on(order: tuple[Placed, ...]) -> None:
    """The linked ones in a line, the others and all sources their closure alone."""
    steps = {placed.id: placed for placed in order}
    found = layout(order)
    holds: dict[str, list[str]] = {"base.0": []}
    for one in found.branches:
        assert one.name not in holds
        holds[one.name] = [*holds[one.parent], *one.steps]
    at = {placed.id: here for here, placed in enumerate(order)}

    def closure(id_: str) -> set[str]:
        return {id_}.union(*(closure(other) for other in steps[id_].on))

    for id_, placed in steps.items():
        alone = sorted(closure(id_), key=at.__getitem__)
        line = [one.id for one in order[: at[id_] + 1] if one.linked]
        assert holds[id_] == (line if placed.linked else alone)
        if id_ in found.sources:
            assert holds[found.sources[id_]] == alone
    assert holds[found.last] == [placed.id for placed in order if placed.linked]
    assert not {one.parent for one in found.branches} & {*found.sources.values()}
    copied = {copy.stage for stage in steps.values() for copy in stage.step.inputs}
    assert found.sources.keys() == copied


def test_what_a_script_compares_the_times_of_is_copied_in_a_part() -> None:
    """No cache may answer for it, while the script keeps its cache mounts."""
    copies = (Copy("a", "/a"),)
    mounts = (CacheDirectory("/build"),)
    made = replace(
        linked("made"), copies=copies, commands=("make",), cache_mounts=mounts
    )
    _, found = laid(linked("lib"), made, linked("got", copies=("made",)))
    parts = {stage.name: stage.parts for stage in found.branches}
    assert parts["made"] == (
        Part("made.copies", ("made",), copies=True),
        Part("made", ("made",), begun=True),
    )
    assert parts["made.files"] == (
        Part("made.files.copies", ("made",), copies=True),
        Part("made.files", ("made",), begun=True),
    )
    assert parts["got"] == (Part("got", ("got",)),)
    assert found.copies == ("made.copies", "made.files.copies")
    assert found.copies_of == {"made": "made.copies"}
    assert found.parts == {"made.copies": "made"}


def test_what_stands_before_such_copies_is_a_part_too() -> None:
    copies = (Copy("a", "/a"),)
    mounts = (CacheDirectory("/build"),)
    made = replace(
        linked("made"), copies=copies, commands=("make",), cache_mounts=mounts
    )
    _, found = laid(linked("no"), linked("lib"), made, stage("only", "lib", "made"))
    (needs,) = (one for one in found.branches if one.name == "only.needs")
    assert needs.parts == (
        Part("only.needs.on", ("lib",)),
        Part("only.needs.copies", ("made",), copies=True),
        Part("only.needs", ("made",), begun=True),
    )
