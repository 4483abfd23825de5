"""``dynbuild lock`` as people use it, on a base that a real registry pins."""

import json
import subprocess
import sys

import pytest

from dynbuild.lockfile.codec import VERSION
from tests.e2e import locks
from tests.space import Space

DECLARATION = """\
base = "{base}"

[[stages]]
name = "first"
commands = ["echo one > /one"]

[[stages]]
name = "second"
dependencies = ["first"]
commands = ["cat /one > /two"]
"""


@pytest.fixture
def project(built: Space, busybox_base: str) -> Space:
    built.write("dynbuild.toml", DECLARATION.replace("{base}", busybox_base))
    return built


def edit(project: Space, old: str, new: str) -> None:
    text = project.read("dynbuild.toml")
    assert old in text
    project.write("dynbuild.toml", text.replace(old, new))


def test_lock_check_and_again(project: Space) -> None:
    first = project.ok("lock")
    assert "first" in first.out
    text = project.read("dynbuild.lock")
    assert 'digest = "sha256:' in text
    assert "up to date" in project.ok("lock", "--check").err
    project.ok("lock")
    assert project.read("dynbuild.lock") == text


def test_check_tells_what_is_stale_and_exits_1(project: Space) -> None:
    project.ok("lock")
    text = project.read("dynbuild.lock")
    edit(project, "echo one", "echo 1")
    stale = project.run("lock", "--check")
    assert stale.status == 1
    assert "first" in stale.out
    assert "run `dynbuild lock`" in stale.err
    assert project.read("dynbuild.lock") == text


def test_dry_run_writes_nothing(project: Space) -> None:
    project.ok("lock", "--dry-run")
    assert not (project.root / "dynbuild.lock").exists()


def test_many_runs_of_one_edit_are_one(project: Space) -> None:
    project.ok("lock")
    project.commit()
    edit(project, "echo one", "echo 1")
    project.ok("lock")
    edit(project, "echo 1", "echo uno")
    project.ok("lock")
    text = project.read("dynbuild.lock")
    assert "moves = 1" in text
    assert "moves = 2" not in text
    edit(project, "echo uno", "echo one")
    project.ok("lock")
    assert project.git("status", "--porcelain", "dynbuild.lock") == ""


def test_bump_survives_the_next_run(project: Space) -> None:
    project.ok("lock")
    project.commit()
    project.ok("lock", "--bump", "first")
    text = project.read("dynbuild.lock")
    assert "bump = 1" in text
    project.ok("lock")
    assert project.read("dynbuild.lock") == text


def test_move_puts_a_stage_behind_what_it_does_not_need(project: Space) -> None:
    edit(project, 'dependencies = ["first"]\n', "")
    project.ok("lock")
    project.ok("lock", "--move", "first")
    order = json.loads(project.ok("lock", "--show-order", "--json").out)
    assert [step["step"] for step in order] == ["second", "first"]


def test_repack_orders_by_moves(project: Space) -> None:
    edit(project, 'dependencies = ["first"]\n', "")
    project.ok("lock")
    edit(project, "echo one", "echo 1")
    project.ok("lock")
    project.ok("lock", "--repack")
    text = project.read("dynbuild.lock")
    order = json.loads(project.ok("lock", "--show-order", "--json").out)
    assert [(step["step"], step["seq"]) for step in order] == [
        ("second", 1),
        ("first", 2),
    ]
    project.ok("lock")
    assert project.read("dynbuild.lock") == text


def test_base_starts_from_another_branch(project: Space) -> None:
    project.ok("lock")
    project.commit()
    project.git("checkout", "-q", "-b", "feature")
    edit(project, "cat /one > /two", "cat /one > /2")
    project.ok("lock")
    project.commit()
    project.git("checkout", "-q", "main")
    edit(project, "echo one", "echo 1")
    project.ok("lock")
    project.commit()
    project.git("checkout", "-q", "feature")
    edit(project, "echo one", "echo 1")
    project.ok("lock", "--base", "main")
    order = json.loads(project.ok("lock", "--show-order", "--json").out)
    assert [step["step"] for step in order] == ["first", "second"]
    unknown = project.run("lock", "--base", "nowhere")
    assert unknown.status == 2
    assert "nowhere" in unknown.err


def test_conflict_markers_are_named_with_what_mends_them(project: Space) -> None:
    project.ok("lock")
    project.commit()
    clean = project.read("dynbuild.lock")
    torn = "<<<<<<< HEAD\nseq = 1\n=======\nseq = 2\n>>>>>>> other\n"
    project.write("dynbuild.lock", clean + torn)
    done = project.run("lock", "--check")
    assert done.status == 3
    assert "merge conflict markers" in done.err
    assert "dynbuild.lock:" in done.err
    assert "dynbuild lock" in done.err
    project.ok("lock")
    assert project.read("dynbuild.lock") == clean


