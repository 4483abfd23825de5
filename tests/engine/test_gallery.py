"""Stages that read what they do not declare: what docs/hermetic.md says is what is.

The page is the list of cases; see ``gallery``.
"""

from __future__ import annotations

import functools
import http.server
import json
import threading
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.engine.gallery import Console, Section, outcomes, sections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.space import Space

SECTIONS = list(sections())
ADDRESS = "http://example.org"


class _Counting(http.server.BaseHTTPRequestHandler):
    """Answers every request with the next number."""

    def __init__(self, numbers: Iterator[int], *more: Any) -> None:
        self.numbers = numbers
        super().__init__(*more)

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{next(self.numbers)}\n".encode())

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def counting() -> Iterator[str]:
    handler = functools.partial(_Counting, count(1))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def bases(busybox_base: str, debian_base: str) -> dict[str, str]:
    return {"busybox": busybox_base, "debian": debian_base}


@pytest.fixture
def console(built: Space, docker: Callable[..., str]) -> Iterator[Console]:
    tag = f"dynbuild-gallery-{uuid4().hex[:12]}"
    with counting() as address:
        yield Console(built, tag, {address: ADDRESS})
    docker("image", "rm", "--force", tag)


def cases(*, mended: bool) -> list[object]:
    return [
        pytest.param(
            one,
            id=one.id,
            marks=[pytest.mark.slow] if "apt-get" in one.declared else [],
        )
        for one in SECTIONS
        if one.mended is not None or not mended
    ]


@pytest.mark.parametrize("section", cases(mended=False))
def test_what_is_said(
    section: Section, console: Console, bases: dict[str, str]
) -> None:
    text = section.declaration(bases)
    for real, shown in console.addresses.items():
        text = text.replace(shown, real)
    console.space.write("dynbuild.toml", text)
    console.space.ok("lock")
    assert console.transcript(section.console) == section.console
    if "warning[DB0602]" in section.console:
        refused = console.space.run("realize", "--strict")
        assert (refused.status, "error[DB0602]" in refused.err) == (1, True)


@pytest.mark.parametrize("section", cases(mended=True))
def test_what_mends_it(
    section: Section, console: Console, bases: dict[str, str]
) -> None:
    """What the page advises is as in a plain build, and nothing is said of it."""
    whole = json.dumps(section.mended_declaration(bases))
    console.space.write("dynbuild.json", whole)
    console.space.ok("lock")
    words = "dynbuild realize -t app --strict --compare-linear"
    assert console.say(words) == "no paths differ from a plain build\n"
    assert console.say("dynbuild check") == "dynbuild.json: no mistakes\n"


def test_a_script_that_comes_behind_a_stage(
    console: Console, bases: dict[str, str]
) -> None:
    """A step that is no stage can declare nothing: it is told what helps instead."""
    stage = '[[stages]]\nname = "page"\ncommands = ["echo stage > /etc/motd"]\n'
    base = f'base = "{bases["busybox"]}"\n'
    console.space.write("dynbuild.toml", base + stage)
    console.space.ok("lock")
    console.space.ok("realize")
    script = 'env_scripts = ["echo script > /etc/motd"]\n'
    console.space.write("dynbuild.toml", base + script + stage)
    console.space.ok("lock")
    said = console.say("dynbuild realize -t app")
    assert "'page' and 'script.2' both write /etc/motd" in said
    assert "run `dynbuild lock --move page`" in said
    assert console.say("docker run --rm app cat /etc/motd") == "script\n"
    console.space.ok("lock", "--move", "page")
    assert console.say("dynbuild realize -t app --strict") == ""
    assert console.say("docker run --rm app cat /etc/motd") == "stage\n"


def test_the_table_of_the_page() -> None:
    assert outcomes() == {one.id: one.outcome for one in SECTIONS}
