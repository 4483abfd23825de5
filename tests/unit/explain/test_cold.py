"""How much of what package groups brought lies below what took its place."""

import pytest

from dynbuild.explain.cold import Laid, Weight, has_superseded, weight
from dynbuild.link.model import Kind, Written
from dynbuild.steps.model import Action, Freshen, Group, Install, Remove, Upgrade

MB = 1_000_000


def laid(size: int, writes: dict[str, Kind]) -> Laid:
    return Laid(size, {path: Written(kind) for path, kind in writes.items()})


def test_nothing_lies_above_the_highest() -> None:
    assert weight([]) == Weight(0, 0)
    assert weight([laid(3 * MB, {"a": "file", "b": "file"})]) == Weight(3 * MB, 0)


def test_what_is_written_again_is_cold() -> None:
    low = laid(4 * MB, {f"lib/{n}": "file" for n in range(4)})
    high = laid(2 * MB, {"lib/1": "file", "lib": "directory", "bin/new": "file"})
    assert weight([low, high]) == Weight(6 * MB, MB)
    # Three versions of one file: two are cold.
    again = [laid(MB, {"lib/1": "file"})] * 2
    assert weight([low, *again]) == Weight(6 * MB, 2 * MB)
    # What took its place weighs more than all that there was.
    assert weight([low, laid(9 * MB, {"lib/1": "file"})]) == Weight(13 * MB, 4 * MB)


def test_a_large_file_among_many_small_ones() -> None:
    """Who counted files alone would say a hundredth."""
    low = laid(50 * MB, {f"share/{n}": "file" for n in range(99)} | {"bin/x": "file"})
    assert weight([low, laid(45 * MB, {"bin/x": "file"})]) == Weight(95 * MB, 45 * MB)


@pytest.mark.parametrize(
    ("above", "cold"),
    [
        ({"opt/a": "whiteout"}, MB),
        ({"opt": "whiteout"}, 2 * MB),
        ({"opt": "opaque"}, 2 * MB),
        ({"": "opaque"}, 4 * MB),
        ({"opt": "file"}, 2 * MB),
        ({"opt/a": "symlink"}, MB),
        ({"opt": "directory"}, 0),
        ({"op": "whiteout"}, 0),
    ],
)
def test_what_is_removed_is_cold(above: dict[str, Kind], cold: int) -> None:
    files = ("opt/a", "opt/b", "usr/a", "usr/b")
    low = laid(4 * MB, dict.fromkeys(files, "file"))
    assert weight([low, laid(0, above)]).cold == cold


def test_databases_are_no_sign_of_a_version() -> None:
    status: dict[str, Kind] = {"var/lib/dpkg/status": "file"}
    groups = [laid(MB, {**status, f"bin/{n}": "file"}) for n in range(5)]
    assert weight(groups) == Weight(5 * MB, 0)
    assert weight([laid(MB, status)] * 2) == Weight(2 * MB, 0)


@pytest.mark.parametrize(
    ("size", "cold", "much"),
    [
        (3 * MB, MB, False),
        (3 * MB, MB + 1, True),
        (MB, MB - 1, False),
        (MB, MB, True),
        (90 * MB, 29 * MB, False),
        (90 * MB, 31 * MB, True),
        (0, 0, False),
    ],
)
def test_a_third_and_a_megabyte(size: int, cold: int, *, much: bool) -> None:
    assert Weight(size, cold).is_much is much


def group(*, upgrades: bool = False, **actions: Action) -> Group:
    return Group("apt", actions, {}, upgrades=upgrades)


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        ([], False),
        ([group(jq=Install("jq"), git=Install("git"))], False),
        ([group(jq=Install("jq")), group(git=Install("git"))], False),
        ([group(jq=Install("jq")), group(jq=Install("jq=2"))], True),
        ([group(jq=Install("jq")), group(jq=Remove())], True),
        ([group(jq=Install("jq")), group(jq=Upgrade())], True),
        ([group(jq=Install("jq")), group(libjq1=Freshen())], True),
        ([group(jq=Install("jq")), group(upgrades=True)], True),
        # What the base has is nothing of the log's.
        ([group(upgrades=True)], False),
        ([group(libc6=Freshen()), group(jq=Install("jq"))], False),
    ],
)
def test_which_logs_are_looked_at(groups: list[Group], *, found: bool) -> None:
    assert has_superseded(groups) is found
