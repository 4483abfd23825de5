"""Upgrades of what nobody declares: their text, what they do, what becomes of them."""

from dataclasses import replace

import pytest

from dynbuild.errors import LockError
from dynbuild.lockfile.changes import Change, compare
from dynbuild.lockfile.codec import dumps, loads, read
from dynbuild.lockfile.conflict import asked_on
from dynbuild.lockfile.images import ONLY, LockedImages, TargetImage, as_images
from dynbuild.lockfile.images_merge import merge_recipes
from dynbuild.lockfile.images_requests import asked_on_sides, asked_since_then, numbered
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.merge import merge
from dynbuild.lockfile.model import Lock, Target, declared_packages
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.platform import of_platform, told_apart
from dynbuild.lockfile.requests import asked_since, is_repacked
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.unresolved import unresolved_of
from dynbuild.lockfile.update import NOTHING, Requests, update
from dynbuild.steps.log import Event, declared, folded, groups, parse_undeclared
from dynbuild.steps.managers.apt_pinned import PINNING, versions_of
from dynbuild.steps.model import Freshen, Group, Install, Pin, Remove, Upgrade
from dynbuild.steps.pinned import Pinned
from dynbuild.steps.recipe import run_of
from dynbuild.steps.title import title
from tests.properties.strategies import digest

AMD, ARM = "linux/amd64", "linux/arm64"
BASE = Pin(
    "docker.io/library/debian", digest("b"), {AMD: digest("a"), ARM: digest("r")}
)
FRESHEN = Requests(freshen={("apt", "libc"): Freshen()})


def target(*names: str, scripts: tuple[str, ...] = ()) -> Target:
    return Target(BASE, {"apt": {name: name for name in names}}, scripts=scripts)


START = update(None, target("curl"))
FIXED = update(START, target("curl"), FRESHEN)


def events(lock: Lock, key: str = "libc") -> tuple[Event, ...]:
    return lock.packages["apt"].get(key, ())


def test_its_line_stands_under_the_packages() -> None:
    text = dumps(FIXED)
    assert '[apt]\ncurl = ["1 curl"]\n[apt.undeclared]\nlibc = ["2 ^"]\n' in text
    assert "version = 10\n" in text
    assert loads(text) == FIXED
    only = replace(FIXED, packages={"apt": {"libc": events(FIXED)}})
    assert '\n\n[apt.undeclared]\nlibc = ["2 ^"]\n' in dumps(only)
    assert loads(dumps(only)) == only
    some = Requests(freshen={("apt", "libc"): Freshen(("!arm64",))})
    restricted = update(START, target("curl"), some)
    assert 'libc = ["2 ^ [!arm64]"]' in dumps(restricted)
    assert loads(dumps(restricted)) == restricted


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('libc = ["2 libc"]', "'2 libc' is no event of a package"),
        ('libc = ["2 -"]', "'2 -' is no event of a package"),
        ('libc = ["2 ^ [vax]"]', "'2 ^ [vax]' is no event of a package"),
        ('"-x" = ["2 ^"]', "'-x' is no name of a package"),
        ("libc = []", "nothing ever happened to 'libc'"),
    ],
)
def test_what_else_stands_there_is_refused(line: str, message: str) -> None:
    text = dumps(FIXED).replace('libc = ["2 ^"]', line)
    with pytest.raises(LockError) as caught:
        loads(text)
    assert message in caught.value.diagnostics[0].message


def test_others_have_no_such_table() -> None:
    text = dumps(FIXED).replace("[apt.undeclared]", "\n[pip.undeclared]")
    with pytest.raises(LockError, match="DB0407"):
        loads(text)


def test_it_declares_nothing_and_is_one_step() -> None:
    assert declared_packages(FIXED) == declared_packages(START)
    assert update(FIXED, target("curl")) == FIXED
    first, second = (placed.step for placed in install_order(FIXED))
    assert isinstance(first, Group)
    assert isinstance(second, Group)
    assert second.actions == {"libc": Freshen()}
    assert "libc" not in second.declared
    assert title(second) == "newest libc"
    change = Change("upgraded", "apt", "libc", None, 2, ("not declared",))
    assert compare(START, FIXED) == (change,)
    some = Requests(freshen={("apt", "libc"): Freshen(("!arm64",))})
    (told,) = compare(START, update(START, target("curl"), some))
    assert told.details == ("not declared", "!arm64")
    run = run_of(second, {}, None)
    assert run is not None
    assert "--only-upgrade \\\n  --no-remove < /tmp/fresh" in run.script


