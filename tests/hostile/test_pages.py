"""Pages and comments made of a stranger's lock: it can do nothing there but appear."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from tests.e2e.locks import START, committed, lock
from tests.e2e.test_action import Runner, hub, runner

if TYPE_CHECKING:
    from tests.e2e.github import GitHub
    from tests.space import Space

__all__ = ["hub", "runner"]
EVIL = (
    "</script></style></textarea><script>alert(1)</script><img src=x onerror=alert(1)>"
)


class Tags(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, sorted(name for name, _ in attrs)))


def tags(space: Space, text: str, *words: str) -> list[tuple[str, list[str]]]:
    lock(space, START)
    told = space.read("dynbuild.lock").replace("make tools", text)
    space.write("dynbuild.lock", told.replace("[stages.tools]", f"[stages.'{text}']"))
    (space.root / "dynbuild.toml").unlink()
    parser = Tags()
    parser.feed(space.ok(*words).out)
    return parser.found


@pytest.mark.parametrize("form", ["html", "svg"])
def test_markup_in_a_command(form: str, space: Space) -> None:
    """No element, attribute or script of a page is a stranger's."""
    plain = tags(space, "true", "graph", "--format", form)
    evil = tags(space, EVIL, "graph", "--format", form)
    assert {*map(str, evil)} <= {*map(str, plain)}
    scripts = [[tag for tag, _ in page].count("script") for page in (plain, evil)]
    assert scripts[0] == scripts[1]


def test_a_page_that_would_load_something(space: Space) -> None:
    """Its policy lets it load and run nothing that it did not bring."""
    lock(space, START)
    page = space.ok("graph", "--format", "html").out
    assert "Content-Security-Policy" in page
    assert "default-src 'none'" in page


def test_markdown_in_a_name(space: Space) -> None:
    """A comment mentions nobody and links nowhere."""
    committed(space, START)
    evil = "@team ](javascript:b) ![i](http://x/y) </details>"
    text = space.read("dynbuild.lock").replace("[stages.tools]", f'[stages."{evil}"]')
    space.write("evil.lock", text.replace("make tools", "make other"))
    out = space.ok("diff", "HEAD", "evil.lock", "--format", "markdown").out
    assert "team" in out
    for part in out.split("```")[::2]:
        assert "team" not in "".join(re.split("`[^`]*`", part))


def test_a_comment_that_begins_as_ours_do(runner: Runner, hub: GitHub) -> None:
    """Somebody else's comment is never renewed: ours is a new one."""
    mark = "<!-- dynbuild diff -->\nAll is well."
    hub.comments[1] = mark
    hub.authors[1] = "mallory"
    for name in (None, "owner"):
        hub.user = name
        if name is not None:
            hub.authors[2] = name
        assert runner.job() == 0, runner.said
        assert hub.comments[1] == mark
        assert len(hub.comments) == 2


def test_a_lock_that_commands_the_runner(runner: Runner) -> None:
    """What the action shows of a pull request gives GitHub's runner no commands."""
    evil = "::add-mask::x\\n::error::owned\\n::set-env name=A::b"
    text = START.replace('"make tools"', f'"true\\n{evil}"').replace(
        "curl", "nope nope"
    )
    runner.space.write("dynbuild.toml", text)
    for step in ("Compare the locks", "Check that the lock is not stale"):
        runner.said = ""
        runner.step(step)
        lines = runner.said.splitlines()
        stop = next(line for line in lines if line.startswith("::stop-commands::"))
        token = stop.removeprefix("::stop-commands::")
        assert len(token) == 32
        assert lines.index(f"::{token}::") > lines.index(stop)
        told = [line for line in lines if line.startswith("::")]
        within = lines[lines.index(stop) + 1 : lines.index(f"::{token}::")]
        assert told == [
            stop,
            *(one for one in within if one.startswith("::")),
            f"::{token}::",
        ]
