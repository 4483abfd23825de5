"""A lock as people see it, and what is drawn of it."""

import json

from syrupy.assertion import SnapshotAssertion

from dynbuild.cli.render.pages.drawing import drawing
from dynbuild.cli.render.pages.graph_text import dot, graph_data, mermaid_graph, tree
from dynbuild.cli.render.pages.stack_page import stack_page
from dynbuild.cli.render.pages.status_page import StatusFacts, status_page
from dynbuild.cli.render.pages.step_details import DrawnImage
from dynbuild.explain.picture import picture
from dynbuild.link.placement import Join
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.steps.log import EVERYTHING, Event
from dynbuild.steps.model import AptSource, Index, Install, Stage, Upgrade
from tests.browser.pages import HARM, PAGES, PLATFORM, harmful, ordinary, seen
from tests.pins import pinned
from tests.snapshot_files import files


def test_drawn_as_text(snapshot: SnapshotAssertion) -> None:
    shown = seen(ordinary())
    assert tree(shown) == snapshot(extension_class=files("txt"))
    assert mermaid_graph(shown) == snapshot(extension_class=files("mmd"))
    assert dot(shown) == snapshot(extension_class=files("gv"))
    assert drawing(shown, "webapp") == snapshot(extension_class=files("svg"))
    told = json.loads(graph_data({"": shown}))
    assert [step["step"] for step in told["steps"]][-1] == "application"


def test_nothing_known() -> None:
    shown = picture(ordinary(), PLATFORM)
    assert "MB" not in tree(shown)
    page = stack_page([DrawnImage(shown, {})], "webapp")
    assert 'class="stack bare"' in page
    assert "not known" in page
    nothing = {"": StatusFacts()}
    assert "Nothing was realized here yet." in status_page(nothing, "webapp")
    moved = {"": StatusFacts(onto="made last with --onto <b>")}
    assert "yet. Made last with --onto &lt;b&gt;." in status_page(moved, "webapp")


def test_all_kinds_have_their_reasons() -> None:
    source = AptSource("https://a/apt", ("stable",))
    lock = Lock(
        pinned("debian"),
        packages={"apt": {"jq": (Event(2, Install("jq")),)}},
        sources={source: 1},
        stages={
            "a": Entry(Stage("a", commands=("a",), touches=("dpkg",)), 3, 1),
            "b": Entry(Stage("b", ("c",), commands=("b",), touches=("dpkg",)), 4, 2),
            "c": Entry(Stage("c", env={"A": "b"}), 9),
        },
    )
    rows = {row.id: row for row in picture(lock, PLATFORM).rows}
    assert rows["source.1"].kind == "source"
    assert [note.heading for note in rows["c"].notes] == ["Environment"]
    assert (rows["a"].place.code, rows["a"].joins) == ("changed", ())
    assert (rows["b"].place.code, rows["b"].place.needs) == ("needs", ("c",))
    assert rows["b"].joins == (Join("a", databases=("dpkg",)),)
    page = stack_page([DrawnImage(picture(lock, PLATFORM), {})], "webapp")
    assert "behind c, which it needs (its own seq is 4)" in page
    assert "a: both write dpkg" in page


def test_a_group_tells_whom_it_asks_and_what_it_upgrades() -> None:
    log = {"jq": (Event(1, Install("jq")),), EVERYTHING: (Event(1, Upgrade()),)}
    indexes = {"pip": (Index("https://pypi.example.com", secret="x"),)}
    packages = {"apt": log, "pip": {"flask": (Event(2, Install("flask")),)}}
    lock = Lock(pinned("debian"), packages=packages, indexes=indexes)
    apt, pip = picture(lock, PLATFORM).rows
    assert [(one.heading, one.lines) for one in apt.notes] == [
        ("Declared with apt by then", ("jq",)),
        ("Upgraded", ("all that is there",)),
    ]
    assert pip.notes[-1].lines == ("https://pypi.example.com",)


def test_labels_of_mermaid_and_dot_hold_any_text() -> None:
    shown = seen(harmful())
    for line in mermaid_graph(shown).splitlines():
        assert not set("<>`'\\") & set(line.removeprefix("  base[(").replace("-->", ""))
    for line in dot(shown).splitlines():
        assert line.count('"') - line.count('\\"') in {0, 2, 4, 6}, line
    assert HARM.split("\u202e")[0] not in mermaid_graph(shown)


def test_a_click_tells_why() -> None:
    page = PAGES["graph"]()
    for told in (
        "it stands on assets",
        "assets changed",
        "commands\n  - npm run build\n  + npm ci &amp;&amp; npm run build",
        "a change would run application",
    ):
        assert told in page


def test_the_same_every_time() -> None:
    once, again = (PAGES["graph"]() for _ in range(2))
    assert once == again
    assert PAGES["statuses"]() == PAGES["statuses"]()
