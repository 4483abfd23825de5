"""The engine script finds Debian's mirror among the machine's apt sources."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/keys/other.gpg] https://other.example/apt bookworm main
deb [ signed-by=/keys/debian.gpg ] http://mirror.example/debian bookworm main contrib
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main  # trailing
"""

DEB822 = """\
# A comment
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /keys/debian.gpg

Types: deb
Enabled: no
URIs: http://disabled.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: https://other.example/apt
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
"""


@pytest.fixture
def debian(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    module = importlib.import_module("engine_parts.debian")
    release = {"ID": "debian", "VERSION_CODENAME": "bookworm"}
    monkeypatch.setattr(module.platform, "freedesktop_os_release", lambda: release)
    return module


@pytest.mark.parametrize(
    ("name", "text", "suites"),
    [
        ("sources.list", ONE_LINE, ["bookworm", "bookworm-security"]),
        ("sources.list.d/x.list", ONE_LINE, ["bookworm", "bookworm-security"]),
        ("sources.list.d/x.sources", DEB822, ["bookworm", "bookworm-updates"]),
    ],
)
def test_a_third_party_is_passed_over(
    debian: Any, tmp_path: Path, name: str, text: str, suites: list[str]
) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(text)
    mirror = debian.find_mirror(tmp_path)
    assert [source.suite for source in mirror.sources] == suites
    assert {source.uri.split("/")[2] for source in mirror.sources} == {"mirror.example"}
    assert mirror.sources[0].signed_by == "/keys/debian.gpg"


def test_a_list_of_mirrors_is_followed(debian: Any, tmp_path: Path) -> None:
    listed = tmp_path / "mirrors.list"
    listed.write_text("http://mirror.example/debian\n")
    source = f"deb mirror+file:{listed} bookworm main\n"
    (tmp_path / "sources.list").write_text(source)
    mirror = debian.find_mirror(tmp_path)
    assert mirror.sources[0].uri == "http://mirror.example/debian"


def test_no_mirror_names_the_remedy(debian: Any, tmp_path: Path) -> None:
    with pytest.raises(
        debian.EngineError, match="add one to the machine's apt sources"
    ):
        debian.find_mirror(tmp_path)


def test_another_system_names_the_remedy(
    debian: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    release = {"ID": "fedora"}
    monkeypatch.setattr(debian.platform, "freedesktop_os_release", lambda: release)
    with pytest.raises(debian.EngineError, match="no Debian release"):
        debian.find_mirror(tmp_path)