def test_a_newer_lock_is_never_overwritten(project: Space) -> None:
    newer = f"version = {VERSION + 1}\n"
    project.write("dynbuild.lock", newer)
    for command in (["lock"], ["lock", "--check"], ["realize"], ["build"]):
        done = project.run(*command)
        assert done.status == 3
        assert "upgrade dynbuild" in done.err
    assert project.read("dynbuild.lock") == newer


def test_unknown_keys_are_refused_and_left(project: Space) -> None:
    """They may decide what is built."""
    project.ok("lock")
    text = project.read("dynbuild.lock").replace(
        "[stages.first]\n", '[stages.first]\nfuture = "decides"\n'
    )
    project.write("dynbuild.lock", text)
    edit(project, "echo one", "echo 1")
    for command in (["lock"], ["lock", "--check"], ["realize"], ["build"]):
        done = project.run(*command)
        assert done.status == 3
        assert "'future' at [stages.first]" in done.err
        assert "upgrade dynbuild" in done.err
    assert project.read("dynbuild.lock") == text


def test_a_lock_that_cannot_be_replaced(project: Space) -> None:
    (project.root / "dynbuild.lock").mkdir()
    done = project.run("lock")
    assert done.status == 1
    assert "cannot read dynbuild.lock: is a directory" in done.err


def test_removed_package_that_is_still_named(built: Space, debian_base: str) -> None:
    built.write(
        "dynbuild.toml",
        f'base = "{debian_base}"\napt_packages = ["jq", "curl"]\n'
        '[[stages]]\nname = "use"\ncommands = ["jq --version"]\n',
    )
    built.ok("lock")
    text = built.read("dynbuild.toml").replace('"jq", ', "")
    built.write("dynbuild.toml", text)
    done = built.ok("lock")
    assert "names the package 'jq', which is removed" in done.err
    assert 'jq = ["1 jq", "3 -"]' in built.read("dynbuild.lock")


def test_an_image_that_nobody_has(built: Space, registry: str) -> None:
    built.write("dynbuild.toml", f'base = "{registry}/no/such:image"\n')
    done = built.run("lock")
    assert done.status == 2
    assert "no/such:image" in done.err


def test_no_engine_and_no_pin(space: Space) -> None:
    space.write("dynbuild.toml", 'base = "127.0.0.1:1/no/such:image"\n')
    done = space.run("lock")
    assert done.status == 4, done.err
    assert not (space.root / "dynbuild.lock").exists()


def test_a_lock_behind_another_branch_stays_there(project: Space) -> None:
    project.ok("lock")
    project.commit()
    project.git("checkout", "-q", "-b", "feature")
    edit(project, "cat /one > /two", "cat /one > /2")
    project.ok("lock")
    project.commit()
    project.git("checkout", "-q", "main")
    edit(project, "echo one", "echo 1")
    project.ok("lock")
    project.commit()
    project.git("checkout", "-q", "feature")
    edit(project, "echo one", "echo 1")
    project.ok("lock", "--base", "main")
    text = project.read("dynbuild.lock")
    project.ok("lock")
    assert project.read("dynbuild.lock") == text


def test_a_lock_that_a_merge_made_unsound(project: Space) -> None:
    project.ok("lock")
    text = project.read("dynbuild.lock")
    start, end = text.index("[stages.first]"), text.index("[stages.second]")
    project.write("dynbuild.lock", text[:start] + text[end:])
    for command in (["lock", "--check"], ["realize"], ["realize", "--frozen"]):
        done = project.run(*command)
        assert done.status == 3, done.err
        assert "stage 'second' needs stage 'first'" in done.err
    project.ok("lock")
    project.ok("lock", "--check")


def bumped(project: Space) -> str:
    """A committed lock in which the second stage was refreshed on a branch."""
    project.ok("lock")
    project.commit()
    project.git("checkout", "-q", "-b", "feature")
    project.ok("lock", "--bump", "second")
    text = project.read("dynbuild.lock")
    project.commit()
    project.git("checkout", "-q", "main")
    return text


