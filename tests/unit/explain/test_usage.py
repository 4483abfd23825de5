"""Hit rates and time saved, by day."""

from dynbuild.explain.past import BuildSummary
from dynbuild.explain.usage import by_day, most_moved, slowest, together
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.steps.model import Pin, Stage

DAY = 86_400.0


def told(ended: float, failed: str | None = None, **steps: int) -> BuildSummary:
    return BuildSummary(ended, 10.0, "linux/amd64", failed, steps, ran=3.0, saved=7.0)  # type: ignore[arg-type]


def test_days() -> None:
    builds = [
        told(20 * DAY + 1, built=4),
        told(21 * DAY + 1, "a", built=1, local=2, squashed=1),
        told(22 * DAY - 1, local=1),
    ]
    first, second = by_day(builds)
    assert (first.start, first.builds, first.failed) == (20 * DAY, 1, 0)
    assert (first.rate("built"), first.rate("local")) == (1.0, 0.0)
    assert (second.builds, second.failed, second.total) == (2, 1, 4)
    assert (second.rate("local"), second.rate("built")) == (0.75, 0.25)
    assert (second.seconds, second.ran, second.saved) == (20.0, 6.0, 14.0)


def test_nothing() -> None:
    assert by_day([]) == ()
    assert together(0.0, []).rate("local") == 0.0


def test_what_is_slow_and_what_moves() -> None:
    seconds = {"a": 1.0, "b": 3.0, "c": 2.0, "gone": 9.0}
    assert slowest(seconds, ["a", "b", "c", "d"], 2) == (("b", 3.0), ("c", 2.0))
    stages = {
        name: Entry(Stage(name), seq, moves)
        for seq, (name, moves) in enumerate({"a": 0, "b": 2, "c": 5, "d": 2}.items())
    }
    lock = Lock(Pin("x", None), stages=stages)
    assert most_moved(lock, 2) == (("c", 5), ("b", 2))
