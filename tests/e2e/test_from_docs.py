"""docs/from-dockerfile.md: its Dockerfiles give what it shows of them."""

import re
from pathlib import Path

import pytest

from tests.space import Space

PAGE = (Path(__file__).parents[2] / "docs/from-dockerfile.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(PAGE)
STARTS = [at for at, (kind, _) in enumerate(BLOCKS) if kind == "dockerfile"]


def after(start: int, kind: str) -> list[str]:
    """The blocks of a kind up to the next Dockerfile."""
    end = next((at for at in STARTS if at > start), len(BLOCKS))
    return [text for one, text in BLOCKS[start:end] if one == kind]


@pytest.mark.parametrize("start", STARTS)
def test_a_dockerfile_of_the_page(space: Space, start: int) -> None:
    space.write("Dockerfile", BLOCKS[start][1])
    command, *told = after(start, "console")[0].splitlines()
    assert command == "$ dynbuild init --from Dockerfile"
    done = space.ok(*command.removeprefix("$ dynbuild ").split())
    assert done.err.startswith("\n".join(told))
    for text in after(start, "toml"):
        assert space.read("dynbuild.toml") == text


def test_every_kind_of_instruction_is_in_the_table() -> None:
    table = PAGE[PAGE.index("| instruction | field |") : PAGE.index("## Edges")]
    for name in (
        *("FROM", "RUN", "COPY", "ADD", "ENV", "ARG", "WORKDIR", "USER", "SHELL"),
        *("CMD", "ENTRYPOINT", "EXPOSE", "VOLUME", "LABEL", "STOPSIGNAL"),
        *("HEALTHCHECK", "MAINTAINER", "ONBUILD"),
    ):
        assert name in table, name
