"""Which of several builders makes a build."""

from dynbuild.engine.pool import chosen

AMD, ARM = ("linux/amd64", "linux/386"), ("linux/arm64", "linux/amd64")
BUILDERS = ["emulating", "native", "silent"]
PLATFORMS = {"emulating": ARM, "native": AMD}
FREE: dict[str, int] = {}


def test_its_own_platform_counts_before_what_it_has_to_do() -> None:
    busy = {"native": 5}
    assert chosen(BUILDERS, ["linux/amd64"], PLATFORMS, busy, ()) == "native"
    assert chosen(BUILDERS, ["linux/386"], PLATFORMS, busy, ()) == "native"
    assert chosen(BUILDERS, ["linux/arm64"], PLATFORMS, busy, ()) == "emulating"


def test_the_least_busy_is_first() -> None:
    two = {"a": AMD, "b": AMD}
    assert chosen(["a", "b"], ["linux/amd64"], two, FREE, ()) == "a"
    assert chosen(["a", "b"], ["linux/amd64"], two, {"a": 1}, ()) == "b"


def test_who_has_a_part_of_it_makes_it() -> None:
    wanted = ["linux/amd64"]
    assert chosen(BUILDERS, wanted, PLATFORMS, {"emulating": 9}, {"emulating"}) == (
        "emulating"
    )
    assert chosen(BUILDERS, wanted, PLATFORMS, FREE, {"one that is gone"}) == "native"


def test_what_no_builder_tells_is_tried() -> None:
    assert chosen(["silent"], ["linux/s390x"], PLATFORMS, FREE, ()) == "silent"
    assert chosen(BUILDERS, ["linux/s390x"], PLATFORMS, {"emulating": 1}, ()) == (
        "native"
    )
