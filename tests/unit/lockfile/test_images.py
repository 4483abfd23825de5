"""Locks of several images: what is told of them, refused, requested and merged."""

from dataclasses import replace
from pathlib import Path

import pytest

from dynbuild.commands.lock_warnings import unshared
from dynbuild.commands.target import targets_of
from dynbuild.declaration.load import load
from dynbuild.errors import LockError
from dynbuild.lockfile.codec import dumps, loads, read
from dynbuild.lockfile.images import (
    AnyLock,
    LockedImages,
    Targets,
    as_images,
    as_recipe,
)
from dynbuild.lockfile.images_changes import compare_images
from dynbuild.lockfile.images_continued import as_several
from dynbuild.lockfile.images_merge import merge_recipes
from dynbuild.lockfile.images_requests import (
    all_of,
    asked_on_sides,
    asked_since_then,
    is_any_repacked,
)
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.model import declared_packages
from dynbuild.lockfile.update import NOTHING, Requests
from dynbuild.project.content import Tree
from dynbuild.spans import Source
from dynbuild.steps.log import Event
from dynbuild.steps.model import Install, Remove
from tests.pins import pinned

START = """\
[images.common]
base = "debian:12"
shell = ["/bin/bash"]
apt_packages = ["curl"]
stages = [{ name = "deps", commands = ["make deps"] }]

[images.api]
extends = "common"
apt_packages = ["jq"]

[images.api.stages.app]
dependencies = ["deps"]
copy = [{ image = "golang:1", from = "/go", to = "/go" }]
commands = ["make app"]

[images.worker]
extends = "common"
stages = [{ name = "app", dependencies = ["deps"], commands = ["make worker"] }]
"""


def targets(text: str) -> Targets:
    return targets_of(load(Source("x.toml", text), "toml"), Tree(Path()), pinned)


def locked(text: str, start: AnyLock | None = None, **asked: Requests) -> LockedImages:
    wanted = targets(text)
    return update_images(as_several(start, wanted), wanted, asked)


def told(before: LockedImages | None, text: str) -> list[tuple[str, str, str]]:
    after = locked(text, before and as_recipe(before))
    changes = compare_images(before, after)
    return [(change.verb, change.kind, change.called) for change in changes]


def edited(old: str, new: str, text: str = START) -> str:
    assert old in text
    return text.replace(old, new)


def test_of_new_images_each_step_is_told_once() -> None:
    assert told(None, START) == [
        ("added", "image", "docker.io/library/golang:1"),
        ("added", "images", "common"),
        ("added", "apt", "common/curl"),
        ("added", "stage", "common/deps"),
        ("added", "images", "api"),
        ("added", "apt", "api/jq"),
        ("added", "stage", "api/app"),
        ("added", "images", "worker"),
        ("added", "stage", "worker/app"),
    ]


def test_what_is_inherited_is_told_where_it_began() -> None:
    text = edited("make deps", "make more")
    assert ("changed", "stage", "common/deps") in told(locked(START), text)
    assert not [one for one in told(locked(START), text) if one[2] == "api/deps"]


def test_changes_of_an_image_itself_are_told() -> None:
    text = edited(
        '[images.worker]\nextends = "common"', "[images.worker]\npublish = false"
    )
    text = edited('dependencies = ["deps"], ', "", text)
    assert ("changed", "images", "worker") in told(locked(START), text)
    alone = START.partition("[images.worker]")[0]
    assert told(locked(START), alone)[-1] == ("removed", "images", "worker")
    packed = locked(START)
    assert told(packed, START) == []


def test_arguments_are_told_once() -> None:
    args = 'args = { who = "me" }\n' + edited("make deps", "make deps")
    found = locked(args)
    assert compare_images(found, found) == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'extends = "common"',
            'extends = "gone"',
            "no image is at the end of its line",
        ),
        (
            'extends = "common"\n',
            'extends = "common"\nshell = ["/bin/sh"]\n',
            "no base",
        ),
        ('base = "docker', 'base = "other', "is not among the pins"),
        ("[images.api.stages.app]", "[images.api.stages.deps]", "both have 'deps'"),
        ("[images.api]", "[images.api]\nodd = 1", "does not know"),
    ],
)
def test_what_no_lock_of_several_has_is_refused(old: str, new: str, words: str) -> None:
    text = edited(old, new, dumps(locked(START)))
    with pytest.raises(LockError, match=words):
        read(text)


def test_a_lock_of_several_is_not_one_of_one() -> None:
    with pytest.raises(LockError, match="several images") as caught:
        loads(dumps(locked(START)))
    assert caught.value.diagnostics[0].hint == "name one: common, api, worker"


