"""Which declaration a command speaks of."""

import errno
import os
from pathlib import Path

import pytest

from dynbuild.errors import DeclarationError
from dynbuild.project.discovery import find, read


def test_here_and_above(tmp_path: Path) -> None:
    (tmp_path / "dynbuild.yaml").write_text("{}")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    place = find(deep, None)
    assert (place.config, place.lock) == ("../../dynbuild.yaml", "../../dynbuild.lock")
    assert place.root == tmp_path
    assert read(place, deep).text == "{}"


def test_named(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "web.toml").write_text("")
    place = find(tmp_path, "images/web.toml")
    assert (place.config, place.lock) == ("images/web.toml", "images/web.lock")
    assert place.root == tmp_path / "images"


def test_a_directory_that_has_one(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    with pytest.raises(DeclarationError, match="no declaration in"):
        find(tmp_path, "web")
    (tmp_path / "web" / "dynbuild.json").write_text("{}")
    assert find(tmp_path, "web").config == "web/dynbuild.json"


def test_none_and_two(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="dynbuild init"):
        find(tmp_path, None)
    (tmp_path / "dynbuild.toml").write_text("")
    (tmp_path / "dynbuild.json").write_text("{}")
    with pytest.raises(DeclarationError, match="two declarations"):
        find(tmp_path, None)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"cannot read nowhere\.toml"):
        read(find(tmp_path, "nowhere.toml"), tmp_path)
    large = tmp_path / "large.toml"
    with large.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(DeclarationError, match="too many"):
        read(find(tmp_path, "large.toml"), tmp_path)


def test_a_path_through_a_link_stays_as_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "far" / "inner").mkdir(parents=True)
    (tmp_path / "far" / "x.toml").write_text("far")
    (tmp_path / "x.toml").write_text("near")
    (tmp_path / "link").symlink_to("far/inner")
    place = find(tmp_path, "link/../x.toml")
    assert read(place, tmp_path).text == "far"
    assert place.root == tmp_path / "far"
    assert (tmp_path / place.lock).resolve() == tmp_path / "far" / "x.lock"


def test_what_cannot_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DeclarationError, match=r"cannot read n+: file name too long"):
        find(tmp_path, "n" * 300)
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(DeclarationError, match="too many levels of symbolic links"):
        read(find(tmp_path, "round/x.toml"), tmp_path)

    def refused(path: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "is_file", refused)
    with pytest.raises(DeclarationError, match=r"dynbuild\.toml: permission denied"):
        find(tmp_path, None)