def test_each_is_a_step_that_was_not_there() -> None:
    again = update(FIXED, target("curl"), FRESHEN)
    assert events(again) == (Event(2, Freshen()), Event(3, Freshen()))
    numbers = asked_since(START, again)
    assert numbers.freshen == {("apt", "libc"): Freshen()}
    other = resolve(again, AMD, {}, {}).digests
    assert len({*other.values()}) == 3


def test_on_a_platform_that_does_not_have_it_there_is_no_step() -> None:
    some = Requests(freshen={("apt", "libc"): Freshen(("!arm64",))})
    lock = update(START, target("curl"), some)
    assert told_apart(lock)
    assert len(install_order(of_platform(lock, ARM))) == 1
    assert [*install_order(of_platform(lock, AMD))] == [*install_order(FIXED)]


def test_where_it_is_declared_it_is_its_upgrade() -> None:
    log = {
        "libc": (Event(1, Install("libc")), Event(2, Freshen()), Event(3, Remove())),
        "curl": (Event(4, Freshen()), Event(4, Install("curl"))),
        "both": (Event(5, Upgrade()), Event(5, Freshen()), Event(5, Freshen())),
        "gone": (Event(6, Remove()), Event(6, Freshen())),
    }
    found = {seq: group.actions for seq, group in groups("apt", log)}
    assert found == {
        1: {"libc": Install("libc")},
        2: {"libc": Upgrade()},
        3: {"libc": Remove()},
        4: {"curl": Install("curl")},
        5: {"both": Freshen()},
    }
    assert declared(log) == {"curl": "curl"}
    # What is asked of it while somebody declares it is what they declare.
    listed = update(FIXED, target("curl", "libc"), FRESHEN)
    assert events(listed)[-1] == Event(3, Install("libc"))
    # What is listed for a while leaves no trace, and the fix stays.
    assert update(listed, target("curl")) == FIXED
    # But for a fix that is asked for now: it may stay for what needs it.
    again = update(listed, target("curl"), FRESHEN)
    assert events(again) == (*events(FIXED), Event(5, Freshen()))


def test_what_folds() -> None:
    log = {
        "own": (Event(1, Install("own")), Event(3, Freshen()), Event(4, Freshen())),
        "libc": (Event(2, Freshen()), Event(3, Freshen())),
        "new": (Event(2, Freshen()), Event(3, Install("new"))),
        "went": (Event(1, Install("went")), Event(2, Remove()), Event(3, Freshen())),
    }
    assert folded(log, 2) == {
        "own": (Event(1, Install("own")), Event(4, Freshen())),
        "libc": (Event(3, Freshen()),),
        "new": log["new"],
        "went": log["went"],
    }


def test_a_repack_and_a_new_base_drop_it() -> None:
    packed = update(FIXED, target("curl"), Requests(repack=True))
    assert not events(packed)
    assert is_repacked(FIXED, packed)
    other = replace(BASE, digest=digest("other"))
    assert not events(update(FIXED, replace(target("curl"), base=other)))


def test_behind_a_script_that_left_the_last_one_stays() -> None:
    start = update(None, target("curl", scripts=("true",)))
    fixed = update(start, target("curl", scripts=("true",)), FRESHEN)
    fixed = update(fixed, target("curl", scripts=("true",)), FRESHEN)
    left = update(fixed, target("curl"))
    assert [(one.seq, one.action) for one in events(left)] == [(4, Freshen())]


def test_a_declared_package_that_came_and_went_beside_it() -> None:
    lock = update(START, target("curl", scripts=("true",)), FRESHEN)
    lock = update(lock, target("curl", "libc", scripts=("true",)))
    lock = update(lock, target("curl", scripts=("true",)))
    left = update(lock, target("curl"))
    assert declared_packages(left) == {"apt": {"curl": "curl"}}
    assert loads(dumps(left)) == left


def test_requests_of_an_edit_are_kept() -> None:
    asked = asked_since(START, FIXED)
    assert update(START, target("curl"), asked) == FIXED
    both = asked_on((START, FIXED), START)
    assert update(START, target("curl"), both) == FIXED
    more = update(START, target("curl", "jq"), asked)
    assert events(more) == events(FIXED)


def test_a_merge_keeps_the_fix() -> None:
    main = update(START, target("curl", "jq"))
    merged = merge(START, main, FIXED).lock
    assert events(merged) == (Event(3, Freshen()),)
    listed = update(START, target("curl", "libc"))
    merged = merge(START, listed, FIXED).lock
    assert declared_packages(merged)["apt"] == {"curl": "curl", "libc": "libc"}
    # Main's layer may have the version that the branch replaced.
    upgraded = (Event(2, Install("libc")), Event(3, Upgrade()))
    assert events(merged) == upgraded
    (several,) = map(as_images, [merge_recipes(START, listed, FIXED).recipe])
    assert events(several.images[ONLY].own) == upgraded


