"""A lock whose package logs have outgrown what is declared says so."""

from tests.e2e.locks import committed
from tests.space import Space

BASE = 'base = "debian:bookworm-slim"\napt_packages = ['


def declared(version: int) -> str:
    """Ten packages, of which every version changes all but one, each time another."""
    versions = [
        max(one for one in range(version + 1) if not one or one % 10 != number)
        for number in range(10)
    ]
    specs = (f'"p{number}={one}"' for number, one in enumerate(versions))
    return f"{BASE}{', '.join(specs)}]\n"


def test_a_log_that_has_outgrown_what_is_declared(space: Space) -> None:
    for version in range(11):
        committed(space, declared(version))
    assert "DB0423" not in space.ok("lock").err
    space.write("dynbuild.toml", declared(11))
    told = space.ok("lock").err
    assert (
        "warning[DB0423]: the lock has 109 events for the 10 packages declared" in told
    )
    assert "(1 of 1 step run: never measured)" in told
    space.ok("lock", "--repack")
    assert "DB0423" not in space.ok("lock").err


def test_a_log_of_which_nothing_is_left_does_not_grow(space: Space) -> None:
    for version in range(30):
        specs = ", ".join(f'"p{number}={version}"' for number in range(10))
        committed(space, f"{BASE}{specs}]\n")
    text = (space.root / "dynbuild.lock").read_text()
    assert 'p0 = ["30 p0=29"]\n' in text
    assert "DB0423" not in space.ok("lock").err
