"""``dynbuild key``, and what the page on the registry tier says of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dynbuild.declaration.load import load
from dynbuild.signature import public_key, secret_key
from dynbuild.spans import Source

if TYPE_CHECKING:
    from tests.space import Space

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/tiers-registry.md").read_text()


def test_a_key_is_printed_and_its_secret_is_not(space: Space) -> None:
    done = space.ok("key", "new", "main-1", "-o", "folder/main.secret")
    secret = space.read("folder/main.secret").strip()
    assert str(secret_key(secret).public) == done.out.strip()
    assert secret.partition(":")[2] not in done.out + done.err
    assert "wrote the secret key to folder/main.secret" in done.err
    again = space.run("key", "new", "main-1", "-o", "folder/main.secret")
    assert (again.status, "DB0622" in again.err) == (1, True)
    assert space.read("folder/main.secret").strip() == secret


@pytest.mark.parametrize("name", ["", "a b", "-x", "a:b", "../x", "x" * 65])
def test_a_name_that_is_none(space: Space, name: str) -> None:
    done = space.run("key", "new", "--", name)
    assert (done.status, "is no name of a key" in done.err) == (2, True)


def test_the_command_of_the_page(space: Space) -> None:
    (command,) = re.findall(r"^\$ dynbuild (key .*)$", PAGE, re.MULTILINE)
    home = space.root / "home"
    done = space.ok(*command.split(), XDG_CONFIG_HOME=str(home))
    assert public_key(done.out.strip()).name == "example-1"
    path = home / "dynbuild" / "keys" / "example-1.secret"
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_declarations_of_the_page_are_right() -> None:
    for text in re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        loaded = load(Source("x.toml", text), "toml")
        assert loaded.declaration.cache.registry is not None


def test_the_variables_of_the_page_are_those_of_the_code() -> None:
    sources = "".join(
        path.read_text() for path in (ROOT / "dynbuild/tiers").rglob("*.py")
    )
    ours = set(re.findall(r"\b(?:CACHE_REGISTRY|GHCR|DYNBUILD)_?[A-Z_]*\b", PAGE))
    assert ours >= {"CACHE_REGISTRY", "GHCR_TOKEN", "DYNBUILD_SIGNING_KEY"}
    for name in ours - {"GHCR", "DYNBUILD"}:
        assert f'"{name}"' in sources, name
