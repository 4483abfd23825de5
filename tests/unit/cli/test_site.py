"""Where the local tier is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dynbuild.cli.project import Project, open_project
from dynbuild.cli.site import store_of
from dynbuild.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "dynbuild.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("CACHE_LOCAL_PATH", raising=False)
    return open_project(None)


def test_the_environment_wins(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert str(store_of(project, None)) == "/home/me/.cache/dynbuild"
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert str(store_of(project, None)) == "/cache/dynbuild"
    assert store_of(project, "here") == tmp_path / "here"
    assert str(store_of(project, "~/there")) == "/home/me/there"
    monkeypatch.setenv("CACHE_LOCAL_PATH", "other")
    assert store_of(project, "here") == tmp_path / "other"


@pytest.mark.parametrize("name", ["a:b", "a@b"])
def test_a_path_that_buildx_would_misread(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CACHE_LOCAL_PATH", f"/{name}/store")
    with pytest.raises(DeclarationError) as caught:
        store_of(project, None)
    assert caught.value.diagnostics[0].code == "DB0604"
