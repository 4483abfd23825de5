"""What a user said to the caches of a declaration."""

import json
import os
from pathlib import Path

import pytest

from dynbuild.errors import CommandFailed
from dynbuild.project.consents import Consent, Consents

YES = Consent("/a/dynbuild.toml", '{"local": "x"}', agreed=True)
NO = Consent("/b/dynbuild.toml", '{"local": "x"}', agreed=False)


@pytest.fixture
def consents(tmp_path: Path) -> Consents:
    return Consents(tmp_path / "state/dynbuild/trust")


def test_an_answer_is_for_one_project_and_its_settings(consents: Consents) -> None:
    assert consents.all() == ()
    consents.keep(YES)
    consents.keep(NO)
    assert consents.answer(YES.project, YES.settings) is True
    assert consents.answer(NO.project, NO.settings) is False
    assert consents.answer(YES.project, "{}") is None
    assert consents.answer("/c/dynbuild.toml", YES.settings) is None
    assert consents.all() == (YES, NO)


def test_the_last_answer_counts_and_can_be_forgotten(consents: Consents) -> None:
    consents.keep(YES)
    consents.keep(Consent(YES.project, YES.settings, agreed=False))
    assert consents.answer(YES.project, YES.settings) is False
    consents.keep(Consent(YES.project, "{}", agreed=True))
    consents.keep(NO)
    assert consents.forget(YES.project) == 2
    assert consents.all() == (NO,)


@pytest.mark.parametrize("which", ["folder", "parent"])
def test_what_others_can_write_says_nothing(consents: Consents, which: str) -> None:
    consents.keep(YES)
    assert consents.folder is not None
    open_ = consents.folder if which == "folder" else consents.folder.parent
    open_.chmod(0o777)
    assert consents.answer(YES.project, YES.settings) is None
    assert consents.all() == ()
    with pytest.raises(CommandFailed, match="not safe"):
        consents.keep(NO)


def test_an_answer_in_a_file_of_another_name_does_not_count(consents: Consents) -> None:
    consents.keep(YES)
    assert consents.folder is not None
    (path,) = consents.folder.iterdir()
    path.write_text('{"project": "/b", "settings": "{}", "agreed": true}')
    assert consents.answer(YES.project, YES.settings) is None
    path.write_text("[]")
    assert consents.answer(YES.project, YES.settings) is None
    path.write_text("{")
    assert consents.all() == ()


def test_without_a_place_nothing_is_kept(tmp_path: Path) -> None:
    assert Consents(None).answer("/a", "{}") is None
    assert Consents(None).all() == ()
    with pytest.raises(CommandFailed, match="no state directory"):
        Consents(None).keep(YES)
    (tmp_path / "file").touch()
    with pytest.raises(CommandFailed, match="not a directory"):
        Consents(tmp_path / "file/x").keep(YES)


def test_answers_are_for_their_user_alone(consents: Consents) -> None:
    consents.keep(YES)
    assert consents.folder is not None
    (path,) = consents.folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert consents.folder.stat().st_mode & 0o777 == 0o700
    assert consents.folder.stat().st_uid == os.geteuid()


def test_what_was_agreed_to_last_is_known(consents: Consents) -> None:
    assert consents.last(YES.project) is None
    consents.keep(YES)
    consents.keep(Consent(YES.project, "{}", agreed=False))
    consents.keep(NO)
    assert consents.last(YES.project) == YES.settings
    assert consents.last(NO.project) is None
    consents.keep(Consent(YES.project, '{"a": 1}', agreed=True))
    assert consents.folder is not None
    for path in consents.folder.iterdir():
        if YES.settings not in json.loads(path.read_text())["settings"]:
            os.utime(path, (2**33, 2**33))
    assert consents.last(YES.project) == '{"a": 1}'