@pytest.mark.parametrize("arguments", [["lock"], ["lock", "--base", "feature"]])
def test_a_conflict_loses_no_refresh(project: Space, arguments: list[str]) -> None:
    theirs = bumped(project).split("[stages.second]")[1]
    project.ok("lock", "--bump", "first")
    project.commit()
    ours = project.read("dynbuild.lock")
    head, tail = ours.split("[stages.second]")
    torn = f"<<<<<<< HEAD\n{tail}=======\n{theirs}>>>>>>> feature\n"
    project.write("dynbuild.lock", f"{head}[stages.second]\n{torn}")
    project.ok(*arguments)
    assert project.read("dynbuild.lock").count("bump = 1") == 2


def test_a_revision_without_a_lock_is_no_start(project: Space) -> None:
    project.commit()
    project.git("tag", "before")
    project.ok("lock", "--bump", "first")
    project.ok("lock")
    project.ok("lock", "--bump", "first")
    assert "bump = 1" in project.ok("lock").out + project.read("dynbuild.lock")
    text = project.read("dynbuild.lock")
    project.ok("lock", "--base", "before")
    assert project.read("dynbuild.lock") == text


def test_a_damaged_lock_in_head_is_told_and_mended(project: Space) -> None:
    project.ok("lock")
    text = project.read("dynbuild.lock")
    project.write("dynbuild.lock", text + "<<<<<<< HEAD\n=======\n>>>>>>> x\n")
    project.commit()
    project.write("dynbuild.lock", text)
    edit(project, "echo one", "echo 1")
    done = project.ok("lock")
    assert "HEAD's lock cannot be read" in done.err
    project.ok("lock", "--check")


def test_git_answers_for_the_repository_of_the_lock(
    project: Space, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project.ok("lock")
    project.commit()
    other = tmp_path_factory.mktemp("other")
    edit(project, "echo one", "echo 1")
    project.ok("lock", GIT_DIR=str(other / ".git"), GIT_WORK_TREE=str(other))
    edit(project, "echo 1", "echo uno")
    project.ok("lock", GIT_DIR=str(other / ".git"), GIT_WORK_TREE=str(other))
    assert "moves = 1" in project.read("dynbuild.lock")


def test_a_reader_that_leaves_does_not_keep_the_lock_from_being_written(
    project: Space,
) -> None:
    command = f"{sys.executable} -m dynbuild lock | true"
    subprocess.run(
        ["sh", "-c", command],
        cwd=project.root,
        env=dict(project.environment),
        check=False,
        capture_output=True,
    )
    project.ok("lock", "--check")


def test_a_variable_never_asks_for_a_change(project: Space) -> None:
    project.ok("lock")
    text = project.read("dynbuild.lock")
    project.ok(
        "lock", DYNBUILD_MOVE="first", DYNBUILD_BUMP="first", DYNBUILD_REPACK="1"
    )
    assert project.read("dynbuild.lock") == text


def test_first_edits_are_no_history(space: Space) -> None:
    """Before a commit has the lock a stage that changes has not moved, with git."""

    def edited() -> int:
        text = space.read("dynbuild.toml")
        space.write("dynbuild.toml", text.replace("make tools", "make tools &&true"))
        space.ok("lock")
        (entry,) = [s for s in step_list(space) if s["step"] == "tools"]
        moves = entry["moves"]
        assert isinstance(moves, int)
        return moves

    locks.lock(space, locks.START)
    space.git("init", "-q", "-b", "main")
    assert [edited(), edited()] == [0, 0]
    space.git("add", "-A")
    space.git("commit", "-q", "-m", "x")
    assert [edited(), edited()] == [1, 1]
    (space.root / ".git").rename(space.root / "no-git")
    assert [edited(), edited()] == [2, 3]


def step_list(space: Space) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(space.ok("graph", "--json").out)[
        "steps"
    ]
    return found


def test_an_upgrade_of_what_was_gone_is_another_step(project: Space) -> None:
    """Installed, upgraded, taken out, back, upgraded: not the first upgrade again."""
    packages = 'apk_packages = ["jq"]\n'
    base = project.read("dynbuild.toml").splitlines()[0] + "\n"
    project.git("init", "-q")
    for text, flags in (
        (base + packages, ()),
        (base + packages, ("-P", "jq")),
        (base, ()),
        (base + packages, ()),
        (base + packages, ("-P", "jq")),
    ):
        project.write("dynbuild.toml", text)
        project.ok("lock", *flags)
        project.git("add", "-A")
        project.git("commit", "-qm", "x", "--allow-empty")
    assert 'jq = ["1 jq", "2^2 ^"]' in project.read("dynbuild.lock")
    assert "# upgrade 2\n" in project.ok("realize", "--print").out
    unknown = project.run("lock", "-P", "jqq")
    assert unknown.status == 2
    assert "no package 'jqq' is declared" in unknown.err
    assert "did you mean 'jq'" in unknown.err
