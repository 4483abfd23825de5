"""A declaration that a stranger wrote: what it may not use up, read or decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dynbuild.errors import DeclarationError
from tests.e2e.locks import lock
from tests.hostile.growing import growing

if TYPE_CHECKING:
    from tests.space import Space


def test_variables_that_grow_without_bound(space: Space) -> None:
    """Sixteen stages that each take a variable four times are refused, not 4 GB."""
    with pytest.raises(DeclarationError, match="B cannot be set: it would have more"):
        lock(space, growing("$B$B$B$B"))


ENDLESS = {
    "a value that needs itself": "let a = a; in a",
    "a call of itself": "let f = x: f (x + 1); in f 0",
    "a text that doubles": 'let f = x: f (x + x); in f "xxxxxxxx"',
    "a list that doubles": "let f = x: f (x ++ x); in f [ 1 2 ]",
    "a range of everything": "builtins.length (builtins.genList (x: x) 999999999999)",
    "a pattern that looks back": (
        'builtins.match "(a|a)*(a|a)*(a|a)*(a|a)*b" "' + "a" * 3000 + '"'
    ),
    "a number that grows": "let f = x: f (x * x); in f 9223372036854775807",
    "nesting without end": "(" * 100_000,
    "a source of its own": "import ./x.nix",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_an_evaluation_without_end(name: str, space: Space) -> None:
    """It ends with a message, in bounded time and memory."""
    space.write("x.nix", ENDLESS[name])
    done = space.run("eval", "x.nix")
    assert done.status == (0 if "looks back" in name else 2), done.err
    assert "error[DB02" in done.err or done.out


def test_yaml_that_unfolds(space: Space) -> None:
    """Aliases that repeat one another are counted before they are followed."""
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    space.write("dynbuild.yaml", "\n".join(lines))
    done = space.run("check")
    assert (done.status, "DB0103" in done.err) == (2, True), done.err


@pytest.mark.timeout(60)
def test_a_long_text_where_a_list_is_wanted(space: Space) -> None:
    """The message is short, and made in time linear in the text."""
    text = "a " * 1_000_000
    space.write("dynbuild.toml", f'base = "debian:bookworm"\napt_packages = "{text}"')
    done = space.run("check")
    assert (done.status, "write a list" in done.err) == (2, True), done.err[:400]
    assert len(done.err) < 2000


@pytest.mark.parametrize("name", ["dynbuild.json", "dynbuild.toml", "dynbuild.yaml"])
def test_nesting_without_end(name: str, space: Space) -> None:
    """It is a mistake with a place, and no overflow of the stack."""
    start = {"json": '{"env": ', "toml": "env = ", "yaml": "env: "}[name[9:]]
    space.write(name, start + "[" * 100_000)
    done = space.run("check")
    assert done.status == 2
    assert f"{name}:1:" in done.err, done.err[:500]


def test_a_copy_from_anywhere(space: Space) -> None:
    """Only files of the project, and of stages and images, get into an image."""
    for path in ("/etc/passwd", "../outside", "a/../../outside", "~/.netrc"):
        copy = f'copy = [{{ from = "{path}", to = "/x" }}]'
        space.write("dynbuild.toml", f'[[stages]]\nname = "a"\n{copy}\n')
        done = space.run("check")
        assert done.status in (1, 2), done.err


def test_the_environment_is_not_read(space: Space) -> None:
    """A declaration sees neither variables, nor the clock, nor the user's files."""
    calls = ('builtins.getEnv "HOME"', "builtins.currentTime", "<nixpkgs>", "~/x")
    for call in (*calls, 'builtins.readFile "/etc/passwd"', 'import "/etc/passwd"'):
        space.write("x.nix", call)
        done = space.run("eval", "x.nix", SECRET="hunter2")
        assert done.status == 2, call
        assert "hunter2" not in done.out + done.err
        assert "root:" not in done.out + done.err


URL = "https://ci:s3cret-word@index.example.com/simple"
WITH_PASSWORDS = {
    "dynbuild.toml": f'pip_index = "{URL}"\npip_packages = ["a @ {URL}/a.whl"]\n',
    "dynbuild.json": f'{{"pip_index": ["{URL}"], "npm_registry": {{"url": "{URL}"}}}}',
    "dynbuild.yaml": f"pip_index:\n  url: {URL}\n  password: s3cret-word\n",
    "dynbuild.nix": (
        f'let u = "{URL}"; in {{ pip_index = u; '
        'apt_sources = [ { uri = u; suites = [ "a/" ]; } ]; }'
    ),
}
BROKEN = {
    "dynbuild.toml": f'pip_index = "{URL}" oh\n',
    "dynbuild.json": f'{{"pip_index": "{URL}" oh}}',
    "dynbuild.yaml": f'pip_index: "{URL}" oh\n',
    "dynbuild.nix": f'{{ pip_index = "{URL}" oh; }}',
}


@pytest.mark.parametrize("name", WITH_PASSWORDS)
@pytest.mark.parametrize("texts", [WITH_PASSWORDS, BROKEN], ids=["whole", "broken"])
def test_a_password_in_an_address(
    texts: dict[str, str], name: str, space: Space
) -> None:
    """It is refused before it is in a lock, and starred in all that is told of it."""
    space.write(name, texts[name])
    done = space.run("lock")
    assert done.status == 2, done.err
    assert "s3cret" not in done.out + done.err
    assert "***@" in done.err
    assert not (space.root / "dynbuild.lock").exists()


ODD = [
    "https://ci:p@s3cret@example.com/simple",
    "https://ci:p@ss@s3cret@example.com/simple",
    "https:\\/\\/ci:p\\/s3cret@example.com",
    "HTTPS://ci:s3cret@example.com/simple",
    "https:\\/\\/s3cret@example.com",
    "ftp://ci:s3cret@example.com/simple",
    "git+ssh://ci:s3cret@example.com/simple",
    "//ci:s3cret@example.com/simple",
]


@pytest.mark.parametrize("url", ODD)
def test_a_password_in_an_address_that_is_hardly_one(url: str, space: Space) -> None:
    """It is starred wherever it stands, and none of its places takes it."""
    space.write(
        "dynbuild.json",
        f"""{{
          "pip_index": "{url}",
          "npm_registry": "{url}",
          "apt_sources": [{{"uri": "{url}", "suites": ["a/"]}}],
          "pip_packages": ["a @ {url}"]
        }}""",
    )
    done = space.run("lock")
    assert done.status == 2, done.err
    assert "s3cret" not in done.out + done.err
    for line in (2, 3, 4, 5):
        assert f"dynbuild.json:{line}:" in done.err
    assert not (space.root / "dynbuild.lock").exists()
