"""Where keys come from: the environment, the declaration, files for their owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dynbuild.errors import CommandFailed, DeclarationError
from dynbuild.signature import SecretKey
from dynbuild.tiers.keys import new_key, signing_key, trusted_keys

if TYPE_CHECKING:
    from pathlib import Path

KEY = SecretKey("main-1", bytes(range(32)))
OTHER = SecretKey("old", bytes(32))


def test_the_environment_wins() -> None:
    declared = [str(KEY.public)]
    assert trusted_keys(declared, {}) == (KEY.public,)
    both = f"{KEY.public}\n{OTHER.public} {KEY.public}"
    found = trusted_keys(declared, {"DYNBUILD_TRUSTED_KEYS": both})
    assert found == (KEY.public, OTHER.public)
    assert trusted_keys(declared, {"DYNBUILD_TRUSTED_KEYS": ""}) == ()


def test_a_secret_key_among_the_trusted_is_not_repeated() -> None:
    with pytest.raises(DeclarationError, match="DB0620") as caught:
        trusted_keys([], {"DYNBUILD_TRUSTED_KEYS": KEY.dump()})
    assert KEY.dump() not in str(caught.value)


def test_a_new_key_signs(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "main-1.secret"
    public = new_key("main-1", path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    by_file = signing_key({"DYNBUILD_SIGNING_KEY_FILE": str(path)})
    by_value = signing_key({"DYNBUILD_SIGNING_KEY": path.read_text()})
    assert by_file == by_value
    assert by_file is not None
    assert by_file.public == public
    assert new_key("main-1", tmp_path / "again").key != public.key


def test_a_key_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("precious")
    with pytest.raises(CommandFailed, match="DB0622"):
        new_key("x", path)
    assert path.read_text() == "precious"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.write_text(KEY.dump())
    path.chmod(mode)
    with pytest.raises(DeclarationError, match=r"DB0621.*others") as caught:
        signing_key({"DYNBUILD_SIGNING_KEY_FILE": str(path)})
    assert KEY.dump() not in str(caught.value)
    assert f"chmod 600 {path}" in str(caught.value)


def test_no_key() -> None:
    assert signing_key({}) is None
    assert signing_key({"DYNBUILD_SIGNING_KEY": ""}) is None


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"DYNBUILD_SIGNING_KEY": "x:hunter2"}, "a secret key is"),
        ({"DYNBUILD_SIGNING_KEY": str(KEY.public)}, "a secret key is"),
        ({"DYNBUILD_SIGNING_KEY": "x", "DYNBUILD_SIGNING_KEY_FILE": "y"}, "both"),
        ({"DYNBUILD_SIGNING_KEY_FILE": "/nowhere/key"}, "no such file"),
        ({"DYNBUILD_SIGNING_KEY_FILE": "/"}, "is a directory"),
    ],
)
def test_what_is_no_key(environment: dict[str, str], words: str) -> None:
    with pytest.raises(DeclarationError, match=f"DB0620.*{words}") as caught:
        signing_key(environment)
    assert "hunter2" not in str(caught.value)
