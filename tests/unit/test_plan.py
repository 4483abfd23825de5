from dataclasses import replace

from dynbuild.digest import Digest
from dynbuild.link.choice import Held
from dynbuild.link.model import Layer, Record, WriteSet, Written
from dynbuild.lockfile.order import Placed
from dynbuild.plan import (
    Build,
    Choice,
    Reuse,
    Unneeded,
    plan,
    reached,
    shared_layers,
    standing,
)
from dynbuild.steps.managers.left_out import DIRECTORY, mark_of
from dynbuild.steps.model import Copy, Group, Install, OwnBase, Script, Stage


def stage(
    name: str, *on: str, source: str | None = None, build_only: bool = False
) -> Placed:
    copies = (Copy("/a", "/a", stage=source),) if source else ()
    step = Stage(name, dependencies=on, copies=copies, build_only=build_only)
    return Placed(name, step, 1, on)


def record(
    name: str,
    *on: Held,
    writes: WriteSet | None = None,
    platform: str = "p",
    sources: tuple[Held, ...] = (),
) -> Held:
    return Held(
        Record(
            placed=Digest(f"@{name}"),
            step=Digest(f"@{name}"),
            platform=platform,
            layers=(Layer(Digest(f"layer-{name}"), Digest("blob"), 1),),
            writes=writes or {},
            on=tuple(sorted(one.record.id for one in on)),
            sources=tuple((one.record.placed, one.record.id) for one in sources),
        )
    )


def choices(order: list[Placed], *held: Held) -> dict[str, Choice]:
    digests = {one.id: Digest(f"@{one.id}") for one in order}
    planned = plan(order, digests, "p", held)
    return {
        planned.places.places[digest].id: choice
        for digest, choice in planned.choices.items()
    }


def test_each_step_is_reused_or_built() -> None:
    order = [stage("a"), stage("b", "a"), stage("c")]
    a = record("a")
    b = record("b", a)
    assert choices(order) == {"a": Build(), "b": Build(), "c": Build()}
    assert choices(order, b, a) == {
        "a": Reuse(a.record, 0),
        "b": Reuse(b.record, 0),
        "c": Build(),
    }
    assert choices(order, record("a", platform="q"))["a"] == Build()


def test_layers_of_a_stack() -> None:
    order = [stage("a"), stage("b")]
    digests = {"a": Digest("@a"), "b": Digest("@b")}
    planned = plan(order, digests, "p", [record("a")])
    assert planned.layers(["@a"]) == record("a").record.layers  # type: ignore[list-item]
    assert planned.layers(planned.places.image) is None


def test_steps_without_a_digest_are_left_out() -> None:
    """Live content may not be known yet."""
    order = [stage("a"), stage("b")]
    assert [one.id for one in standing(order, {"b": Digest("@b")})] == ["b"]


def test_what_a_step_wrote_puts_it_on_another() -> None:
    order = [stage("a"), stage("b")]
    one, other = (
        record(name, writes={"x": Written("file", content=name, new=True)})
        for name in "ab"
    )
    assert choices(order, one, other) == {"a": Reuse(one.record, 0), "b": Build()}


def test_build_only_steps_are_built_for_what_is_built() -> None:
    order = [
        stage("tools", build_only=True),
        stage("compile", "tools", build_only=True),
        stage("app", source="compile"),
        stage("spare", build_only=True),
    ]
    assert choices(order) == {
        "app": Build(),
        "tools": Build(),
        "compile": Build(),
        "spare": Unneeded(),
    }
    tools = record("tools")
    held = record("compile", tools)
    app = record("app", sources=(held, tools))
    assert choices(order, app) == {
        "app": Reuse(app.record, 0),
        "tools": Unneeded(),
        "compile": Unneeded(),
        "spare": Unneeded(),
    }
    assert choices(order, held, tools)["compile"] == Reuse(held.record, 0)


