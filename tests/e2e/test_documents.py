"""What the documents say is so: the tour of the README, the flags of the commands."""

import os
import re
from pathlib import Path

import pytest

from dynbuild.commands.init import STARTERS
from dynbuild.declaration.load import load
from dynbuild.declaration.schema import Declaration
from dynbuild.spans import Source
from tests.space import Space

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def declared(text: str, syntax: str = "toml") -> Declaration:
    return load(Source("x", text), syntax).declaration  # type: ignore[arg-type]


def test_all_starters_say_the_same_and_the_readme_shows_it() -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    for syntax, text in STARTERS.items():
        assert declared(text, syntax) == declared(shown)


def test_the_tour_of_the_readme(built: Space, debian_base: str) -> None:
    first, second = re.findall(
        r"\$ dynbuild lock\n(.*?)\$ (?:dyn|git)", README, re.DOTALL
    )
    built.ok("init")
    text = built.read("dynbuild.toml").replace("debian:stable-slim", debian_base)
    built.write("dynbuild.toml", text)
    done = built.ok("lock")
    assert done.out + done.err == first
    tag = f"test-tour-{os.getpid()}"
    built.ok("realize", "-t", tag)
    built.commit()
    text = text.replace('"python3"]', '"python3", "jq"]')
    text = text.replace('/app/index.html",', '/app/index.html",\n    "jq --version",')
    built.write("dynbuild.toml", text)
    done = built.ok("lock")
    assert done.out + done.err == second
    (steps,) = re.findall(r"realize -t hello\n(cached.*?)```", README, re.DOTALL)
    told = built.ok("realize", "-t", tag).err
    assert _wherever(told).endswith("\n" + _wherever(steps))


def _wherever(text: str) -> str:
    """What is told of a build, without what the cache and the machine decide."""
    text = re.sub(r"(?m)^(cached {10}|ran {5}[ \d]{4}\.\d s)  ", "STEP ", text)
    return re.sub(r": \d+ ran, \d+ cached, \d+\.\d s", "", text)


@pytest.mark.parametrize(
    ("command", "page"),
    [
        ("lock", "docs/lock.md"),
        ("check", "docs/declaration.md"),
        ("eval", "docs/language.md"),
        ("fmt", "docs/language.md"),
        ("realize", "docs/realize.md"),
        ("build", "docs/realize.md"),
        ("diff", "docs/review.md"),
        ("blame", "docs/review.md"),
        ("graph", "docs/graph.md"),
        ("why", "docs/why.md"),
        ("status", "docs/status.md"),
        ("outdated", "docs/status.md"),
    ],
)
def test_every_flag_is_documented(command: str, page: str, space: Space) -> None:
    flags = set(re.findall(r"--[a-z-]+", space.ok(command, "--help").out))
    common = {"--help", "--config", "--file", "--json", "--color"}
    told = (ROOT / page).read_text()
    assert {flag for flag in flags - common if flag not in told} == set()


def test_every_page_that_is_linked_is_there() -> None:
    for page in [
        ROOT / "README.md",
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
    ]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_code_is_documented() -> None:
    pages = ("docs/errors.md", "docs/language.md")
    told = "".join((ROOT / page).read_text() for page in pages)
    used = {
        code
        for path in (ROOT / "dynbuild").rglob("*.py")
        for code in re.findall(r'"(DB\d{4})"', path.read_text())
    }
    assert {code for code in used if code not in told} == set()
