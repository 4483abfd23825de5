"""Locks as merges leave them: refused by name, and the next update goes on."""

from dataclasses import replace

import pytest

from dynbuild.errors import DeclarationError, LockError
from dynbuild.lockfile.codec import VERSION, dumps, loads
from dynbuild.lockfile.model import Entry, Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.resolved import environments_of, resolve
from dynbuild.lockfile.update import update
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.model import Copy, Pin, Script, Stage
from tests.pins import pinned

BASE = pinned("debian:12")


def lock_of(*stages: Stage, **fields: object) -> Lock:
    entries = {stage.name: Entry(stage, seq) for seq, stage in enumerate(stages, 1)}
    return replace(Lock(BASE, stages=entries), **fields)  # type: ignore[arg-type]


def made(name: str, *dependencies: str, **fields: object) -> Stage:
    return Stage(name, dependencies, commands=(f"make {name}",), **fields)  # type: ignore[arg-type]


UNSOUND = {
    "DB0402": lock_of(made("a", "gone"), made("b", "a")),
    "DB0403": lock_of(made("a", "c"), made("b", "a"), made("c", "b"), made("d", "c")),
    "DB0404": lock_of(made("a", build_only=True), made("b", "a")),
    "DB0409": lock_of(Stage("a", copies=(Copy("/x", "/x", image="go:1"),))),
    "DB0434": lock_of(
        made("a", build_only=True, base="go:1"),
        made("b", "a", build_only=True),
        images={"go:1": pinned("go:1")},
    ),
    "DB0415": lock_of(made("App"), made("app")),
}
SAYS = {
    "DB0402": "stage 'a' needs stage 'gone'",
    "DB0403": "a -> c -> b -> a",
    "DB0404": "stage 'b' is linked and stands on 'a'",
    "DB0409": "stage 'a' starts or copies from the image go:1",
    "DB0434": "stage 'b' stands on 'a', which starts from another base",
    "DB0415": "'App' and 'app'",
}


@pytest.mark.parametrize("code", UNSOUND)
def test_refused_by_name_and_mended_by_the_next_update(code: str) -> None:
    lock = loads(dumps(UNSOUND[code]))
    with pytest.raises(LockError, match=SAYS[code]) as told:
        install_order(lock)
    assert [problem.code for problem in told.value.diagnostics] == [code]
    later = update(lock, Target(BASE, stages=(made("a"), made("b", "a"))))
    assert install_order(later)


def test_two_values_of_one_variable() -> None:
    lock = lock_of(made("a", env={"X": "1"}), made("b", env={"X": "2"}))
    install_order(lock)
    with pytest.raises(LockError, match="'a' and 'b' of the lock set X to two values"):
        environments_of(lock)


def test_scripts_that_share_a_seq_have_ids_of_their_own() -> None:
    lock = lock_of(scripts={"b": 3, "a": 3})
    assert [(step.id, step.step, step.on) for step in install_order(lock)] == [
        ("script.3", Script("a"), ()),
        ("script.3.2", Script("b"), ("script.3",)),
    ]


def test_conflict_markers_are_named_wherever_lines_end() -> None:
    for text in ("version = 1\r\n=======\r\n", "<<<<<<< HEAD\nversion = 1", ">>>>>>>"):
        with pytest.raises(LockError, match="merge conflict markers"):
            loads(text)


def test_a_command_may_look_like_a_conflict() -> None:
    lock = lock_of(Stage("a", commands=("cat <<E\n=======\n<<<<<<< x\nE",)))
    assert loads(dumps(lock)) == lock


def test_an_unpinned_image_stays() -> None:
    stage = Stage("a", copies=(Copy("/x", "/x", image="mine:1"),))
    lock = lock_of(stage, images={"mine:1": Pin("mine:1", None)})
    assert loads(dumps(lock)) == lock


def test_annotations_are_what_no_earlier_version_knew() -> None:
    """Version 4 was written by a dynbuild that would refuse the key by its name."""
    lock = lock_of(config=RuntimeConfig(annotations={"a": "b"}))
    assert "version = 5\n" in dumps(lock)
    assert loads(dumps(lock)) == lock


def test_platforms_are_what_no_earlier_version_knew() -> None:
    lock = lock_of(config=RuntimeConfig(platforms=("linux/amd64", "linux/arm64")))
    assert "version = 6\n" in dumps(lock)
    assert loads(dumps(lock)) == lock
    assert "version = 6\n" not in dumps(replace(lock, config=RuntimeConfig()))


def test_it_is_for_no_platform_that_it_lacks() -> None:
    lock = lock_of(config=RuntimeConfig(platforms=("linux/amd64", "linux/arm64")))
    with pytest.raises(DeclarationError, match="and not for linux/riscv64") as error:
        resolve(lock, "linux/riscv64", {}, {})
    assert "add that one to platforms" in str(error.value.diagnostics[0].hint)


def test_a_newer_version_is_refused() -> None:
    told = f"version {VERSION + 1}; this dynbuild knows version {VERSION}"
    with pytest.raises(LockError, match=told):
        loads(f"version = {VERSION + 1}\n[future]\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[base]", "'version' should be a number, found nothing"),
        ("version = 0", "'version' should be 1 or more"),
        ("version = 1\nbase = 1", "'base' should be a table, found 1"),
        ("version = 1\n[base]\nimage = true", "'image' should be text"),
        ("version = 1\n[base]\nimage='x'\ndigest='sha256:1'", "should be a digest"),
        ("[apt]\ngit = []", "nothing ever happened to 'git'"),
        ('[apt]\n"*" = ["1 git"]', "'*' is all that is there, and no package"),
        ("[apt]\ngit = ['git']", "'git' is no event"),
        ("[apt]\ngit = [1]", "'git' should hold text only"),
        ("[scripts.x]\nseq = 1\nrun = 'a'", "its key does not fit"),
        ("[stages.a]\nseq = true", "'seq' should be a number"),
        ("[stages.a]\nseq = 1\nnetwork = 'x'", "'network' should be default"),
        ("[stages.a]\nseq = 1\ncopy = [1]", "'copy' should hold tables only"),
        ("[stages.a]\nseq = 1\nmoves = -1", "'moves' should be 0 or more"),
        (
            "[stages.a]\nseq = 1\ncopy = [{ from='a', to='b', stage='c', image='d' }]",
            "only one of 'stage', 'image'",
        ),
    ],
)
def test_damage_is_told_with_its_table(text: str, told: str) -> None:
    if not text.startswith(("version", "[base]")):
        text = f"version = 1\n[base]\nimage = 'x'\n{text}"
    with pytest.raises(LockError, match="the lock is damaged at") as error:
        loads(text)
    assert told in error.value.diagnostics[0].message


def test_an_image_that_is_not_there_for_a_platform() -> None:
    with pytest.raises(DeclarationError, match="for linux/riscv64"):
        resolve(lock_of(), "linux/riscv64", {}, {})


def test_steps_on_what_is_not_known_are_left_out() -> None:
    live = Stage("live", copies=(Copy("src", "/src"),))
    lock = lock_of(live, made("on", "live"), made("alone"))
    found = resolve(lock, "linux/amd64", {}, {}).descriptions
    assert sorted(found) == ["alone"]
    unpinned = replace(lock, base=Pin("mine", None))
    assert not resolve(unpinned, "linux/amd64", {}, {}).descriptions