def test_shared_layers() -> None:
    order = [Placed(f"script.{seq}", Script("x"), seq, ()) for seq in range(1, 4)]
    order += [Placed("a", Stage("a", commands=("x",)), 4, ())]
    order += [Placed("b", Stage("b", commands=("x",)), 9, (), live=True)]
    assert shared_layers(order, {"a": 2}, 5) == tuple((one.id,) for one in order)
    assert shared_layers(order, {"a": 2}, 4) == (
        ("script.1", "script.2", "script.3", "a"),
        ("b",),
    )


def test_a_layer_that_lacks_what_is_declared_is_of_no_use() -> None:
    declared = {"a": "a=1", "b": "b"}
    group = Group("apt", {"a": Install("a=1"), "b": Install("b")}, declared)
    later = replace(group, gone=frozenset({"a"}))
    mark = f"{DIRECTORY}/{mark_of('apt', 'a=1')}"
    lacking = record(
        "apt.1", writes={DIRECTORY: Written("directory"), mark: Written("file")}
    )
    whole = record("apt.1", writes={"usr": Written("directory")})
    for step, held, found in (
        (group, lacking, Build()),
        (group, whole, Reuse(whole.record, 0)),
        (later, lacking, Reuse(lacking.record, 0)),
        (later, whole, Reuse(whole.record, 0)),
        (replace(group, gone=frozenset({"b"})), lacking, Build()),
    ):
        assert choices([Placed("apt.1", step, 1, ())], held) == {"apt.1": found}


def test_no_tier_hides_what_was_just_built() -> None:
    """Records that cannot be used, however many, near and young they are."""
    order = [stage("a"), stage("b", "a")]
    digests = {"a": Digest("@a"), "b": Digest("@b")}
    a = record("a")
    odd = [
        Held(replace(record("b", record(f"x{n}")).record, made=1 << 62))
        for n in range(200)
    ]
    b = record("b", a)
    found = plan(order, digests, "p", [*odd, a], made=[b])
    assert found.choices[Digest("@b")] == Reuse(b.record, 0)
    assert plan(order, digests, "p", [*odd[:9], a, b]).choices == found.choices


def test_a_record_is_of_the_platform_that_its_step_runs_on() -> None:
    """Whatever the image is for; one that states another is of no use."""
    own = Placed("a", Stage("a"), 1, (), own_base=OwnBase("golang:1", "q"))
    p, q = record("a", platform="p"), record("a", platform="q")
    for placed, held, found in (
        (stage("a"), p, Reuse(p.record, 0)),
        (stage("a"), q, Build()),
        (own, q, Reuse(q.record, 0)),
        (own, p, Unneeded()),
    ):
        assert choices([placed], held) == {"a": found}


def test_two_stages_that_are_the_same_have_one_place() -> None:
    order = [
        stage("a", build_only=True),
        stage("b", build_only=True),
        stage("c", source="b"),
    ]
    digests = {"a": Digest("@same"), "b": Digest("@same"), "c": Digest("@c")}
    found = plan(order, digests, "p", [])
    assert found.places.sources == {"a": Digest("@same"), "b": Digest("@same")}
    assert found.places.places[Digest("@c")].sources == (Digest("@same"),)
    held = Held(replace(record("a").record, placed=Digest("@same")))
    again = plan(order, digests, "p", [], anew=["b"], made=[held])
    assert again.choices[Digest("@same")] == Reuse(held.record, 0)


def test_only_groups_say_what_they_lack() -> None:
    """A stage may copy or remove such a file: that says nothing of itself."""
    mark = {DIRECTORY: Written("directory"), f"{DIRECTORY}/x": FILE}
    held = record("a", writes=mark)
    assert choices([stage("a")], held) == {"a": Reuse(held.record, 0)}
    group = Placed("a", Group("apt", {"jq": Install("jq")}, {"jq": "jq"}), 1, ())
    assert choices([group], held) == {"a": Build()}


FILE = Written("file", new=True)


def test_what_an_image_is_made_from() -> None:
    order = [
        stage("tools", build_only=True),
        stage("compile", "tools", build_only=True),
        stage("spare", build_only=True),
        stage("app", source="compile"),
    ]
    assert reached(order) == {"tools", "compile", "app"}
