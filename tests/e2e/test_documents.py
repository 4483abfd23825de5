"""What the documents say is so: the tour of the README, the flags of the commands."""

import itertools
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dynbuild.cli.main import COMMANDS, dynbuild
from dynbuild.commands.init import STARTERS
from dynbuild.declaration.load import load
from dynbuild.declaration.schema import Declaration
from dynbuild.spans import Source
from tests.space import Space
from tests.walked import edited

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def declared(text: str, syntax: str = "toml") -> Declaration:
    return load(Source("x", text), syntax).declaration  # type: ignore[arg-type]


def test_all_starters_say_the_same_and_the_readme_shows_it() -> None:
    shown, *_ = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    for syntax, text in STARTERS.items():
        assert declared(text, syntax) == declared(shown)


def test_the_tour_of_the_readme(built: Space, debian_base: str) -> None:
    first, second = re.findall(
        r"\$ dynbuild lock\n(.*?)\$ (?:dyn|git)", README, re.DOTALL
    )
    (said,) = re.findall(r"\$ dynbuild init\n(.*?)```", README, re.DOTALL)
    assert built.ok("init").err == said
    text = built.read("dynbuild.toml").replace("debian:stable-slim", debian_base)
    built.write("dynbuild.toml", text)
    done = built.ok("lock")
    assert done.out + done.err == first
    tag = f"test-tour-{os.getpid()}"
    built.ok("realize", "-t", tag)
    built.commit()
    (edit,) = re.findall(r"```diff\n(.*?)```", README, re.DOTALL)
    built.write("dynbuild.toml", edited(text, edit))
    done = built.ok("lock")
    assert done.out + done.err == second
    (steps,) = re.findall(r"realize -t hello\n(cached.*?)```", README, re.DOTALL)
    told = built.ok("realize", "-t", tag).err
    assert _wherever(told).endswith("\n" + _wherever(steps))


def _wherever(text: str) -> str:
    """What is told of a build, without what the cache and the machine decide."""
    text = re.sub(r"(?m)^(cached {10}|ran {5}[ \d]{4}\.\d s)  ", "STEP ", text)
    counts = r": \d+ ran, \d+ cached, \d+\.\d s(; saved [\d.hmins ]+)?"
    return re.sub(counts, "", text)


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


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_shows_an_example(command: str) -> None:
    """Of a group, each command in it; what editors start has a page instead."""
    context = click.Context(dynbuild)
    found = dynbuild.get_command(context, command)
    inner = found.commands if isinstance(found, click.Group) else {command: found}
    for name, one in inner.items():
        told = one.get_help(click.Context(one, info_name=name)) if one else ""
        assert re.search(rf"dynbuild .*{name}", told) or "docs/editors.md" in told


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """The command lines of the pages, up to what the shell does with them."""
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = re.sub(r"\\\n *", "", page.read_text())
        shown = re.findall(r"(?:\$ |- run: )dynbuild +([a-z].*)", text)
        for line in (*shown, *re.findall(r"`dynbuild ([a-z][^`\n]*)`", text)):
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            words = itertools.takewhile(lambda word: not set(word) <= {*"|>&;"}, lexer)
            yield f"{page.name}: {line}", list(words)


def refused(words: list[str]) -> str | None:
    """Why a command line is none; a text may name a flag without its value."""
    command: click.Command | None = dynbuild
    while isinstance(command, click.Group) and words:
        command = command.get_command(click.Context(command), words.pop(0))
    if command is None:
        return "no such command"
    try:
        command.make_parser(click.Context(command)).parse_args(words)
    except click.NoSuchOption as error:
        return error.format_message()
    except click.BadOptionUsage:
        pass
    return None


def test_every_command_line_of_a_page_is_one() -> None:
    """Its command exists, and has the flags."""
    wrong = {line: refused(words) for line, words in command_lines()}
    assert len(wrong) > 100
    assert {line: why for line, why in wrong.items() if why} == {}


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
