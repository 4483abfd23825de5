"""The cache of evaluations: what is kept, what is found, what is not believed."""

import threading
from functools import partial
from pathlib import Path

import pytest

from dynbuild.project.cache import store
from dynbuild.project.cache.facts import FileObservations, hold
from dynbuild.project.cache.replay import keep, replay


@pytest.fixture
def directory(tmp_path: Path) -> str:
    return str(tmp_path / "cache" / "eval")


def answer(directory: str, question: object) -> object:
    found = store.recall(directory, question)
    return None if found is None else found[1]


def test_what_is_remembered_is_found(directory: str) -> None:
    assert answer(directory, "a") is None
    store.remember(directory, "a", [], {"x": (1, [2.5, None])})
    assert answer(directory, "a") == {"x": (1, [2.5, None])}
    assert answer(directory, "b") is None
    assert Path(directory).stat().st_mode & 0o777 == 0o700


def test_every_damage_is_a_miss(directory: str) -> None:
    store.remember(directory, "a", [], "x" * 100)
    (path,) = Path(directory).iterdir()
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert answer(directory, "a") is None
        path.write_bytes(data[:at])
        assert answer(directory, "a") is None


def test_a_directory_that_others_may_write_is_not_used(directory: str) -> None:
    store.remember(directory, "a", [], 1)
    Path(directory).chmod(0o777)
    assert answer(directory, "a") is None
    store.remember(directory, "b", [], 1)
    assert len(list(Path(directory).iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store.remember(str(tmp_path / "file" / "eval"), "a", [], 1)
    store.remember(None, "a", [], 1)
    assert answer(str(tmp_path / "file" / "eval"), "a") is None
    assert store.recall(None, "a") is None
    store.remember(str(tmp_path / "x"), "a", [], object())
    assert answer(str(tmp_path / "x"), "a") is None


def test_many_writers(directory: str) -> None:
    def write(number: int) -> None:
        for question in range(20):
            store.remember(directory, question, [], [number] * 1000)
            found = answer(directory, question)
            assert found is None or len(set(found)) == 1  # type: ignore[call-overload]

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answer(directory, 3) is not None


def test_the_older_half_goes(directory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST", 10)
    for question in range(11):
        store.remember(directory, question, [], question)
    assert len(list(Path(directory).iterdir())) == 5


def test_facts_hold_until_something_changes(tmp_path: Path) -> None:
    file, link, folder = tmp_path / "f", tmp_path / "l", tmp_path / "d"
    file.write_text("1")
    folder.mkdir()
    link.symlink_to("f")
    changes = {
        ("content", file): partial(file.write_text, "2"),
        ("mode", file): lambda: file.chmod(0o755),
        ("real", link): lambda: (link.unlink(), link.symlink_to("d")),
        ("names", folder): lambda: (folder / "x").write_text(""),
        ("content", tmp_path / "new"): lambda: (tmp_path / "new").write_text(""),
        ("mode", tmp_path / "none"): lambda: (tmp_path / "none").mkdir(0o700),
    }
    for (question, path), change in changes.items():
        facts = FileObservations()
        facts.see(question, of=str(path))
        assert hold(facts.listed())
        change()
        assert not hold(facts.listed())


def test_only_complete_answers_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    facts = FileObservations()
    facts.complete = False
    keep(["eval"], environment, facts, "out", "err")
    assert not replay(["eval"], environment)
    facts.complete = True
    keep(["eval"], environment, facts, "out", "err")
    assert replay(["eval"], environment)
    assert capsys.readouterr() == ("out", "err")
    assert not replay(["eval", "x"], environment)
    assert not replay(["eval"], {**environment, "DYNBUILD_JSON": "1"})


def test_where_it_is() -> None:
    assert store.directory_of({"HOME": "/h"}) == "/h/.cache/dynbuild/eval"
    both = {"HOME": "/h", "XDG_CACHE_HOME": "/c"}
    assert store.directory_of(both) == "/c/dynbuild/eval"
    assert store.directory_of({"XDG_CACHE_HOME": "relative"}) is None
