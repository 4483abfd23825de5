"""``diff``, ``blame``, ``init --git`` and the merge driver as people use them."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.locks import START, committed, lock
from tests.space import Space

OTHER_TOOLS = START.replace("make tools", "make more tools")
OTHER_ASSETS = START.replace("make assets", "make more assets")
WITH_JQ = START.replace('["curl"]', '["curl", "jq"]')


def test_diff_of_the_file_and_head(space: Space) -> None:
    committed(space, START)
    same = space.ok("diff", "--exit-code")
    assert same.out == ""
    assert "HEAD and dynbuild.lock have the same lock" in same.err
    lock(space, OTHER_ASSETS)
    differs = space.run("diff", "--exit-code")
    assert differs.status == 1
    assert "2 of 4 steps run: " in differs.out
    assert space.ok("diff").out == differs.out


def test_diff_of_revisions_and_files(space: Space) -> None:
    committed(space, START)
    space.git("tag", "first")
    committed(space, OTHER_ASSETS)
    committed(space, WITH_JQ)
    found = json.loads(space.ok("diff", "--json", "first", "HEAD~1").out)
    runs = [step["step"] for step in found["steps"] if step["fate"] == "runs"]
    assert runs == ["assets", "application"]
    assert space.ok("diff", "first").out == space.ok("diff", "first", "HEAD").out
    space.write("elsewhere/a.lock", space.git("show", "first:dynbuild.lock"))
    space.write("elsewhere/b.lock", space.git("show", "HEAD:dynbuild.lock"))
    alone = Space(space.root / "elsewhere", space.environment)
    (space.root / "dynbuild.toml").unlink()
    (space.root / "dynbuild.lock").unlink()
    files = alone.ok("diff", "a.lock", "b.lock", "--format", "json")
    there = json.loads(files.out)
    assert there["changes"]
    assert [one["step"] for one in there["gone"]] == []


def test_diff_before_the_first_commit(space: Space) -> None:
    lock(space, START)
    done = space.ok("diff")
    assert "no lock is committed at HEAD: all of it is new" in done.err
    assert "4 of 4 steps run: " in done.out


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["nowhere"], 2, "DB0314"),
        (["HEAD", "first"], 1, "DB0421"),
        (["a", "b", "c"], 2, "DB0317"),
        (["--platform", "linux/riscv64"], 2, "DB0304"),
        (["--textconv", "nothing"], 1, "DB0313"),
    ],
)
def test_diff_says_what_is_wrong(
    words: list[str], status: int, code: str, space: Space
) -> None:
    space.git("init", "-q", "-b", "main")
    space.commit()
    space.git("tag", "first")
    committed(space, START)
    done = space.run("diff", *words)
    assert (done.status, code in done.err) == (status, True), done.err


def test_diff_without_a_lock(space: Space) -> None:
    space.write("dynbuild.toml", START)
    assert space.run("diff").status == 1
    assert "DB0410" in space.run("diff").err


def test_a_lock_in_install_order_for_git(space: Space) -> None:
    lock(space, WITH_JQ)
    told = space.ok("diff", "--textconv", "dynbuild.lock").out
    assert [line for line in told.splitlines() if not line.startswith(" ")] == [
        "base docker.io/library/debian:bookworm-slim",
        "apt",
        "stage tools",
        "stage assets",
        "stage application",
        "image config",
    ]
    space.write("torn", "<<<<<<< HEAD\nno lock\n")
    assert space.ok("diff", "--textconv", "torn").out == "<<<<<<< HEAD\nno lock\n"


def test_blame(space: Space) -> None:
    committed(space, START, "Start")
    committed(space, OTHER_ASSETS, "More assets")
    renamed = OTHER_ASSETS.replace('"assets"', '"styles"')
    committed(space, renamed, "A better name")
    lock(space, renamed.replace("make more", "make even more"))
    told = space.ok("blame", "styles").out.splitlines()
    assert len(told) == 4
    assert "not committed yet" in told[0]
    assert told[1].endswith("=  styles  stays at 3  renamed: was assets")
    found = json.loads(space.ok("blame", "styles", "--json").out)
    assert [one["commit"] is None for one in found] == [True, False, False, False]
    assert [one["changes"][0]["change"] for one in found] == [
        "changed",
        "renamed",
        "changed",
        "added",
    ]
    assert [one["subject"] for one in found[1:]] == [
        "A better name",
        "More assets",
        "Start",
    ]
    done = space.run("blame", "style")
    assert (done.status, "did you mean 'styles'?" in done.err) == (2, True)


def test_blame_names_a_merge_only_for_what_it_did(space: Space) -> None:
    committed(space, START, "Start")
    space.git("checkout", "-q", "-b", "feature")
    committed(space, OTHER_ASSETS, "Assets")
    space.git("checkout", "-q", "main")
    committed(space, START.replace("make tools", "make other"), "Tools")
    space.git("merge", "-q", "--no-ff", "-m", "Both", "feature")
    found = json.loads(space.ok("blame", "assets", "--json").out)
    assert [one["subject"] for one in found] == ["Assets", "Start"]


def test_blame_where_git_has_nothing(space: Space) -> None:
    lock(space, START)
    assert "DB0422" in space.run("blame", "assets").err


def test_init_git_writes_nothing_unasked(space: Space) -> None:
    committed(space, START)
    done = space.run("init", "--git")
    assert (done.status, "DB0321" in done.err) == (2, True)
    assert "merge=dynbuild" in done.err
    assert not (space.root / ".gitattributes").exists()
    assert "dynbuild" not in space.read(".git/config")


@pytest.mark.parametrize(("answer", "written"), [("n\n", False), ("y\n", True)])
def test_init_git_asks(answer: str, written: bool, space: Space) -> None:  # noqa: FBT001
    committed(space, START)
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    done = subprocess.run(
        [sys.executable, "-m", "dynbuild", "init", "--git"],
        cwd=space.root,
        env=dict(space.environment),
        stdin=theirs,
        capture_output=True,
        text=True,
        check=True,
    )
    os.close(ours)
    os.close(theirs)
    assert "Write that?" in done.stderr
    assert (space.root / ".gitattributes").exists() == written
    assert ("merge" in space.read(".git/config")) == written


def test_init_git_keeps_what_is_there(space: Space) -> None:
    committed(space, START)
    space.write(".gitattributes", b"*.png binary\n# \xff")
    done = space.ok("init", "--git", "--yes")
    assert "set merge.dynbuild.driver" in done.err
    text = (space.root / ".gitattributes").read_bytes()
    assert text.startswith(b"*.png binary\n# \xff\ndynbuild.lock text eol=lf merge")
    assert "is set up already" in space.ok("init", "--git").err
    assert (space.root / ".gitattributes").read_bytes() == text


def test_init_git_outside_of_a_repository(space: Space) -> None:
    done = space.run("init", "--git")
    assert (done.status, "DB0314" in done.err) == (2, True)


@pytest.fixture
def repository(space: Space, tmp_path_factory: pytest.TempPathFactory) -> Space:
    """A repository whose git calls the dynbuild of these tests."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "dynbuild"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m dynbuild "$@"\n')
    script.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    found = Space(space.root, {**space.environment, "PATH": path})
    committed(found, START, "Start")
    found.ok("init", "--git", "--yes")
    found.git("add", "-A")
    found.git("commit", "-q", "-m", "git merges locks")
    return found


