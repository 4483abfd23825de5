"""Where the local tier is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dynbuild.environment.wiring import store_of
from dynbuild.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("CACHE_LOCAL_PATH", raising=False)


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(store_of(tmp_path, None)) == "/home/me/.cache/dynbuild"
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert str(store_of(tmp_path, None)) == "/cache/dynbuild"
    assert store_of(tmp_path, "here") == tmp_path / "here"
    assert str(store_of(tmp_path, "~/there")) == "/home/me/there"
    monkeypatch.setenv("CACHE_LOCAL_PATH", "other")
    assert store_of(tmp_path, "here") == tmp_path / "other"


@pytest.mark.parametrize("name", ["a:b", "a@b"])
def test_a_path_that_buildx_would_misread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CACHE_LOCAL_PATH", f"/{name}/store")
    with pytest.raises(DeclarationError) as caught:
        store_of(tmp_path, None)
    assert caught.value.diagnostics[0].code == "DB0612"


def test_no_home_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        store_of(tmp_path, "~nobody-has-this-name/store")
    assert caught.value.diagnostics[0].code == "DB0612"
