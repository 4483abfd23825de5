"""A lock that nobody can read: `lock` writes a new one, and says what is lost."""

import pytest

from tests.e2e.locks import START, committed
from tests.space import Space


@pytest.mark.parametrize("broken", ["version = [", "version = 1\nwrong = 7\n"])
def test_a_committed_lock_that_is_broken_is_replaced(
    broken: str, built: Space, busybox_base: str
) -> None:
    text = START.replace("debian:bookworm-slim", busybox_base)
    built.write("dynbuild.toml", text)
    built.ok("lock")
    good = built.read("dynbuild.lock")
    built.commit()
    built.write("dynbuild.lock", broken)
    built.commit()
    done = built.run("realize", "--print", "--frozen")
    assert (done.status, "git checkout -- dynbuild.lock" in done.err) == (3, True)
    done = built.ok("lock")
    assert "warning[DB0185]: HEAD's lock cannot be read" in done.err
    assert "`git log -- dynbuild.lock`" in done.err
    assert built.read("dynbuild.lock") == good
    assert "DB0417" in built.ok("lock").err


def test_a_newer_committed_lock_is_not_replaced(space: Space) -> None:
    committed(space, START)
    space.write("dynbuild.lock", "version = 99\n")
    space.commit()
    (space.root / "dynbuild.lock").unlink()
    done = space.run("lock")
    assert (done.status, "DB0406" in done.err) == (3, True)


def test_an_image_that_no_pin_is_left_of(space: Space) -> None:
    """One of two merged changes took the last use of it away: the update mends it."""
    base = "docker.io/library/debian:stable-slim"
    space.write("dynbuild.toml", 'base = "debian:stable-slim"\n')
    stage = '[stages.c]\nseq = 1\nbase = "docker.io/library/x"\nbuild_only = true\n'
    text = f'version = 4\n\n[base]\nimage = "{base}"\n\n{stage}commands = ["true"]\n'
    space.write("dynbuild.lock", text)
    refused = space.run("lock", "--check")
    assert "DB0409" in refused.err
    space.ok("lock")
    space.ok("lock", "--check")
