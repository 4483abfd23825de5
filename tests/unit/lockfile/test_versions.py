"""Versions in the lock: their text, what may stand there, what is due, what stays."""

from dataclasses import replace

import pytest

from dynbuild.commands.lock_versions import unresolved
from dynbuild.errors import CommandFailed, LockError
from dynbuild.lockfile import sums
from dynbuild.lockfile.carrying import carried, none_older
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.images import LockedImages, as_images, extended, own_part
from dynbuild.lockfile.images_carrying import carried_images
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.unresolved import due, missing_of, refuse_unresolved
from dynbuild.lockfile.update import NOTHING, update
from dynbuild.steps.model import Pin
from dynbuild.steps.pinned import Events

AMD, ARM = "linux/amd64", "linux/arm64"
BASE = Pin("debian:12", None)
SUM = "a" * 64


def target(*names: str, resolve: bool = False, **more: object) -> Target:
    wanted = Target(BASE, {"apt": {name: name for name in names}}, resolve=resolve)
    return replace(wanted, **more)  # type: ignore[arg-type]


def with_(lock: Lock, events: Events, platform: str = AMD) -> Lock:
    of = {**lock.resolved.get("apt", {}), platform: events}
    return replace(lock, resolved={"apt": of})


def test_the_text_of_versions() -> None:
    lock = with_(update(None, target("jq", resolve=True)), {1: {"jq": "1", "g++": "2"}})
    lock = with_(lock, {1: {"jq": "1+b1", "mta": "=exim4,x"}}, ARM)
    text = dumps(lock)
    assert "version = 9\n" in text
    assert (
        """
[resolved]
since = 1

[resolved.apt."linux/amd64"]
"g++" = ["1 2"]
jq = ["1 1"]

[resolved.apt."linux/arm64"]
jq = ["1 1+b1"]
mta = ["1 =exim4,x"]
"""
        in text
    )
    assert loads(text) == lock
    assert "version = 1\n" in dumps(update(None, target("jq")))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('"-o" = ["1 1"]', "is no name of a package"),
        ('jq = ["1 -o"]', "is no version of an event"),
        ('jq = ["1"]', "is no version of an event"),
        ('jq = ["1 1 2"]', "is no version of an event"),
        (f'jq = ["1 {"9" * 300}"]', "is no version of an event"),
    ],
)
def test_what_is_no_version_is_refused(line: str, message: str) -> None:
    lock = with_(update(None, target("jq")), {1: {"jq": "1"}})
    with pytest.raises(LockError) as error:
        loads(dumps(lock).replace('jq = ["1 1"]', line))
    assert message in error.value.diagnostics[0].message


def test_versions_of_others_are_refused() -> None:
    text = dumps(with_(update(None, target("jq")), {1: {"jq": "1"}}))
    with pytest.raises(LockError) as error:
        loads(text.replace("[resolved.apt.", "[resolved.yum."))
    assert "'yum' are not written down" in error.value.diagnostics[0].message


def test_an_event_with_two_versions_has_none() -> None:
    """As a merge of texts may leave it."""
    lock = with_(update(None, target("jq", "git")), {1: {"jq": "1", "git": "2"}})
    text = dumps(lock).replace('jq = ["1 1"]', 'jq = ["1 1", "1 2"]')
    assert loads(text).resolved == {}


def test_what_is_due() -> None:
    bare = update(None, target("jq"))
    assert due(bare, AMD) == ()
    asked = update(bare, target("jq", "git", resolve=True))
    assert asked.resolve_since == 2
    assert [one.seq for one in due(asked, AMD)] == [2]
    (warning,) = unresolved(as_images(asked))
    assert warning.message == (
        "no versions are written down: apt.2; nor have 1 that came before"
    )
    with pytest.raises(CommandFailed, match=r"no versions for linux/amd64 of apt\.2"):
        refuse_unresolved(asked, [AMD])
    done = with_(asked, {2: {"git": "1"}})
    refuse_unresolved(done, [AMD])
    refuse_unresolved(bare, [AMD])
    with pytest.raises(CommandFailed):
        refuse_unresolved(done, [AMD, ARM])
    assert unresolved(as_images(done)) == []
    again = update(done, target("jq", "git", "tree", resolve=True))
    assert again.resolve_since == 2
    assert missing_of(again, again, done, AMD) == {("apt", 3)}
    assert missing_of(again, again, None, AMD) == {("apt", 1), ("apt", 3)}
    assert missing_of(again, again, again, ARM) == {("apt", 2), ("apt", 3)}
    assert missing_of(bare, bare, bare, AMD) == frozenset()
    undone = with_(again, {2: {"git": "2"}, 3: {"tree": "1", "git": "1"}})
    (warning,) = unresolved(as_images(undone))
    assert "apt.3 (it would undo git 2 (it has 1))" in warning.message
    # Without the wish nothing says since when; what has versions does.
    plain = update(undone, target("jq", "git", "tree"))
    assert plain.resolve_since is None
    assert [one.seq for one in due(plain, AMD)] == [3]


