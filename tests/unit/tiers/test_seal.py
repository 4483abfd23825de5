"""The key that seals what was built here."""

import threading
from pathlib import Path

import pytest

from dynbuild.tiers.seal import seal_key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state/dynbuild/seal"


def test_it_is_made_once_and_for_its_owner_alone(path: Path) -> None:
    key = seal_key(path, pytest.fail)
    assert key is not None
    assert len(key) == 32
    assert seal_key(path, pytest.fail) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*path.parent.iterdir()] == [path]


def test_processes_that_make_it_at_once_have_the_same(path: Path) -> None:
    found: list[bytes | None] = []

    def make() -> None:
        found.append(seal_key(path, pytest.fail))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert None not in found


def test_without_a_state_directory_there_is_none() -> None:
    assert seal_key(None, pytest.fail) is None


def unsafe(path: Path) -> None:
    path.chmod(0o644)


def replaceable(path: Path) -> None:
    path.parent.chmod(0o777)


def short(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(b"x" * 31)


def a_link(path: Path) -> None:
    real = path.with_name("real")
    path.rename(real)
    path.symlink_to(real)


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir(mode=0o700)


@pytest.mark.parametrize("harm", [unsafe, replaceable, short, a_link, a_directory])
def test_one_that_others_may_know_seals_nothing(path: Path, harm: object) -> None:
    assert seal_key(path, pytest.fail) is not None
    assert callable(harm)
    harm(path)
    told: list[str] = []
    assert seal_key(path, told.append) is None
    assert len(told) == 1
    assert str(path.parent) in told[0]


def test_a_state_directory_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told: list[str] = []
    assert seal_key(tmp_path / "file/seal", told.append) is None
    assert "not a directory" in told[0]
