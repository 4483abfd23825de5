from dataclasses import replace

from dynbuild.digest import Digest
from dynbuild.link.lazy import LazyReads
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.placement import (
    Join,
    Placement,
    Placements,
    Standing,
    place,
)

Wrote = dict[Digest, list[WriteSet]]


def step(
    name: str,
    *on: str,
    sources: tuple[str, ...] = (),
    linked: bool = True,
    touches: tuple[str, ...] = (),
) -> Standing:
    return Standing(name, Digest(f"@{name}"), on, sources, linked, touches)


def file(content: str = "", *, new: bool = True) -> Written:
    return Written("file", 0o644, content=content, new=new)


def at(placed: Placements, name: str) -> Placement:
    return placed.places[placed.final[name]]


def on(placed: Placements, name: str) -> list[str]:
    """What a step stands on after all, by name."""
    return [placed.places[digest].id for digest in at(placed, name).closure]


def test_what_commutes_stays_where_it_is() -> None:
    order = [step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c")]
    wrote: Wrote = {
        Digest("@b"): [{"opt/x": file("1"), "var/log/dpkg.log": file("b")}],
        Digest("@c"): [{"opt/x": file("1"), "var/log/dpkg.log": file("c")}],
    }
    placed = place(order, wrote)
    assert placed.final == {name: f"@{name}" for name in "abcd"}
    assert placed.image == ("@a", "@b", "@c", "@d")
    assert at(placed, "d").closure == ("@a", "@b", "@c")
    assert not any(one.joins for one in placed.places.values())


def test_claims_count() -> None:
    """A library is below what makes the linker's cache, and nobody is warned of it."""
    order = [step("library"), step("other"), step("ldconfig")]
    wrote: Wrote = {
        Digest("@library"): [{"usr/local/lib/libown.so.1": file()}],
        Digest("@other"): [{"usr/local/lib/libother.so.1": file()}],
        Digest("@ldconfig"): [{"etc/ld.so.cache": file("cache", new=False)}],
    }
    placed = place(order, wrote)
    assert on(placed, "other") == []
    assert at(placed, "ldconfig").joins == (
        Join("library", (), ("ld.so.cache",)),
        Join("other", (), ("ld.so.cache",)),
    )


def test_the_later_is_put_on_the_earlier() -> None:
    order = [step("a"), step("b"), step("c"), step("d", "c"), step("e")]
    wrote: Wrote = {
        Digest("@a"): [{"etc/x": file("a"), "etc/passwd": file("a")}],
        Digest("@b"): [{"etc/y": file("b")}],
        Digest("@c"): [
            {"etc/x": file("c"), "etc/y": file("c"), "etc/passwd": file("c")}
        ],
        Digest("@d"): [{"opt/d": file("d")}],
    }
    placed = place(order, wrote)
    assert at(placed, "c").joins == (
        Join("a", ("etc/x",), ("passwd",)),
        Join("b", ("etc/y",), ()),
    )
    assert on(placed, "c") == ["a", "b"]
    assert on(placed, "d") == ["a", "b", "c"]
    assert on(placed, "e") == []
    assert placed.final["c"] != "@c"
    assert placed.final["d"] not in ("@d", placed.final["c"])


def test_one_conflict_may_bring_another() -> None:
    order = [step("a"), step("b"), step("c")]
    wrote: Wrote = {
        Digest("@a"): [{"x": file("a"), "y": file("a")}],
        Digest("@b"): [{"z": file("b")}],
        Digest("@c"): [{"x": file("c")}],
    }
    once = place(order, wrote)
    assert on(once, "c") == ["a"]
    wrote[once.final["c"]] = [{"x": file("c"), "z": file("c")}]
    twice = place(order, wrote)
    assert on(twice, "c") == ["a", "b"]
    wrote[twice.final["c"]] = [{}]
    assert place(order, wrote) == twice


def test_a_closure_is_a_set() -> None:
    """Standing on what another stands on already adds nothing."""
    chain = [step("a"), step("b", "a")]
    wrote: Wrote = {
        Digest("@a"): [{"x": file("a")}],
        Digest("@b"): [{"y": file("b")}],
        Digest("@c"): [{"x": file("c"), "y": file("c")}],
    }
    both = place([*chain, step("c")], wrote)
    wrote[Digest("@c")] = [{"y": file("c")}]
    assert place([*chain, step("c")], wrote).final == both.final


def test_all_that_is_known_is_known_at_once() -> None:
    """What a step wrote where it stood before stands for it until it is built."""
    order = [step(name) for name in "abcd"]
    wrote: Wrote = {
        Digest(f"@{name}"): [{"var/lib/dpkg/status": file(name, new=False)}]
        for name in "abcd"
    }
    placed = place(order, wrote)
    assert [on(placed, name) for name in "abcd"] == [
        [],
        ["a"],
        ["a", "b"],
        ["a", "b", "c"],
    ]
    assert all(not join.paths for join in at(placed, "d").joins)
    for digest in placed.image[1:]:
        wrote[digest] = [{"var/lib/dpkg/status": file(digest, new=False)}]
    assert place(order, wrote) == placed


def test_any_record_that_conflicts_counts() -> None:
    order = [step("a"), step("b")]
    wrote: Wrote = {
        Digest("@a"): [{"x": file("a")}],
        Digest("@b"): [{"y": file("b")}, {"x": file("b")}],
    }
    assert on(place(order, wrote), "b") == ["a"]


def test_touches_chain_from_the_start() -> None:
    order = [
        step("a", touches=("dpkg",)),
        step("b", touches=("passwd",)),
        step("c", touches=("passwd", "dpkg")),
        step("d", "c", touches=("dpkg",)),
    ]
    placed = place(order, {})
    assert at(placed, "c").joins == (
        Join("a", (), ("dpkg",)),
        Join("b", (), ("passwd",)),
    )
    assert at(placed, "d").joins == ()
    assert on(placed, "d") == ["a", "b", "c"]


def test_equal_steps_are_one() -> None:
    twin = Standing("b", Digest("@a"))
    placed = place([step("a"), twin, step("c", "a", "b")], {})
    assert placed.image == ("@a", "@c")
    assert at(placed, "c").closure == ("@a",)


def test_the_places_that_no_step_was_left_in_are_told() -> None:
    """Their records are why it is known what a step is put on."""
    order = [step("a"), step("b"), step("c")]
    wrote: Wrote = {Digest("@a"): [{"x": file("a")}], Digest("@b"): [{"x": file("b")}]}
    assert place(order, {}).passed == ()
    placed = place(order, wrote)
    assert placed.passed == ("@b",)
    again = {**wrote, at(placed, "b").digest: wrote[Digest("@b")]}
    assert place(order, again) == placed


def test_a_build_only_stack_is_its_own() -> None:
    """``mix`` holds a build-only step and a linked one that do not commute."""
    order = [
        step("tool", linked=False),
        step("lib"),
        step("mix", "tool", "lib", linked=False),
        step("app", "lib"),
        step("top", "mix", "app", linked=False),
    ]
    wrote: Wrote = {
        Digest("@tool"): [{"x": file("tool")}],
        Digest("@lib"): [{"x": file("lib")}],
    }
    placed = place(order, wrote)
    assert placed.image == ("@lib", "@app")
    assert on(placed, "tool") == on(placed, "lib") == []
    assert on(placed, "mix") == ["tool", "lib"]
    there = placed.places[at(placed, "mix").closure[1]]
    assert there.digest != "@lib"
    assert there.joins == (Join("tool", ("x",), ()),)
    # What stands on ``mix`` has its stack, and puts the rest there too.
    assert at(placed, "top").closure[:3] == (
        "@tool",
        there.digest,
        placed.final["mix"],
    )
    assert on(placed, "top") == ["tool", "lib", "mix", "app"]
    assert at(placed, "top").closure[3] != placed.final["app"]


def test_what_is_found_in_the_image_holds_there() -> None:
    """A build-only stage sees what it declares: another place of ``b``, by itself."""
    order = [step("a"), step("b"), step("c", "b", linked=False)]
    wrote: Wrote = {Digest("@a"): [{"x": file("a")}], Digest("@b"): [{"x": file("b")}]}
    placed = place(order, wrote)
    assert on(placed, "b") == ["a"]
    assert on(placed, "c") == ["b"]
    assert at(placed, "c").closure == ("@b",)


def test_a_copy_is_of_its_source_by_itself() -> None:
    """It sees what the source declares, and not what the image put that on."""
    order = [step("one"), step("two"), step("copy", sources=("two",))]
    wrote: Wrote = {
        Digest(f"@{name}"): [{"etc/passwd": file(name, new=False)}]
        for name in ("one", "two")
    }
    placed = place(order, wrote)
    assert on(placed, "two") == ["one"]
    assert at(placed, "copy").sources == ("@two",)
    assert at(placed, "copy").digest == "@copy"


def test_a_copy_is_of_its_source_in_its_place() -> None:
    """Where the source is put on another, what copies from it is another step."""
    order = [
        step("one"),
        step("two"),
        step("source", "one", "two"),
        step("copy", sources=("source",)),
        step("above", "copy"),
    ]
    apart = place(order, {})
    assert at(apart, "copy").digest == "@copy"
    assert at(apart, "copy").sources == ("@source",)
    wrote: Wrote = {
        Digest(f"@{name}"): [{"etc/passwd": file(name, new=False)}]
        for name in ("one", "two")
    }
    together = place(order, wrote)
    assert on(together, "two") == ["one"]
    assert at(together, "copy").sources == (at(together, "source").digest,)
    digests = {at(together, name).digest for name in ("source", "copy", "above")}
    assert len(digests) == 3
    assert digests.isdisjoint({"@source", "@copy", "@above"})
    # By what the source stands on, and not only by itself.
    wrote[Digest("@one")] = [{"etc/passwd": file("x", new=False), "x": file()}]
    wrote[at(together, "two").digest] = [{"x": file("y")}]
    assert place(order, wrote).final == together.final


def test_a_build_only_source_has_a_place_of_its_own() -> None:
    order = [
        step("apt", touches=("dpkg",)),
        step("tools", "apt", linked=False, touches=("dpkg",)),
        step("apt2", "apt", touches=("dpkg",)),
        step("compile", "tools", "apt2", linked=False),
        step("app", sources=("compile",)),
    ]
    placed = place(order, {})
    assert on(placed, "compile") == ["apt", "tools", "apt2"]
    assert at(placed, "app").sources == (at(placed, "compile").digest,)
    assert at(placed, "app").digest != "@app"
    assert list(placed.places)[-1] == at(placed, "app").digest


DIRECTORY = Written("directory", 0o755)


def reads_of(order: list[Standing], wrote: Wrote, read: dict[str, str]) -> list[Join]:
    """Why the last step was put on others, whose records read these."""
    known = {Digest(f"@{id_}"): [(what,)] for id_, what in read.items()}
    placed = place(order, wrote, known)
    return list(placed.places[placed.final[order[-1].id]].joins)


def test_a_step_is_put_on_what_it_reads() -> None:
    order = [step("a"), step("b"), step("c")]
    wrote: Wrote = {
        Digest("@a"): [{"usr": DIRECTORY, "usr/x": DIRECTORY, "usr/x/a": file("a")}],
        Digest("@b"): [{"usr": DIRECTORY, "usr/b": file("b")}],
        Digest("@c"): [{"c": file("c")}],
    }
    assert reads_of(order, wrote, {"c": "usr/x"}) == [Join("a", reads=("usr/x/a",))]
    assert reads_of(order, wrote, {"c": "usr/x/*.so"}) == []
    assert reads_of(order, wrote, {"c": "usr/y"}) == []
    assert reads_of(order, wrote, {"a": "usr/b"}) == []
    on_a = [step("a"), step("b"), step("c", "a")]
    assert reads_of(on_a, wrote, {"c": "usr/x"}) == []


def test_directories_alone_are_not_read_and_what_hides_them_is() -> None:
    order = [step("a"), step("b")]
    for above, joins in (
        ({"usr": DIRECTORY, "usr/x": DIRECTORY}, []),
        ({"usr": Written("whiteout")}, [Join("a", reads=("usr",))]),
        ({"usr": Written("opaque", 0o755)}, [Join("a", reads=("usr",))]),
    ):
        assert reads_of(order, {Digest("@a"): [above]}, {"b": "usr/x/y"}) == joins


def test_what_a_step_is_known_to_read_before_it_is_built() -> None:
    order = [step("a"), replace(step("b"), reads=("etc/skel",))]
    wrote: Wrote = {
        Digest("@a"): [
            {"etc": DIRECTORY, "etc/skel": DIRECTORY, "etc/skel/x": file("")}
        ]
    }
    assert reads_of(order, wrote, {}) == [Join("a", reads=("etc/skel/x",))]


def test_nobody_asks_what_a_step_read_that_stands_on_all_before_it() -> None:
    def found() -> tuple[str, ...]:
        raise AssertionError

    order = [step("a"), step("b", "a")]
    wrote: Wrote = {Digest("@a"): [{"a": file("a")}], Digest("@b"): [{"b": file("b")}]}
    place(order, wrote, {Digest("@b"): [LazyReads(found)]})


def test_a_record_of_a_place_tells_what_is_below_it() -> None:
    """Nobody has the record of the place before, where the conflict was found."""
    order = [step("a"), step("b"), step("c"), step("d", "c")]
    wrote: Wrote = {
        Digest("@a"): [{"x": file("a")}],
        Digest("@b"): [{"y": file("b")}],
        Digest("@c"): [{"x": file("c")}],
    }
    bare = place(order, wrote)
    del wrote[Digest("@c")]
    assert on(place(order, wrote), "c") == []
    wrote[bare.final["c"]] = [{"x": file("c")}]
    told = {Digest("@c"): [(Digest("@a"), Digest("@b")), (Digest("@a"),)]}
    placed = place(order, wrote, joined=told)
    assert placed.final == bare.final
    assert at(placed, "c").joins == (Join("a", ("x",)),)
    # What it wrote on that may tell more; then no record is of where it has to be.
    wrote[bare.final["c"]] = [{"x": file("c"), "y": file("c")}]
    more = place(order, wrote, joined=told)
    assert on(more, "c") == ["a", "b"]
    assert more.passed == (bare.final["c"],)
    # A record in its own place says more than one in another.
    wrote[Digest("@c")] = [{"z": file("c")}]
    assert on(place(order, wrote, joined=told), "c") == []
    # What is not there any more, or behind it, it cannot be put on.
    del wrote[Digest("@c")]
    assert on(place(order[1:], wrote, joined=told), "c") == []
    assert on(place([order[2], order[0]], wrote, joined=told), "c") == []
