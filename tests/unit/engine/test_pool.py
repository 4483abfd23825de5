"""Which of several builders makes a build."""

from dynbuild.engine.pool import chosen

AMD, ARM = ("linux/amd64", "linux/386"), ("linux/arm64", "linux/amd64")
BUILDERS = ["emulating", "native", "silent"]
PLATFORMS = {"emulating": ARM, "native": AMD}
FREE: dict[str, tuple[int, int]] = {}


def test_its_own_platform_counts_before_what_it_has_to_do() -> None:
    work = {"native": (5, 0)}
    assert chosen(BUILDERS, ["linux/amd64"], PLATFORMS, work, ()) == "native"
    assert chosen(BUILDERS, ["linux/386"], PLATFORMS, work, ()) == "native"
    assert chosen(BUILDERS, ["linux/arm64"], PLATFORMS, work, ()) == "emulating"


def test_the_least_busy_is_first() -> None:
    two = {"a": AMD, "b": AMD}
    assert chosen(["a", "b"], ["linux/amd64"], two, FREE, ()) == "a"
    assert chosen(["a", "b"], ["linux/amd64"], two, {"a": (1, 0)}, ()) == "b"


def test_who_has_a_part_of_it_makes_it() -> None:
    wanted, work = ["linux/amd64"], {"emulating": (9, 0)}
    home, gone = {"emulating"}, {"one that is gone"}
    assert chosen(BUILDERS, wanted, PLATFORMS, work, home) == "emulating"
    assert chosen(BUILDERS, wanted, PLATFORMS, FREE, gone) == "native"


def test_what_no_builder_tells_is_tried() -> None:
    assert chosen(["silent"], ["linux/s390x"], PLATFORMS, FREE, ()) == "silent"
    assert chosen(BUILDERS, ["linux/s390x"], PLATFORMS, {"emulating": (1, 0)}, ()) == (
        "native"
    )


def test_of_the_least_busy_the_one_that_has_most_of_what_is_needed() -> None:
    two, wanted = {"a": AMD, "b": AMD}, ["linux/amd64"]
    assert chosen(["a", "b"], wanted, two, {"a": (0, 7), "b": (0, 2)}, ()) == "b"
    assert chosen(["a", "b"], wanted, two, {"a": (0, 7), "b": (1, 2)}, ()) == "a"
    assert chosen(["a", "b"], wanted, two, {"a": (0, 7), "b": (0, 2)}, {"a"}) == "a"
