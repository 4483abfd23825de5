"""An upgrade that is asked for is built: nothing that was ever built answers for it.

Histories as commands make them, of one image and of several that extend one another:
edits, upgrades, repacks, commits, branches and their merges. Whatever a lock holds is
built at once, and kept for ever.
"""

from dataclasses import dataclass, field, replace

from hypothesis import example, given
from hypothesis import strategies as st

from dynbuild.lockfile.codec import dumps, read
from dynbuild.lockfile.images import ONLY, LockedImages, TargetImage, Targets, as_recipe
from dynbuild.lockfile.images_continued import as_several
from dynbuild.lockfile.images_merge import merge_recipes
from dynbuild.lockfile.images_requests import (
    all_of,
    asked_since_then,
    is_any_repacked,
    numbered,
)
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.update import Requests
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.log import EVERYTHING, declared
from dynbuild.steps.model import Group, Install, Stage
from tests.properties.strategies import BASES, IMAGES, SOURCES
from tests.properties.test_update import digests

Keys = frozenset[tuple[str, str]]
"""Packages as (manager, key); of a stage, its name instead of the manager."""

NAMES = ("curl", "git", "jq")
LISTS = st.frozensets(st.sampled_from(NAMES), max_size=3)
OWN_BASE = next(pin for pin in IMAGES if pin.digest is not None)
LINES = {"common": None, "api": "common", "tool": None}


@dataclass(frozen=True)
class Wanted:
    """What is declared: the packages of each image, what they stand on, a stage."""

    packages: tuple[tuple[str, frozenset[str]], ...]
    specs: str = ""
    base: int = 0
    source: bool = False
    compiler: frozenset[str] = frozenset()
    all_there: bool = False

    def targets(self) -> Targets:
        found: dict[str, TargetImage] = {}
        for name, declared_ in self.packages:
            extends = LINES.get(name)
            above = found[extends].whole if extends else Target(BASES[self.base])
            specs = {key: f"{key}{self.specs}" for key in sorted(declared_)}
            if self.all_there and extends is None:
                specs[EVERYTHING] = EVERYTHING
            specs |= above.packages.get("apt", {})
            stages = above.stages or self._stages()
            whole = replace(
                above,
                packages={"apt": specs} if specs else {},
                sources=SOURCES[:1] if self.source else (),
                stages=stages,
                images={OWN_BASE.image: OWN_BASE} if stages else {},
            )
            found[name] = TargetImage(
                extends, publish=True, whole=whole, config=RuntimeConfig()
            )
        return found

    def _stages(self) -> tuple[Stage, ...]:
        packages = {f"apt {key}": key for key in sorted(self.compiler)}
        if not packages:
            return ()
        own = Stage("compile", commands=("make",), base=OWN_BASE.image)
        return (replace(own, packages=packages, build_only=True),)


@st.composite
def wanted(draw: st.DrawFn, names: tuple[str, ...]) -> Wanted:
    seldom = st.sampled_from([False, False, False, True])
    return Wanted(
        tuple((name, draw(LISTS)) for name in names if name != "tool" or draw(seldom)),
        draw(st.sampled_from(["", "", "=1"])),
        int(draw(seldom)),
        draw(seldom),
        draw(LISTS) if draw(seldom) else frozenset(),
        draw(seldom),
    )


@dataclass(frozen=True)
class Edit:
    """Another declaration, locked."""

    to: Wanted


@dataclass(frozen=True)
class Upgrade:
    """Some packages, or all, and a lock that is repacked at once or not."""

    names: frozenset[str] | None = None
    repack: bool = False


Step = Edit | Upgrade | str
"""``commit``, ``repack``, ``fork`` (a branch begins), ``merge`` (it ends)."""


def steps(names: tuple[str, ...]) -> st.SearchStrategy[list[Step]]:
    upgrades = st.builds(
        Upgrade, st.none() | LISTS, st.sampled_from([False, False, False, True])
    )
    verbs = st.sampled_from(["commit", "commit", "repack", "fork", "merge"])
    edits = wanted(names).map(Edit)
    return st.lists(edits | upgrades | upgrades | verbs, min_size=2, max_size=12)


