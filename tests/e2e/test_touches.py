"""``touches`` in the lock: found in commands, kept while these stay, or declared."""

from tests.e2e.locks import committed, lock
from tests.space import Space

TEXT = """\
base = "debian:bookworm-slim"

[[stages]]
name = "tools"
commands = ["apt-get update && apt-get install -y git"]
"""


def test_what_commands_touch_is_found(space: Space) -> None:
    committed(space, TEXT)
    assert 'touches = ["dpkg"]' in space.read("dynbuild.lock")
    assert "up to date" in space.ok("lock", "--check").err
    space.write(
        "dynbuild.toml", TEXT.replace("install -y git", "install -y git && ldconfig")
    )
    space.ok("lock")
    assert 'touches = ["dpkg", "ld.so.cache"]' in space.read("dynbuild.lock")


def test_what_an_older_lock_does_not_say_stays_until_commands_change(
    space: Space,
) -> None:
    committed(space, TEXT)
    text = space.read("dynbuild.lock").replace('touches = ["dpkg"]\n', "")
    space.write("dynbuild.lock", text)
    space.commit()
    assert "up to date" in space.ok("lock", "--check").err
    space.ok("lock")
    assert space.read("dynbuild.lock") == text


def test_what_is_no_longer_declared_is_found_again(space: Space) -> None:
    committed(space, TEXT + 'touches = ["passwd"]\n')
    space.write("dynbuild.toml", TEXT)
    assert "stale" in space.run("lock", "--check").err
    space.ok("lock")
    assert 'touches = ["dpkg"]' in space.read("dynbuild.lock")


def test_what_is_declared_counts(space: Space) -> None:
    lock(space, TEXT + "touches = []\n")
    assert "touches" not in space.read("dynbuild.lock")
    space.write("dynbuild.toml", TEXT + 'touches = ["passwd"]\n')
    space.ok("lock")
    assert 'touches = ["passwd"]' in space.read("dynbuild.lock")
