"""Variables that nothing sets, in a declaration and in a lock."""

import pytest

from dynbuild.errors import DeclarationError
from tests.e2e.locks import lock
from tests.space import Space

VARIABLES = """\
[[stages]]
name = "tools"
env = {{ HOME = "/opt", PATH = "$HOME/bin:$PATH"{more} }}
commands = ["true"]
"""


def test_variables_that_nothing_sets(space: Space) -> None:
    space.write("dynbuild.toml", VARIABLES.format(more=', X = "$PAHT"'))
    space.ok("check")  # the base may set it
    with pytest.raises(DeclarationError) as told:
        lock(space, (space.root / "dynbuild.toml").read_text())
    shown = str(told.value)
    assert "dynbuild.toml:3:54: error[DB0155]: X cannot be set" in shown
    assert "it names $PAHT, which is not set" in shown
    assert "did you mean 'PATH'?" in shown


def test_variables_of_a_lock_edited_by_hand(space: Space) -> None:
    lock(space, VARIABLES.format(more=', X = "1"'))
    path = space.root / "dynbuild.lock"
    assert "/opt/bin:/usr" in space.ok("realize", "--print", "--frozen").out
    whole = path.read_text()
    for value in ("$NO", "$PATH" * 2000, "$HOME$X2"):
        path.write_text(whole.replace('X = "1"', f'X = "{value}"\nX2 = "$X"'))
        done = space.run("realize", "--print", "--frozen")
        assert (done.status, "DB0416" in done.err) == (3, True), done.err
        assert "the lock cannot set X" in done.err


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("DYNBUILD_ACCEPT_CACHE", "maybe", "DYNBUILD_ACCEPT_CACHE (the environment)"),
        ("DYNBUILD_COLOR", "pink", "DYNBUILD_COLOR (the environment)"),
        ("MINIO_ENDPOINT", "http://", "MINIO_ENDPOINT=… is not a host or host:port"),
        ("MINIO_ENDPOINT", " ", "MINIO_ENDPOINT=… is not a host or host:port"),
        ("MINIO_ENDPOINT", "x[", "MINIO_ENDPOINT=… is not a host or host:port"),
        ("MINIO_ENDPOINT", "a:99999", "MINIO_ENDPOINT=… is not a host or host:port"),
        ("MINIO_ENDPOINT", "[::1]:x", "MINIO_ENDPOINT=… is not a host or host:port"),
        ("CACHE_REGISTRY", "host:5000", "a repository such as ghcr.io/acme/cache"),
    ],
)
def test_variables_of_the_environment_are_blamed_by_name(
    space: Space, variable: str, value: str, told: str
) -> None:
    lock(space, VARIABLES.format(more=""))
    done = space.run("status", **{variable: value})
    assert (done.status, told in done.err) == (2, True), done.err
