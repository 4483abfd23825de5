"""The pages of the site: all are in its navigation, and it builds without a warning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.walked import unnamed

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def listed(node: dict[str, Any]) -> Iterator[str]:
    """The pages that the navigation names, without their suffix."""
    if "glob" in node:
        found = ROOT.glob(f"{node['glob']}.md")
        yield from (str(path.relative_to(ROOT).with_suffix("")) for path in found)
    yield from (node[key] for key in ("root", "file") if key in node)
    for inner in (*node.get("subtrees", ()), *node.get("entries", ())):
        yield from listed(inner)


def test_the_navigation_lists_every_page() -> None:
    navigation = yaml.safe_load((ROOT / "docs/site/toc.yml").read_text())
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    there = {str(path.relative_to(ROOT).with_suffix("")) for path in pages}
    assert {*listed(navigation)} == there


def test_it_builds_without_a_warning(tmp_path: Path) -> None:
    """A link, an anchor or a picture that is not there is one."""
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going"]
    places = [
        "-c",
        "docs/site",
        "-d",
        str(tmp_path / "kept"),
        ".",
        str(tmp_path / "to"),
    ]
    done = subprocess.run(
        [*command, "--quiet", *places],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("folder", ["tutorials", "how-to"])
def test_the_text_names_the_files_that_it_shows(folder: str) -> None:
    """Whose fences name them, which no reader sees."""
    pages = [*(ROOT / "docs" / folder).glob("*.md")]
    assert {path.name: unnamed(path.read_text()) for path in pages} == {
        path.name: [] for path in pages
    }


def test_the_recorded_session_is_that_of_the_tutorial() -> None:
    """`scripts/record-session` draws it."""
    check = [sys.executable, "scripts/record-session", "--check"]
    assert subprocess.run(check, cwd=ROOT, check=False).returncode == 0