def test_the_shell_is_said_at_the_root() -> None:
    text = dumps(locked(START))
    assert text.count("shell = ") == 1
    assert read(text) == locked(START)


def test_a_lock_like_none_of_the_images_begins_anew() -> None:
    other = locked('[images.x]\nbase = "debian:12"\napt_packages = ["vim"]\n').whole(
        "x"
    )
    assert as_several(other, targets(START)) is None
    assert as_several(None, targets(START)) is None
    assert as_several(locked(START), targets(START)) == locked(START)


def test_requests_are_of_each_images_own_steps() -> None:
    start = locked(START)
    asked = Requests(bump={"app": 1}, upgrade=frozenset({("apt", "jq")}))
    now = locked(START, start, api=asked, common=Requests(move=frozenset({"deps"})))
    since = asked_since_then(start, now)
    assert since["api"].again == {"app": 1}
    assert since["api"].upgrade == {("apt", "jq")}
    assert since["api"].moved == frozenset()
    assert since["common"].moved == {"deps"}
    assert since["worker"].upgrade == frozenset()
    assert locked(START, start, **since) == now
    torn = asked_on_sides([now, start], start)
    assert torn["api"].bump == {"app": 1}
    assert torn["common"].move == {"deps"}
    both = all_of(since, {"api": Requests(bump={"app": 5})})
    assert both["api"].bump == {"app": 5}


def test_what_is_built_apart_is_told_until_a_repack() -> None:
    start = locked(START)
    assert unshared(start) == []
    assert unshared(as_images(start.whole("common"))) == []
    text = edited("make deps", "make more", edited('"curl"', '"curl", "git"'))
    (warning,) = unshared(locked(text, start))
    assert warning.message.endswith("than their owner: api 1 of 1")
    repack = {name: Requests(repack=True) for name in start.images}
    assert unshared(locked(text, start, **repack)) == []


def test_a_repack_is_seen_but_where_the_ground_changed() -> None:
    start = locked(START)
    grown = locked(edited('"curl"', '"curl", "git"'), start)
    packed = locked(
        edited('"curl"', '"curl", "git"'), grown, common=Requests(repack=True)
    )
    assert is_any_repacked(grown, packed)
    assert not is_any_repacked(start, grown)
    assert not is_any_repacked(start, start.whole("api"))
    moved = edited('extends = "common"\nstages', 'extends = "api"\nstages', START)
    moved = edited('{ name = "app", dep', '{ name = "work", dep', moved)
    assert not is_any_repacked(start, locked(moved, start))


def test_locks_of_one_image_are_merged_as_before() -> None:
    start = as_recipe(as_images(locked(START).whole("common")))
    merged = merge_recipes(start, start, start)
    assert (merged.recipe, merged.both) == (start, ())
    assert merge_recipes(None, start, start).recipe == start
    with pytest.raises(LockError, match="one image, another several"):
        merge_recipes(start, locked(START), start)


def test_images_that_both_sides_add_change_and_remove() -> None:
    start = locked(START)
    more = START + '\n[images.debug]\nextends = "api"\n'
    more += 'stages = [{ name = "d", commands = ["x"] }]\n'
    gone = START.partition("[images.worker]")[0]
    merged = merge_recipes(start, locked(more, start), locked(gone, start))
    assert isinstance(merged.recipe, LockedImages)
    assert {*merged.recipe.images} == {"common", "api", "debug"}
    assert merged.both == ()
    changed = edited("make worker", "make another")
    merged = merge_recipes(start, locked(changed, start), locked(gone, start))
    assert "image 'worker'" in merged.both
    assert "worker" in as_images(merged.recipe).images
    merged = merge_recipes(None, locked(more), locked(START))
    assert {*as_images(merged.recipe).images} == {"common", "api", "worker", "debug"}


def test_an_image_that_another_extends_is_kept() -> None:
    middle = START + '\n[images.debug]\nextends = "worker"\n'
    start = locked(START)
    gone = START.partition("[images.worker]")[0]
    merged = merge_recipes(start, locked(gone, start), locked(middle, start))
    assert "image 'worker'" in merged.both
    assert {"worker", "debug"} <= {*as_images(merged.recipe).images}


