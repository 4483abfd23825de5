"""The table of attacks in docs/security.md and the tests of this directory agree."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "security.md"
BEGIN = "<!-- attacks: `make snapshots` writes them from tests/hostile -->\n"
END = "<!-- attacks end -->\n"
ENOUGH = 60

SURFACES = {
    "checkout": "The checkout",
    "declaration": "The declaration",
    "lock": "The lock",
    "git": "Git",
    "multi_user": "Other users of the machine",
    "pins": "A pin",
    "tier_unsigned": "A tier with write access and no key",
    "tier_bases": "A base in a tier",
    "caches": "Caches that a declaration names",
    "registry": "A registry",
    "s3": "An S3 server",
    "base_image": "A base image",
    "layers": "What layers say is installed",
    "log_output": "What is shown",
    "pages": "Pages and comments",
}


def attacks(surface: str) -> list[tuple[str, str]]:
    """The tests of a surface: what is tried, and what is promised."""
    path = HERE / f"test_{surface}.py"
    body = ast.parse(path.read_text()).body if path.exists() else []
    return [
        (
            node.name.removeprefix("test_").replace("_", " "),
            " ".join((ast.get_docstring(node) or "").split()),
        )
        for node in body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def table() -> str:
    told = []
    for surface, title in SURFACES.items():
        rows = "".join(
            f"| {what} | {promise} |\n" for what, promise in attacks(surface)
        )
        told.append(f"\n### {title}\n\n| tried | promised |\n|---|---|\n{rows}")
    return "".join(told) + "\n"


def test_every_attack_is_in_the_table(request: pytest.FixtureRequest) -> None:
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    told, _, after = rest.partition(END)
    if request.config.getoption("update_snapshots"):
        PAGE.write_text(before + BEGIN + table() + END + after)
        return
    assert told == table()


def test_every_attack_says_what_is_promised() -> None:
    found = {name for path in HERE.glob("test_*.py") for name in [path.stem[5:]]}
    assert found - {"documents"} <= SURFACES.keys()
    for surface in SURFACES:
        for name, promise in attacks(surface):
            assert promise.endswith("."), f"{surface}: {name}"
            assert "|" not in promise, f"{surface}: {name}"
