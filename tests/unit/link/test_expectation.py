"""What is expected of steps that were never built in their place."""

from dynbuild.digest import Digest
from dynbuild.link.model import Written
from dynbuild.link.placement import Expected, place
from tests.unit.link.test_placement import Wrote, file, on, step


def test_what_is_expected_places_a_step_that_was_never_built() -> None:
    order = [step("a"), step("b"), step("c")]
    wrote: Wrote = {Digest("@a"): [{"x": file("a")}]}
    like_a = {Digest("@b"): Expected({"x": file("b")})}
    expected = place(order, wrote, expected=like_a)
    assert on(expected, "b") == ["a"]
    assert expected.passed == (Digest("@b"),)
    # A record of its place says more: it does not write that now.
    wrote[Digest("@b")] = [{"y": file("b")}]
    assert on(place(order, wrote, expected=like_a), "b") == []


def test_what_is_expected_to_be_read_places_a_step_too() -> None:
    order = [step("a"), step("b")]
    below = Written("directory", 0o755)
    wrote: Wrote = {Digest("@a"): [{"x": below, "x/y": file("a")}]}
    expected = place(order, wrote, expected={Digest("@b"): Expected({}, ("x",))})
    assert on(expected, "b") == ["a"]


def test_of_records_on_more_the_one_that_was_put_on_least_is_taken() -> None:
    order = [step("a"), step("b"), step("c")]
    wrote: Wrote = {
        Digest("@a"): [{"x": file("a")}],
        Digest("@b"): [{"y": file("b")}],
        Digest("@c"): [{"x": file("c"), "y": file("c")}],
    }
    more = place(order, wrote).final["c"]
    wrote[Digest("@c")] = [{"x": file("c")}]
    less = place(order, wrote).final["c"]
    del wrote[Digest("@c")]
    wrote[more] = wrote[less] = [{"x": file("c")}]
    told = {Digest("@c"): [(Digest("@a"), Digest("@b")), (Digest("@a"),)]}
    assert place(order, wrote, joined=told).final["c"] == less
    del wrote[less]
    assert place(order, wrote, joined=told).final["c"] == more


def test_a_step_of_which_nothing_is_known_beside_a_database() -> None:
    order = [step("a", touches=("dpkg",)), step("b"), step("c", "a")]
    placed = place(order, {})
    assert placed.unforeseen == {Digest("@b")}
    known = {Digest("@b"): [{"y": file("b")}]}
    assert place(order, known).unforeseen == frozenset()
