"""What ``lock`` says of snapshots, without an engine; nobody answers for the base."""

from pathlib import Path

import pytest

from tests.e2e.locks import committed, lock
from tests.space import Space

A, B, C = "20261001T000000Z", "20261015T000000Z", "20261101T000000Z"


def declared(at: str | None, *packages: str) -> str:
    said = "" if at is None else f'apt_snapshot = "{at}"\n'
    names = ", ".join(f'"{name}"' for name in packages)
    return f'base = "127.0.0.1:9/debian:12"\n{said}apt_packages = [{names}]\n'


def text(space: Space) -> str:
    return (space.root / "dynbuild.lock").read_text()


def test_a_time_before_that_of_what_is_there(space: Space) -> None:
    committed(space, declared(B, "curl"))
    before = text(space)
    space.write("dynbuild.toml", declared(A, "curl"))
    assert "up to date" in space.ok("lock").err
    space.write("dynbuild.toml", declared(A, "curl", "jq"))
    done = space.run("lock")
    assert done.status == 2
    assert "dynbuild.toml:2:16: error[DB0445]" in done.err
    assert f"apt_snapshot is {A}, and apt.1 came from {B}" in done.err
    assert text(space) == before
    assert space.run("lock", "--check").status == 1
    space.ok("lock", "--repack")
    assert f'jq = ["1@{A} jq"]' in text(space)


def test_a_time_that_is_yet_to_come(space: Space) -> None:
    committed(space, declared(A, "curl"))
    space.write("dynbuild.toml", declared("20990101T000000Z", "curl", "jq"))
    done = space.run("lock")
    assert done.status == 2
    assert "apt_snapshot is 20990101T000000Z, which is yet to come: it is " in done.err


def test_what_came_from_no_snapshot(space: Space) -> None:
    committed(space, declared(None, "curl"))
    space.write("dynbuild.toml", declared(A, "curl", "jq"))
    assert "warning[DB0447]: apt.1 came from no snapshot" in space.ok("lock").err
    space.git("add", "-A")
    space.git("commit", "-qm", "x")
    space.write("dynbuild.toml", declared(A, "curl", "jq", "git"))
    assert "DB0447" not in space.ok("lock").err


def test_an_upgrade_to_the_same_time(space: Space) -> None:
    committed(space, declared(A, "curl"))
    done = space.ok("lock", "--upgrade-packages")
    assert (
        "warning[DB0449]: apt.2 upgrades what came from the same snapshot" in done.err
    )
    assert "DB0449" not in space.ok("lock").err
    # The same edit: it is asked for again, of the time that is said now.
    space.write("dynbuild.toml", declared(B, "curl"))
    assert "DB0449" not in space.ok("lock", "--upgrade-packages").err
    assert f'curl = ["1@{A} curl", "2^2@{B} ^"]' in text(space)


@pytest.mark.parametrize("driver", [True, False])
def test_two_branches_with_a_time_each(space: Space, driver: bool) -> None:  # noqa: FBT001
    committed(space, declared(A, "curl"))
    root = Path(space.root)
    base = text(space)
    lock(space, declared(C, "curl", "git"))
    ours = text(space)
    space.write("dynbuild.lock", base)
    lock(space, declared(A, "curl", "jq"))
    lock(space, declared(B, "curl", "jq", "vim"))
    theirs = text(space)
    if driver:
        for name, one in (("base", base), ("ours", ours), ("theirs", theirs)):
            (root / name).write_text(one)
        done = space.ok("lock", "--merge", "base", "ours", "theirs")
        merged = (root / "ours").read_text()
        assert f'vim = ["3@{C} vim"]' in merged
        assert f"apt_snapshot (what the branch brings comes from {C})" in done.err
    else:
        lines = [one for one in theirs.splitlines() if one not in ours.splitlines()]
        merged = ours.replace("[apt]\n", "\n".join(["[apt]", *lines, ""]))
    both = declared(C, "curl", "git", "jq", "vim")
    space.write("dynbuild.toml", both)
    space.write("dynbuild.lock", merged)
    space.git("add", "-A")
    space.git("commit", "-qm", "x")
    told = f"warning[DB0446]: a snapshot goes back: apt.3 ({B}) behind apt.2 ({C})"
    for words in (("lock", "--check"), ("lock",)):
        assert (told in space.ok(*words).err) != driver
    if not driver:
        # The way out: from main, with what the declaration says.
        space.write("dynbuild.lock", ours)
        space.write("dynbuild.toml", declared(C, "curl", "git"))
        space.git("commit", "-qam", "main")
        space.git("branch", "trunk")
        space.write("dynbuild.toml", both)
        space.write("dynbuild.lock", merged)
        done = space.ok("lock", "--base", "trunk")
        assert f'vim = ["3@{C} vim"]' in text(space)
        assert "DB0446" not in done.err