def test_images_that_would_extend_one_another_stay_as_mains() -> None:
    two = '[images.a]\nbase = "debian:12"\n{a}[images.b]\nbase = "debian:12"\n{b}'
    start = locked(two.format(a="", b=""))
    main = two.format(a="", b="").replace(
        '[images.a]\nbase = "debian:12"', '[images.a]\nextends = "b"'
    )
    branch = two.format(a="", b="").replace(
        '[images.b]\nbase = "debian:12"', '[images.b]\nextends = "a"'
    )
    merged = merge_recipes(start, locked(main, start), locked(branch, start))
    several = as_images(merged.recipe)
    assert "what images extend" in merged.both
    assert (several.images["a"].extends, several.images["b"].extends) == ("b", None)


def test_sides_that_do_not_fit_keep_what_is_needed() -> None:
    """One side takes away what the other side's new stage needs."""
    start = locked(START)
    gone = edited('dependencies = ["deps"]\n', "")
    gone = edited('dependencies = ["deps"], ', "", gone)
    gone = edited('stages = [{ name = "deps", commands = ["make deps"] }]\n', "", gone)
    more = 'dependencies = ["deps"], commands = ["make more"] }'
    needs = edited('["make worker"] }', f'["make worker"] }}, {{ name = "more", {more}')
    merged = merge_recipes(start, locked(gone, start), locked(needs, start))
    assert "stages that need one another" in merged.both
    worker = as_images(merged.recipe).whole("worker")
    assert {"deps", "more"} <= worker.stages.keys()


def test_the_only_image_has_no_name_and_is_told_as_such() -> None:
    text = 'base = "debian:12"\napt_packages = ["curl"]\nenv = { A = "1" }\n'
    assert told(None, text) == [("added", "apt", "curl")]
    images = f"[images.common]\n{text}\n[images.api]\nextends = 'common'\ncmd = ['x']\n"
    assert ("added", "apt", "common/curl") in told(None, images)
    assert not [one for one in told(None, images) if one[1] == "config"]
    several = locked(images)
    alone = as_recipe(locked(text, several))
    assert alone == several.whole("common")
    assert as_recipe(locked(text, alone)) == alone


def test_an_image_like_none_that_left_is_new() -> None:
    start = locked(START)
    text = START.partition("[images.worker]")[0]
    text += '[images.other]\nbase = "debian:12"\napt_packages = ["vim"]\n'
    wanted = targets(text)
    before = as_several(start, wanted)
    assert before is not None
    assert "other" not in before.images


def test_of_two_that_are_like_one_that_left_one_continues_it() -> None:
    start = locked(START)
    head, _, worker = START.partition("[images.worker]")
    text = f"{head}[images.one]{worker}\n[images.two]{worker}"
    before = as_several(start, targets(text))
    assert before is not None
    assert {"one", "two"} & before.images.keys() == {"one"}


def test_the_end_of_a_log_folds_where_nobody_else_stands_on_it() -> None:
    """An image's own, as long as nothing that it inherits came later."""
    lock = locked(START)
    for version in "123":
        text = edited('"jq"', f'"jq", "git={version}"')
        text = edited('["curl"]', f'["curl", "sed={version}"]', text)
        lock = locked(text, as_recipe(lock))

    def seqs(image: str, package: str) -> list[int]:
        events = lock.images[image].own.packages["apt"][package]
        return [event.seq for event in events]

    # Of what others extend, nothing folds, and so nothing of what stands between.
    assert seqs("common", "sed") == [6, 8, 10]
    assert seqs("api", "git") == [7, 9, 11]
    for version in "45":
        alone = edited('"git=3"', f'"git={version}"', text)
        lock = locked(alone, as_recipe(lock))
    # The third is the first that nothing stands on.
    assert seqs("api", "git") == [7, 9, 13]
    assert not is_any_repacked(as_recipe(locked(START)), as_recipe(lock))


def test_what_an_image_takes_back_stays_when_its_history_folds() -> None:
    """Its own event stays where that of an ancestor does, which it answers."""
    apart = """\
[images.common]
base = "debian:12"
apt_packages = ["curl"]

[images.api]
extends = "common"
env_scripts = ["prepare"]
"""
    back = apart.replace('apt_packages = ["curl"]\n', "") + 'apt_packages = ["curl"]\n'
    upgraded = replace(NOTHING, upgrade=frozenset({("apt", "curl")}))
    lock = locked(back, locked(apart))
    lock = locked(back, lock, api=upgraded)
    lock = locked(back.replace('env_scripts = ["prepare"]\n', ""), lock)
    assert lock.images["common"].own.packages["apt"]["curl"][1:] == (
        Event(3, Remove()),
    )
    assert lock.images["api"].own.packages == {
        "apt": {"curl": (Event(4, Install("curl"), 1),)}
    }
    assert declared_packages(lock.whole("api")) == {"apt": {"curl": "curl"}}
