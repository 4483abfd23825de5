"""A lock as people see it, and what is drawn of it."""

import json

from syrupy.assertion import SnapshotAssertion

from dynbuild.cli.pages.drawing import drawing
from dynbuild.cli.pages.graph_text import dot, graph_data, mermaid_graph, tree
from dynbuild.cli.pages.stack_page import stack_page
from dynbuild.cli.pages.status_page import StatusFacts, status_page
from dynbuild.explain.picture import picture
from dynbuild.lock.model import Entry, Lock
from dynbuild.steps.log import Event
from dynbuild.steps.model import AptSource, Install, Stage
from tests.browser.pages import HARM, PLATFORM, harmful, ordinary, seen, status
from tests.pins import pinned
from tests.snapshot_files import files


def test_drawn_as_text(snapshot: SnapshotAssertion) -> None:
    shown = seen(ordinary())
    assert tree(shown) == snapshot(extension_class=files("txt"))
    assert mermaid_graph(shown) == snapshot(extension_class=files("mmd"))
    assert dot(shown) == snapshot(extension_class=files("gv"))
    assert drawing(shown, "webapp") == snapshot(extension_class=files("svg"))
    told = json.loads(graph_data(shown))
    assert [step["step"] for step in told["steps"]][-1] == "application"


def test_nothing_known() -> None:
    shown = picture(ordinary(), PLATFORM)
    assert "MB" not in tree(shown)
    page = stack_page(shown, "webapp")
    assert 'class="stack bare"' in page
    assert "not known" in page
    assert "Nothing was realized here yet." in status_page(StatusFacts(), "webapp")


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
    assert rows["a"].why == ("It changed once; seq 3 is where it was put last.",)
    assert rows["b"].why == (
        "It changed 2 times; seq 4 is where it was put last.",
        "It needs c, and so stands behind it at 9.",
        "Put on a, for both change dpkg.",
    )


def test_labels_of_mermaid_and_dot_hold_any_text() -> None:
    shown = seen(harmful())
    for line in mermaid_graph(shown).splitlines():
        assert not set("<>`'\\") & set(line.removeprefix("  base[(").replace("-->", ""))
    for line in dot(shown).splitlines():
        assert line.count('"') - line.count('\\"') in {0, 2, 4, 6}, line
    assert HARM.split("\u202e")[0] not in mermaid_graph(shown)


def test_the_same_every_time() -> None:
    once, again = (stack_page(seen(ordinary()), "webapp") for _ in range(2))
    assert once == again
    assert status_page(status(), "webapp") == status_page(status(), "webapp")
