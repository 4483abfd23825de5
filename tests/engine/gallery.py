"""The page on stages that are not hermetic, read as the tests that it is.

Each section is a declaration, commands with what they say, and most often a mended
declaration. Outputs are those of ``--progress quiet``: warnings, errors and answers.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.space import Space

PAGE = Path(__file__).resolve().parents[2] / "docs" / "hermetic.md"

_BLOCK = re.compile(r"^```(\w+ ?\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| \[(?P<title>.+)\]\(#(?P<id>[^)]+)\) \| (?P<outcome>.+) \|$")


@dataclass(frozen=True)
class Section:
    """A stage that is not hermetic: what it declares, and what dynbuild says to it."""

    title: str
    declared: str
    console: str
    mended: str | None

    @property
    def id(self) -> str:
        """The anchor that GitHub gives the heading."""
        return re.sub(r"[^\w -]", "", self.title.lower()).replace(" ", "-")

    @property
    def outcome(self) -> str:
        """What happens, as the table of the page words it."""
        if "\n$ dynbuild realize --linear\nerror" in self.console:
            return "good, and the plain build fails"
        if "error[DB05" in self.console:
            return "fails, and names the stage to depend on"
        if "warning[DB0602]" in self.console:
            return "as in a plain build, with a warning"
        if "lock --bump" in self.console:
            return "what it was the first time"
        if re.search(r"^\d+ paths? differs? from", self.console, re.MULTILINE):
            return "**not as in a plain build**"
        assert "\nno paths differ from" in self.console, self.title
        return "as in a plain build"

    def declaration(self, bases: Mapping[str, str]) -> str:
        return _on(self.declared, bases)

    def mended_declaration(self, bases: Mapping[str, str]) -> dict[str, Any]:
        """The declaration with the stages that the section mends."""
        assert self.mended is not None
        whole = tomllib.loads(self.declaration(bases))
        new = {stage["name"]: stage for stage in tomllib.loads(self.mended)["stages"]}
        assert new.keys() <= {stage["name"] for stage in whole["stages"]}
        whole["stages"] = [new.get(one["name"], one) for one in whole["stages"]]
        return whole


def sections() -> Iterator[Section]:
    _, *parts = PAGE.read_text().split("\n## ")
    for part in parts:
        blocks = dict(_BLOCK.findall(part))
        title = part.partition("\n")[0]
        assert len(blocks) == len(_BLOCK.findall(part)), title
        yield Section(
            title, blocks["toml"], blocks["console"], blocks.get("toml mended")
        )


def outcomes() -> dict[str, str]:
    """What the table of the page says of each section, by its anchor."""
    rows = filter(None, map(_ROW.match, PAGE.read_text().splitlines()))
    return {row["id"]: row["outcome"] for row in rows}


@dataclass
class Console:
    """Runs the commands of a section; images get a name that no other test has."""

    space: Space
    tag: str
    addresses: dict[str, str] = field(default_factory=dict)

    def transcript(self, console: str) -> str:
        """The commands of a section, with what they say now."""
        commands = [line[2:] for line in console.splitlines() if line.startswith("$ ")]
        return "".join(f"$ {command}\n{self.say(command)}" for command in commands)

    def say(self, command: str) -> str:
        program, *words = shlex.split(command)
        words = [self.tag if word == "app" else word for word in words]
        if program == "dynbuild":
            done = self.space.run(*words, DYNBUILD_PROGRESS="quiet")
        else:
            assert (program, words[0]) == ("docker", "run")
            words.insert(1, "--network=none")
            done = self.space.command("docker", *words)
        text = done.out + done.err
        for real, shown in self.addresses.items():
            text = text.replace(real, shown)
        return "".join(f"{line}\n".replace(" \n", "\n") for line in text.splitlines())


def _on(declared: str, bases: Mapping[str, str]) -> str:
    first, rest = declared.split("\n", 1)
    match = re.fullmatch(r'base = "(.+)"', first)
    assert match, declared
    return f'base = "{bases[match[1]]}"\n{rest}'