@dataclass
class Checkout:
    """A working tree: what is declared, committed, and in the file."""

    wanted: Wanted
    committed: LockedImages | None = None
    current: LockedImages | None = None
    built: set[str] = field(default_factory=set)

    def lock(self, asked: Keys = frozenset(), *, repack: bool = False) -> None:
        """What ``dynbuild lock`` does, with a store that keeps all."""
        targets = self.wanted.targets()
        start, current = self.committed or self.current, self.current
        if start is None or current is None:
            self._built(update_images(None, targets))
            return
        start, held = as_several(start, targets), as_several(current, targets)
        assert start is not None
        assert held is not None
        plain = not asked and not repack
        fits = plain and update_images(held, targets) == current
        if fits or is_any_repacked(start, held):
            start = held
        wishes = {
            name: Requests(
                upgrade=frozenset(one for one in asked if one[1] in own),
                upgrade_own=frozenset(
                    (stage.name, key)
                    for stage in targets[name].whole.stages
                    if targets[name].extends is None
                    for key in stage.packages
                    if ("apt", key.partition(" ")[2]) in asked
                ),
                repack=repack,
            )
            for name in targets
            for own in [self._own(targets, name)]
        }
        wishes = numbered(wishes, held)
        expected = self._asked(held, wishes)
        result = update_images(
            start, targets, all_of(asked_since_then(start, held), wishes)
        )
        fresh = self._fresh(result)
        missing = {one for one in expected if one not in fresh}
        assert not missing, (missing, dumps(as_recipe(held)), dumps(as_recipe(result)))
        self._built(result)

    def _own(self, targets: Targets, name: str) -> set[str]:
        extends = targets[name].extends
        above = targets[extends].whole.packages.get("apt", {}) if extends else {}
        return {*targets[name].whole.packages.get("apt", {})} - {*above}

    def _asked(
        self, held: LockedImages, wishes: dict[str, Requests]
    ) -> set[tuple[str, str, str]]:
        """What an upgrade is asked of, that was there: by image, stage and package."""
        found = set()
        for name, wish in wishes.items():
            found |= {(name, "", key) for _, key in wish.upgrade}
            there = held.images[name].own.stages if name in held.images else {}
            found |= {
                (name, stage, key.partition(" ")[2])
                for stage, key in wish.upgrade_own
                if stage in there and key in there[stage].stage.packages
            }
        return found

    def _fresh(self, several: LockedImages) -> set[tuple[str, str, str]]:
        """The packages of groups that were never built, by image and stage."""
        found = set()
        for name in several.images:
            lock = several.whole(name)
            known = digests(lock)
            for placed in install_order(lock):
                if isinstance(placed.step, Group) and (
                    known[placed.id] not in self.built
                ):
                    of_stage = placed.own_base is not None
                    stage = placed.id.partition(".")[0] if of_stage else ""
                    found |= {(name, stage, key) for key in placed.step.actions}
                    if placed.step.upgrades:
                        found.add((name, stage, EVERYTHING))
        return found

    def _built(self, several: LockedImages) -> None:
        self.current = several
        for name in several.images:
            self.built |= built_of(several.whole(name))
        recipe = as_recipe(several)
        assert read(dumps(recipe)) == recipe
        again = update_images(several, self.wanted.targets())
        assert as_recipe(again) == recipe


def built_of(lock: Lock) -> set[str]:
    """The groups of a lock, but those that install what is there already.

    That is what an image does whose ancestor came to say the same: an upgrade is no
    other script, and asks for no more.
    """
    known = digests(lock)
    there: dict[object, set[str]] = {}
    found = set()
    for placed in install_order(lock):
        if isinstance(placed.step, Group):
            below = there.setdefault(
                placed.own_base and placed.id.partition(".")[0], set()
            )
            if not any(
                isinstance(action, Install) and placed.step.declared[key] in below
                for key, action in placed.step.actions.items()
            ):
                found.add(known[placed.id])
            below |= {*placed.step.declared.values()}
    return found


def play(first: Wanted, history: list[Step]) -> None:
    here = Checkout(first)
    here.lock()
    main: Checkout | None = None
    for step in history:
        match step:
            case Edit(to):
                here.wanted = to
                here.lock()
            case Upgrade(names, repack):
                keys = {*NAMES, EVERYTHING} if names is None else names
                here.lock(frozenset(("apt", key) for key in keys), repack=repack)
            case "repack":
                here.lock(repack=True)
            case "fork" if main is None:
                here.committed = here.current
                main, here = here, replace(here, built=set(here.built))
            case "merge" if main is not None:
                _merge(main, here)
                main, here = None, main
            case _:
                here.committed = here.current