def test_a_new_base_begins_anew() -> None:
    lock = with_(update(None, target("jq", resolve=True)), {1: {"jq": "1"}})
    more = target("jq", "git", resolve=True)
    grown = with_(update(lock, more), {1: {"jq": "1"}, 2: {"git": "1"}})
    moved = update(grown, replace(more, base=Pin("debian:13", None)))
    assert moved.resolved == {}
    assert moved.resolve_since == 1
    packed = update(grown, more, replace(NOTHING, repack=True))
    assert packed.resolved == {}
    assert carried(moved, grown) is moved


def test_what_pip_brings_stays_unless_what_it_stands_on_changed() -> None:
    pip = {"pip": {"flask": "flask"}}
    start = with_(update(None, target("jq")), {1: {"jq": "1", "lib": "1"}})
    of_both = replace(target("jq"), packages={"apt": {"jq": "jq"}, **pip})
    branch = update(start, of_both)
    lines = {2: {"flask": "3", "dep": "1"}}
    branch = replace(branch, resolved={**branch.resolved, "pip": {AMD: lines}})
    for versions, stays in (
        ({"tree": "1"}, True),
        ({"tree": "1", "flask": "2"}, True),
        ({"tree": "1", "libpython3-stdlib": "1"}, False),
        ({"tree": "1", "pypy3": "1"}, False),
    ):
        main = update(start, target("jq", "tree"))
        main = with_(main, {**start.resolved["apt"][AMD], 2: versions})
        names = {"apt": {"jq": "jq", "tree": "tree"}, **pip}
        both = carried(update(main, replace(of_both, packages=names)), branch)
        seq = both.packages["pip"]["flask"][0].seq
        assert (seq in both.resolved.get("pip", {}).get(AMD, {})) is stays
        assert both.resolved["apt"][AMD][2] == versions
    # Two groups of pip, with and without a package that both brought.
    for versions, stays in (
        ({"click": "8"}, True),
        ({"click": "8", "dep": "2"}, False),
    ):
        other = replace(of_both, packages={"apt": {"jq": "jq"}, "pip": {"click": "x"}})
        main = update(start, other)
        main = replace(main, resolved={**main.resolved, "pip": {AMD: {2: versions}}})
        every = {"apt": {"jq": "jq"}, "pip": {"click": "x", "flask": "flask"}}
        both = carried(update(main, replace(of_both, packages=every)), branch)
        assert (3 in both.resolved["pip"][AMD]) is stays


def test_a_merge_leaves_open_what_pip_would_make_older() -> None:
    wanted = replace(target("jq"), packages={"pip": {"flask": "flask"}})
    lock = replace(update(None, wanted), resolved={"pip": {AMD: {1: {"flask": "1.9"}}}})
    side = replace(lock, resolved={"pip": {AMD: {1: {"flask": "1.10"}}}})
    assert none_older(lock, [side]).resolved == {}
    assert none_older(side, [lock]) == side
    assert "version = 10\n" in dumps(lock)
    assert loads(dumps(lock)) == lock


def test_what_stays_when_numbered_anew() -> None:
    start = with_(update(None, target("jq")), {1: {"jq": "1", "lib": "1"}})
    branch = update(start, target("jq", "git"))
    branch = with_(branch, {**start.resolved["apt"][AMD], 2: {"git": "1", "perl": "5"}})
    for name, versions, script, stays in (
        ("tree", {"tree": "1"}, (), True),
        ("tree", {"tree": "1", "perl": "5"}, (), False),
        ("tree", None, (), False),
        ("tree", {"tree": "1"}, ("true",), False),
    ):
        main = update(start, target("jq", name, scripts=script))
        events = {**start.resolved["apt"][AMD], **({2: versions} if versions else {})}
        both = update(with_(main, events), target("jq", name, "git", scripts=script))
        found = carried(both, branch).resolved["apt"][AMD]
        assert (both.packages["apt"]["git"][0].seq in found) is stays


def test_two_events_become_one() -> None:
    start = with_(update(None, target("jq")), {1: {"jq": "1"}})
    branch = update(update(start, target("jq", "git")), target("jq", "git", "tree"))
    known = {1: {"jq": "1"}, 2: {"git": "1"}, 3: {"tree": "1"}}
    both = update(start, target("jq", "git", "tree"))
    found = carried(both, with_(branch, known)).resolved["apt"][AMD]
    assert found[2] == {"git": "1", "tree": "1"}
    del known[3]
    assert 2 not in carried(both, with_(branch, known)).resolved["apt"][AMD]


def test_what_removes_stays_only_where_nothing_differs() -> None:
    start = with_(update(None, target("jq", "git")), {1: {"jq": "1", "git": "1"}})
    branch = update(start, target("jq", "tree"))
    branch = with_(branch, {**start.resolved["apt"][AMD], 2: {"tree": "1"}})
    assert (
        2 in carried(update(start, target("jq", "tree")), branch).resolved["apt"][AMD]
    )
    main = update(start, target("jq", "git", "curl"))
    main = with_(main, {**start.resolved["apt"][AMD], 2: {"curl": "1"}})
    both = update(main, target("jq", "curl", "tree"))
    assert 3 not in carried(both, branch).resolved["apt"][AMD]


