"""A lock that a stranger edited: what it may not use up, or make dynbuild do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.locks import lock
from tests.hostile.growing import growing

if TYPE_CHECKING:
    from tests.space import Space


def test_a_lock_whose_variables_grow_without_bound(space: Space) -> None:
    """A lock that was edited so is refused by every command that reads it."""
    lock(space, growing("$B"))
    path = space.root / "dynbuild.lock"
    path.write_text(path.read_text().replace('B = "$B"', 'B = "$B$B$B$B"'))
    for words in (["realize", "--print", "--frozen"], ["graph"], ["diff"]):
        done = space.run(*words)
        assert done.status in (1, 2, 3)
        assert "Traceback" not in done.err


def test_a_lock_whose_variables_need_one_another(space: Space) -> None:
    """A circle is a message, whatever command reads the lock."""
    lock(space, growing("$B"))
    path = space.root / "dynbuild.lock"
    circle = 'A = "$B"\nB = "$A"'
    path.write_text(path.read_text().replace('B = "$B"', circle, 1))
    done = space.run("realize", "--print", "--frozen")
    assert (done.status, "DB0416" in done.err) == (3, True), done.err