def _merge(main: Checkout, branch: Checkout) -> None:
    """Swap sides: main gets an upgrade of its own first, then the branch's changes."""
    ancestor = main.committed
    assert ancestor is not None
    assert branch.current is not None
    main.lock(frozenset(("apt", key) for key in NAMES[:2]))
    assert main.current is not None
    merged = merge_recipes(
        as_recipe(ancestor), as_recipe(main.current), as_recipe(branch.current)
    )
    main.built |= branch.built
    main.wanted = branch.wanted if main.wanted == branch.wanted else main.wanted
    recipe = merged.recipe
    own = replace(recipe, arguments={}) if isinstance(recipe, Lock) else recipe
    several = as_several(own, main.wanted.targets())
    assert several is not None
    main.committed = main.current = several
    for name in several.images:
        main.built |= built_of(several.whole(name))
    main.lock()


ALONE = (ONLY,)
JQ, NOTHING = Wanted(((ONLY, frozenset({"jq"})),)), Wanted(((ONLY, frozenset()),))
WITHOUT_SOURCE = Wanted(((ONLY, frozenset({"jq", "git"})),))
BOTH = replace(WITHOUT_SOURCE, source=True)
COMMITTED: list[Step] = [Upgrade(), "commit", Edit(NOTHING), "commit"]


@given(wanted(ALONE), steps(ALONE))
@example(JQ, [*COMMITTED, Edit(JQ), "commit", Upgrade()])
@example(JQ, [Upgrade(), Edit(NOTHING), Edit(JQ), Upgrade()])
@example(JQ, [Upgrade(), Upgrade()])
@example(JQ, ["commit", Upgrade(), Upgrade()])
@example(JQ, [Upgrade(), "commit", "repack", "commit", Upgrade()])
@example(JQ, ["commit", Upgrade(repack=True), "commit", Upgrade(repack=True)])
@example(replace(JQ, source=True), [Edit(BOTH), Upgrade(), Edit(WITHOUT_SOURCE)])
@example(JQ, ["fork", Upgrade(), "commit", Upgrade(), "merge", Upgrade()])
def test_of_one_image(first: Wanted, history: list[Step]) -> None:
    play(first, history)


FAMILY = ("common", "api", "tool")
LAGGING = Wanted((("common", frozenset({"jq"})), ("api", frozenset())))
ALL = replace(LAGGING, packages=(*LAGGING.packages, ("tool", frozenset({"jq"}))))


@given(wanted(FAMILY), steps(FAMILY))
@example(LAGGING, [Upgrade(), "commit", Edit(ALL), "commit", Upgrade()])
def test_of_images_that_extend_others(first: Wanted, history: list[Step]) -> None:
    play(first, history)


def test_a_plain_history_says_no_number() -> None:
    here = Checkout(JQ)
    here.lock()
    for _ in range(3):
        here.committed = here.current
        here.lock(frozenset({("apt", "jq")}))
    assert here.current is not None
    text = dumps(as_recipe(here.current))
    assert 'jq = ["1 jq", "2 ^", "3 ^", "4 ^"]' in text
    assert "version = 1\n" in text


def test_what_the_lock_says_of_an_upgrade_that_is_gone() -> None:
    here = Checkout(JQ)
    for to, keys in (
        (JQ, frozenset[tuple[str, str]]()),
        (JQ, frozenset({("apt", "jq")})),
        (NOTHING, frozenset[tuple[str, str]]()),
    ):
        here.wanted = to
        here.lock(keys)
        here.committed = here.current
    assert here.current is not None
    assert "version = 7\n\n[upgrades]\napt = 1\n" in dumps(as_recipe(here.current))
    here.wanted = JQ
    here.lock()
    here.lock(frozenset({("apt", "jq")}))
    whole = here.current.whole(ONLY)
    text = dumps(whole)
    assert 'jq = ["1^2 jq"]' in text
    assert "[upgrades]" not in text
    assert declared(whole.packages["apt"]) == {"jq": "jq"}