def test_the_group_of_the_older_version_is_left_open() -> None:
    start = with_(update(None, target("jq")), {1: {"jq": "1"}})
    newer = with_(start, {1: {"jq": "2"}})
    assert none_older(start, [newer]).resolved == {}
    assert none_older(newer, [start]) == newer
    two = with_(start, {1: {"jq": "9"}}, ARM)
    assert none_older(two, [newer]).resolved == {"apt": {ARM: {1: {"jq": "9"}}}}
    grown = with_(update(start, target("jq", "git")), {1: {"jq": "1"}, 2: {"git": "1"}})
    left = none_older(grown, [newer])
    assert left.resolved["apt"][AMD] == {2: {"git": "1"}}


def test_a_group_that_brought_others_does_not_fold() -> None:
    start = with_(update(None, target("jq")), {1: {"jq": "1", "lib": "1"}})
    wanted = target("jq", "git")
    grown = update(start, wanted)
    alone = with_(grown, {**start.resolved["apt"][AMD], 2: {"git": "1"}})
    assert "git" not in update(alone, target("jq")).packages["apt"]
    brought = with_(grown, {**start.resolved["apt"][AMD], 2: {"git": "1", "lib": "2"}})
    after = update(brought, target("jq"))
    assert [event.seq for event in after.packages["apt"]["git"]] == [2, 3]


def test_images_have_versions_of_their_own() -> None:
    above = with_(update(None, target("jq")), {1: {"jq": "1"}})
    own = with_(
        replace(update(above, target("jq", "git")), resolved={}), {2: {"git": "1"}}
    )
    whole = extended(above, own_part(own, above, own.config))
    assert whole.resolved["apt"][AMD] == {1: {"jq": "1"}, 2: {"git": "1"}}
    part = own_part(whole, above, whole.config)
    assert part.resolved == {"apt": {AMD: {2: {"git": "1"}}}}
    # Two merged events of one seq, of an image and of what it extends.
    torn = extended(above, with_(part, {1: {"jq": "2"}}))
    assert torn.resolved["apt"][AMD] == {}
    none = LockedImages({}, {})
    assert carried_images(as_images(above), none) == as_images(above)
    with_lines = as_images(above)
    other = replace(with_lines, images={"x": with_lines.images[""]})
    assert carried_images(other, with_lines) == other


def test_what_an_image_inherits_has_versions_too() -> None:
    above = update(None, target("jq", resolve=True))
    own = own_part(
        update(above, target("jq", "git", resolve=True)), above, above.config
    )
    child = with_(replace(extended(above, own), resolve_since=2), {2: {"git": "1"}})
    assert [one.seq for one in due(child, AMD)] == [1]
    for since in (1, None):
        with pytest.raises(
            CommandFailed, match=r"no versions for linux/amd64 of apt\.1"
        ):
            refuse_unresolved(replace(child, resolve_since=since), [AMD])


def test_what_stood_on_something_that_is_not_here() -> None:
    """The second of a branch's changes without its first, which brought a library."""
    main = with_(update(None, target("jq")), {1: {"jq": "1"}})
    first = update(main, target("jq", "foo"))
    second = update(first, target("jq", "foo", "bar"))
    versions = {2: {"foo": "1", "libx": "1"}, 3: {"bar": "1"}}
    branch = with_(second, {1: {"jq": "1"}, **versions})
    here = update(main, target("jq", "bar"))
    assert carried(here, branch).resolved == main.resolved
    both = carried(update(first, target("jq", "foo", "bar")), branch)
    assert both.resolved["apt"][AMD] == {1: {"jq": "1"}, **versions}


def test_digests() -> None:
    known = sums.keys("apt", AMD, [("jq", "1", SUM), ("lib", "1:2", "b" * 64)])
    text = sums.dumps(known)
    assert text.splitlines()[1:] == [
        f"apt {AMD} jq 1 {SUM}",
        f"apt {AMD} lib 1:2 {'b' * 64}",
    ]
    assert sums.loads(text) == known
    assert sums.loads(f"\n{text}{text}") == known
    assert sums.dumps({}) == ""
    both = sums.united(known, {f"apt {AMD} jq 1": frozenset({"c" * 64})})
    assert both[f"apt {AMD} jq 1"] == {SUM, "c" * 64}
    lock = with_(update(None, target("jq")), {1: {"jq": "1"}})
    assert sums.needed(known, as_images(lock)) == {f"apt {AMD} jq 1": frozenset({SUM})}
    for bad in ("apt jq", "<<<<<<< HEAD", f"apt {AMD} jq 1 {SUM}0"):
        with pytest.raises(LockError) as error:
            sums.loads(f"{text}{bad}\n")
        assert error.value.diagnostics[0].code == "DB0441"
    child = replace(lock, above=lock)
    knowing = sums.with_sums(child, known)
    assert knowing.above is not None
    assert knowing.sums == knowing.above.sums == known
