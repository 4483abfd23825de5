"""A lock whose package logs have outgrown what is declared says so."""

from tests.e2e.locks import committed
from tests.space import Space

BASE = 'base = "debian:bookworm-slim"\napt_packages = ['
PACKAGES = [f"p{number}" for number in range(10)]


def test_a_log_that_has_outgrown_what_is_declared(space: Space) -> None:
    for version in range(10):
        specs = ", ".join(f'"{name}={version}"' for name in PACKAGES)
        committed(space, f"{BASE}{specs}]\n")
    assert "DB0423" not in space.ok("lock").err
    specs = ", ".join(f'"{name}=10"' for name in PACKAGES)
    space.write("dynbuild.toml", f"{BASE}{specs}]\n")
    told = space.ok("lock").err
    assert (
        "warning[DB0423]: the lock has 110 events for the 10 packages declared" in told
    )
    space.ok("lock", "--repack")
    assert "DB0423" not in space.ok("lock").err
