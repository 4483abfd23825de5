"""``why`` and ``diff`` say before a realization what runs in it, and why.

Only what must run, runs: the edits of ``test_step_edits``, told by BuildKit's own
progress.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.engine import test_step_edits as edits

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

Root = tuple[str, str, tuple[str, ...]]
"""A step, the code of its reason, and the fields that differ."""

CHANGED = "changed"
EDITS: tuple[tuple[Callable[[Space], None], set[Root]], ...] = (
    (edits.nothing, set()),
    (edits.change_a_leaf, {("third", CHANGED, ("commands",))}),
    (edits.change_a_tracked_file, {("second", CHANGED, ("copies.0.content",))}),
    (edits.change_a_live_file, {("fourth", CHANGED, ("copies.0.content",))}),
    (edits.touch, set()),
    (edits.rename, set()),
    (edits.change_the_first, {("renamed", CHANGED, ("commands",))}),
    (edits.change_the_build_only, {("tool", CHANGED, ("commands",))}),
    (edits.change_runtime_only, set()),
    (edits.reorder, set()),
    (edits.add_a_stage, {("fifth", "new", ())}),
    (edits.add_a_script, {("script.14", "new", ())}),
    (
        edits.change_a_live_file_again,
        {("fourth", CHANGED, ("copies.0.content",))},
    ),
    (edits.remove_a_leaf, set()),
)


project = edits.project


def told(answer: Any) -> tuple[set[str], set[Root]]:
    """What runs, and where that began, of the data of ``why`` or of ``diff``."""
    roots = {
        (cause["step"], reason["code"], tuple(f["field"] for f in reason["fields"]))
        for cause in answer["causes"]
        for reason in cause["reasons"]
    }
    runs = {step["step"] for step in answer["runs"]}
    assert {s["step"] for c in answer["causes"] for s in c["runs"]} == runs
    return runs, roots


def foreseen(space: Space) -> tuple[set[str], set[Root]]:
    """What runs, and where that began, as ``why`` says of a lock that is made now.

    ``diff`` says the same of the two locks, but for what only live files decide: these
    steps it names apart; of those that moved for it, it sees only that.
    """
    space.write("before.lock", space.read("dynbuild.lock"))
    space.ok("lock")
    runs, roots = told(json.loads(space.ok("why", "--json").out))
    answer = json.loads(space.ok("diff", "before.lock", "dynbuild.lock", "--json").out)
    fates = {s["step"]: s["fate"] for s in answer["steps"] if s["live"]}
    live = {step for step, fate in fates.items() if fate == "live"}
    moved = {step for step, fate in fates.items() if fate == "runs" and step in runs}
    moved -= {root[0] for root in told(answer)[1] if root[1] == "new"}
    of_lock = {root for root in roots if root[0] not in live | moved}
    of_lock |= {(step, "moved", ()) for step in moved}
    assert told(answer) == (runs - live, of_lock)
    return runs, roots


def test_every_edit_is_foreseen(project: Space) -> None:
    runs, roots = told(json.loads(project.ok("why", "--json").out))
    assert runs == edits.realized(project) == edits.ALL
    assert roots == {(step, "new", ()) for step in edits.ALL}
    for (change, expected), (same, steps) in zip(EDITS, edits.EDITS, strict=True):
        assert change == same
        change(project)
        runs, roots = foreseen(project)
        assert roots == expected, change.__name__
        assert runs == edits.realized(project) == steps, change.__name__
    assert foreseen(project) == (set(), set())


PACKAGES = """\
base = "{base}"
user = {{ name = "app", uid = 1200 }}
apt_packages = ["jq"]
env_scripts = ["echo one > /one"]

[[stages]]
name = "first"
commands = ["jq --version > /first"]

[[stages]]
name = "second"
dependencies = ["first"]
user = "app"
cache_mounts = ["/tmp/cache"]
commands = ["touch /tmp/second"]
"""
EDITS_OF_SYSTEM_STEPS: tuple[tuple[str, str, set[Root], set[str]], ...] = (
    ('["jq"]', '["jq", "bc"]', {("apt.6", "new", ())}, {"apt.6"}),
    ('"jq", "bc"', '"jq=1.*", "bc"', {("apt.7", "new", ())}, {"apt.7"}),
    ('"jq=1.*", "bc"', '"jq=1.*"', {("apt.8", "new", ())}, {"apt.8"}),
    (
        "uid = 1200",
        "uid = 1201",
        {("user.3", CHANGED, ("script",))},
        {"user.3", "apt.6", "apt.7", "apt.8", "first", "second"},
    ),
    (
        '["echo one > /one"]',
        "[]",
        # Packages that came after it are installed anew: the events that came to
        # nothing leave the log.
        {
            ("user.3", "gone", ()),
            ("apt.7", "gone", ()),
        },
        {"user.3", "apt.7", "first", "second"},
    ),
)


def test_edits_of_system_steps_are_foreseen(built: Space, debian_base: str) -> None:
    built.write("dynbuild.toml", PACKAGES.format(base=debian_base))
    built.ok("lock")
    runs, _ = told(json.loads(built.ok("why", "--json").out))
    # The builder's own cache may know these steps from another test.
    assert runs == edits.realized(built, "--no-cache")
    for old, new, expected, steps in EDITS_OF_SYSTEM_STEPS:
        edits.edit(built, old, new)
        runs, roots = foreseen(built)
        assert (roots, runs) == (expected, steps), new
        assert edits.realized(built) == steps, new