def branches(space: Space, ours: str, theirs: str) -> None:
    """Two branches off main, each with an edit; we are on main."""
    space.git("checkout", "-q", "-b", "feature")
    committed(space, theirs, "Theirs")
    space.git("checkout", "-q", "main")
    committed(space, ours, "Ours")


def order(space: Space) -> list[str]:
    shown = json.loads(space.ok("lock", "--show-order", "--json").out)
    return [step["step"] for step in shown]


def merge(space: Space, branch: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PATH", space.environment["PATH"])
    return space.git("merge", "-m", "Both", branch)


def test_git_merges_locks_by_what_they_say(
    repository: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = WITH_JQ
    branches(repository, ours, START.replace('["curl"]', '["curl", "git"]'))
    # One line of the declaration, changed on both sides: git cannot merge that.
    monkeypatch.setenv("PATH", repository.environment["PATH"])
    with pytest.raises(subprocess.CalledProcessError):
        repository.git("merge", "-m", "Both", "feature")
    assert repository.git("diff", "--name-only", "--diff-filter=U") == "dynbuild.toml\n"
    both = START.replace('["curl"]', '["curl", "git", "jq"]')
    repository.write("dynbuild.toml", both)
    assert "up to date" in repository.ok("lock", "--check").err
    assert order(repository)[-2:] == ["apt.5", "apt.6"]
    assert 'git = ["6 git"]' in repository.read("dynbuild.lock")


def test_the_branchs_steps_go_behind_those_of_main_whichever_is_merged(
    repository: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = '\n[[stages]]\nname = "{0}"\ncommands = ["make {0}"]\n'
    ours, theirs = stage.format("main1"), stage.format("branch1")
    head, tail = START.split("\n\n", 1)
    branches(repository, START + ours, f"{head}\n{theirs}\n{tail}")
    repository.git("checkout", "-q", "feature")
    merge(repository, "main", monkeypatch)
    assert order(repository)[-2:] == ["main1", "branch1"]
    assert "up to date" in repository.ok("lock", "--check").err
    repository.git("checkout", "-q", "main")
    before = repository.read("dynbuild.lock")
    merge(repository, "feature", monkeypatch)
    assert order(repository)[-2:] == ["main1", "branch1"]
    assert before != repository.read("dynbuild.lock")


def test_what_both_changed_is_told(repository: Space) -> None:
    for name, text in (
        ("o", START),
        ("a", OTHER_ASSETS),
        ("b", START.replace("make assets", "make fewer assets")),
    ):
        (repository.root / "dynbuild.lock").unlink(missing_ok=True)
        lock(repository, START)
        lock(repository, text)
        repository.write(name, repository.read("dynbuild.lock"))
    ours = repository.read("a")
    done = repository.ok("lock", "--merge", "o", "a", "b", "--path", "x/dynbuild.lock")
    assert (
        "warning[DB0419]: x/dynbuild.lock: both sides changed commands of" in done.err
    )
    assert "make more assets" in repository.read("a")
    assert "make fewer assets" not in repository.read("a")
    assert len(repository.read("a")) == len(ours)


@pytest.mark.parametrize("torn", ["o", "a", "b"])
def test_a_side_that_is_no_lock_stays_in_conflict(torn: str, repository: Space) -> None:
    for name in "oab":
        repository.write(name, repository.read("dynbuild.lock"))
    repository.write(torn, "version = 99\n")
    before = repository.read("a")
    done = repository.run("lock", "--merge", "o", "a", "b")
    assert (done.status, "DB0406" in done.err) == (3, True)
    assert repository.read("a") == before
    assert repository.run("lock", "--merge", "none", "a", "b").status == 1


@pytest.mark.parametrize(
    ("theirs", "message", "hint"),
    [
        ("x", "error[DB0405]: their lock is not valid TOML", "take the side that is"),
        ("version = 1\n", "error[DB0407]: their lock: the lock is damaged", "take the"),
        ("version = 99\n", "error[DB0406]: their lock has version 99", "upgrade dyn"),
    ],
    ids=["torn", "damaged", "newer"],
)
def test_which_side_of_a_merge_is_wrong(
    space: Space, theirs: str, message: str, hint: str
) -> None:
    space.write("ours", 'version = 1\n[base]\nimage = "docker.io/library/a:1"\n')
    space.write("theirs", theirs)
    space.write("before", "")
    done = space.run("lock", "--merge", "before", "ours", "theirs")
    assert done.status == 3, done.err
    assert message in done.err
    assert hint in done.err


def test_both_sides_added_the_lock(repository: Space) -> None:
    text = repository.read("dynbuild.lock")
    repository.write("o", "")
    repository.write("a", text)
    repository.write("b", text)
    repository.ok("lock", "--merge", "o", "a", "b")
    assert repository.read("a") == text


def test_repack_tells_its_price_before_it_writes(space: Space) -> None:
    committed(space, START)
    committed(space, OTHER_TOOLS)
    done = space.ok("lock", "--repack")
    told = done.err.splitlines()
    assert " of 4 steps run" in told[0]
    assert told[-1] == "wrote dynbuild.lock"
    dry = space.ok("lock", "--repack", "--dry-run")
    assert "would" in dry.err or "up to date" in dry.err


HOSTILE = "x|`<script>alert(1)</script>`\n@team [a](javascript:b) \x1b[31m</details>"


def test_nothing_of_a_lock_is_markup_in_a_comment(space: Space) -> None:
    committed(space, START)
    name = json.dumps(HOSTILE)
    text = space.read("dynbuild.lock").replace("[stages.assets]", f"[stages.{name}]")
    text = text.replace('dependencies = ["assets"]', f"dependencies = [{name}]")
    space.write("hostile.lock", text.replace("make assets", "make other"))
    page = space.ok("diff", "HEAD", "hostile.lock", "--format", "markdown").out
    assert "\x1b" not in page
    rows = [line for line in page.splitlines() if "script" in line]
    assert len(rows) > 3
    ((fence, differs),) = re.findall(r"\n(`{3,})diff\n(.*?)\n\1\n", page, re.DOTALL)
    assert "script" in differs
    assert fence not in differs
    for line in rows:
        if line.startswith("|"):
            outside = _outside_of_code(line)
            assert not set("<@[]") & set(outside)
            assert line.replace("\\|", "").count("|") in {4, 6}
        elif line in differs.splitlines():
            # Code, in a fence that nothing inside ends.
            continue
        else:
            # A label of the picture: nothing but plain characters and code points.
            assert not set("<>@`\\") & set(line)
            assert "</details" not in line


def _outside_of_code(line: str) -> str:
    """What is left of a line without its code spans, as CommonMark finds them."""
    found, at = "", 0
    while at < len(line):
        if line[at] != "`":
            found, at = found + line[at], at + 1
            continue
        run = len(line) - at - len(line[at:].lstrip("`"))
        end = at + run
        while end < len(line):
            if line[end] != "`":
                end += 1
                continue
            closing = len(line) - end - len(line[end:].lstrip("`"))
            if closing == run:
                break
            end += closing
        at = end + run if end < len(line) else at + run
    return found


def test_the_hooks_run_what_they_say(space: Space) -> None:
    import yaml  # noqa: PLC0415 - for this test alone

    hooks = yaml.safe_load(Path(".pre-commit-hooks.yaml").read_text())
    lock(space, START)
    space.write("a.nix", "{ }\n")
    for hook in hooks:
        name, *words = hook["entry"].split()
        assert (name, hook["language"]) == ("scripts/hook", "script")
        given = [] if hook.get("pass_filenames") is False else ["a.nix"]
        space.ok(*words, *given)
    space.write("a.nix", "{a=1;}\n")
    space.write("dynbuild.toml", OTHER_ASSETS)
    for hook in hooks:
        given = [] if hook.get("pass_filenames") is False else ["a.nix"]
        assert space.run(*hook["entry"].split()[1:], *given).status == 1