def test_several_images() -> None:
    whole = target("curl")
    child = target("curl", "jq")
    targets = {
        "common": TargetImage(None, publish=True, whole=whole, config=whole.config),
        "api": TargetImage("common", publish=True, whole=child, config=child.config),
    }
    start = update_images(None, targets)
    asked = numbered({"common": FRESHEN, "new": FRESHEN}, start)
    assert asked["common"].upgrades == {"apt": 1}
    assert not asked["new"].freshen
    declared_ = {"api": Requests(freshen={("apt", "jq"): Freshen()})}
    assert not numbered(declared_, start)["api"].freshen
    fixed = update_images(start, targets, asked)
    assert '[images.common.apt.undeclared]\nlibc = ["3 ^"]' in dumps(fixed)
    assert read(dumps(fixed)) == fixed
    for name in fixed.images:
        assert events(fixed.whole(name)) == (Event(3, Freshen()),)
    for since in (asked_since_then(start, fixed), asked_on_sides([fixed], start)):
        assert since["common"].freshen == {("apt", "libc"): Freshen()}
        assert not since["api"].freshen
        assert update_images(start, targets, since) == fixed
    wider = {**targets, "more": replace(targets["api"], extends=None)}
    merged = merge_recipes(start, update_images(start, wider), fixed).recipe
    assert isinstance(merged, LockedImages)
    assert events(merged.images["common"].own)
    assert not merged.images["api"].own.packages["apt"].get("libc")


def group(**actions: object) -> Group:
    return Group("apt", actions, {})  # type: ignore[arg-type]  # actions by name


def test_versions() -> None:
    assert versions_of(group(libc=Freshen()), (), {}) == {"libc": "-"}
    assert versions_of(group(libc=Freshen()), (), {"libc": "1"}) == {"libc": "1"}
    resolved = {"apt": {AMD: {1: {"curl": "1"}, 2: {"libc": "-"}}}}
    lock = replace(FIXED, resolved=resolved)
    assert not unresolved_of(lock, AMD)
    assert unresolved_of(replace(FIXED, resolved={}), AMD)
    assert loads(dumps(lock)) == lock


NOTED = "# What came, as dynbuild lock --resolve writes it down.\n"


def test_what_goes_with_what_needed_it_is_not_missed() -> None:
    files = {"var/lib/apt/dynbuild-came": NOTED}

    def found(of: Group) -> tuple[str, ...]:
        pinned = replace(of, pinned=Pinned({"libc": "1"}))
        return PINNING.differs(pinned, lambda path: files.get(path, ""))

    assert found(group(libc=Freshen(), curl=Remove())) == ()
    # What needed it may have gone on a step below.
    assert found(group(libc=Freshen())) == ()
    assert found(group(libc=Freshen(), curl=Upgrade())) == ()
    assert found(group(libc=Upgrade(), curl=Remove())) != ()
    assert found(group(libc=Upgrade(), curl=Freshen())) == (
        "libc: the lock has 1, and it is not there",
    )


def test_what_is_gone_is_not_installed_by_its_version() -> None:
    def script(of: Group) -> str:
        pinned = Pinned({"libc": "1", "more": "2"})
        run = run_of(replace(of, declared={"curl": "curl"}, pinned=pinned), {}, None)
        assert run is not None
        return run.script

    alone, beside = (
        script(group(libc=Freshen())),
        script(group(libc=Freshen(), curl=Upgrade())),
    )
    for text in (alone, beside):
        assert text.index("set -- libc=1 more=2") < text.index("> /tmp/absent")
        assert text.index("> /tmp/absent") < text.index("> /tmp/words")
    # What a fix brought along comes with it alone.
    assert "grep -q . ||\n  set --\n" in alone
    assert "grep -q . ||" not in beside
    assert "/tmp/absent" not in script(group(curl=Upgrade()))


def test_text() -> None:
    assert parse_undeclared("3^2 ^ [amd64]") == Event(3, Freshen(("amd64",)), 2)
    assert NOTHING.freshen == {}


def test_a_branch_that_lists_no_more_what_it_fixes_later() -> None:
    """Two commits there, one update here: it may stay for what needs it."""
    start = update(None, target("curl", "libc"))
    main = update(start, target("curl", "git", "libc"))
    fixed = update(update(start, target("curl")), target("curl"), FRESHEN)
    merged = merge(start, main, fixed).lock
    assert merged.packages["apt"]["libc"][-2:] == (
        Event(3, Remove()),
        Event(4, Freshen()),
    )
