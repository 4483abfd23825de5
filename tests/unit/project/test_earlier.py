"""The versions of a lock in git, as expectation looks at them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dynbuild.environment.earlier import earlier_locks
from dynbuild.explain.blame import Commit
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.model import Lock
from dynbuild.ports import CommittedUnknownError
from tests.properties.strategies import BASES

LOCK = Lock(BASES[0])
OTHER = replace(LOCK, scripts={"true": 1})


@dataclass
class Git:
    """A history: the text of the lock at each commit, newest first."""

    texts: list[str | None]
    fails: bool = False

    def commits(self, most: int | None = None) -> list[tuple[Commit, tuple[str, ...]]]:
        if self.fails:
            raise CommittedUnknownError("git failed")
        numbers = range(len(self.texts))[:most]
        return [(Commit(str(number), "", "", ""), ()) for number in numbers]

    def committed(self, revision: str) -> str | None:
        return self.texts[int(revision)]


def test_the_last_that_differ_newest_first() -> None:
    older = replace(LOCK, scripts={"false": 1})
    git = Git([dumps(LOCK), dumps(OTHER), dumps(older), dumps(OTHER)])
    assert list(earlier_locks(git, LOCK)) == [OTHER, older]


def test_what_git_does_not_say_and_what_is_no_lock_is_left_out() -> None:
    assert list(earlier_locks(Git(["<<<", None, dumps(OTHER)]), LOCK)) == [OTHER]
    assert list(earlier_locks(Git([], fails=True), LOCK)) == []
