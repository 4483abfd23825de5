"""Live stages: a package more runs none, and what is edited gets what was added."""

import json
import shutil

import pytest

from tests.e2e.locks import committed, lock
from tests.space import Space

TEXT = """\
base = "debian:bookworm-slim"
apt_packages = ["curl"]

[[stages]]
name = "tools"
commands = ["make tools"]

[[stages]]
name = "app"
dependencies = ["tools"]
copy = [{ from = "src", to = "/src", exclude = ["*.md"] }]
commands = ["make app"]

[[stages]]
name = "docs"
dependencies = ["app"]
commands = ["make docs"]
"""
JQ = TEXT.replace('["curl"]', '["curl", "jq"]')


@pytest.fixture
def project(space: Space) -> Space:
    space.write("src/main.c", "int main;\n")
    space.write("src/read.md", "read\n")
    space.write(".gitignore", "*.o\nout/\n")
    space.write(".dockerignore", "src/notes\n")
    committed(space, TEXT)
    return space


def seqs(project: Space) -> dict[str, int]:
    order = json.loads(project.ok("lock", "--show-order", "--json").out)
    return {step["step"]: step["seq"] for step in order}


def edit(project: Space, name: str = "src/main.c") -> None:
    project.write(name, "changed\n")


def test_a_package_more_runs_nothing_live(project: Space) -> None:
    project.write("dynbuild.toml", JQ)
    project.ok("lock")
    assert seqs(project) == {"apt.1": 1, "tools": 2, "app": 3, "docs": 4, "apt.5": 5}
    project.commit()
    text = project.read("dynbuild.lock")
    assert "up to date" in project.ok("lock").err
    assert project.read("dynbuild.lock") == text


def test_an_edit_moves_it_once_behind_what_was_added(project: Space) -> None:
    committed(project, JQ)
    edit(project)
    assert "up to date" in project.ok("lock", "--check").err
    assert "seq 3 to 6  changed: what it copies" in project.ok("lock").out
    assert (seqs(project)["app"], seqs(project)["docs"]) == (6, 7)
    text = project.read("dynbuild.lock")
    assert "moves" not in text
    assert "seen" not in text
    edit(project)
    assert "up to date" in project.ok("lock").err
    project.commit()
    project.write("src/main.c", "changed again\n")
    assert "up to date" in project.ok("lock").err
    assert project.read("dynbuild.lock") == text


def test_an_edit_in_an_earlier_commit_moves_nothing(project: Space) -> None:
    edit(project)
    project.commit()
    project.write("dynbuild.toml", JQ)
    project.ok("lock")
    assert seqs(project)["app"] == 3


def test_an_edit_and_a_package_in_one_go(project: Space) -> None:
    edit(project)
    project.write("dynbuild.toml", JQ)
    project.ok("lock")
    assert (seqs(project)["apt.5"], seqs(project)["app"]) == (5, 6)


@pytest.mark.parametrize(
    ("name", "moves"),
    [
        ("src/new.c", True),
        ("src/deep/new.c", True),
        ("src/new.md", False),
        ("src/deep/new.md", True),
        ("src/read.md", False),
        ("src/main.o", False),
        ("src/notes", False),
        ("source", False),
        (".dockerignore", True),
        ("dynbuild.toml", False),
    ],
)
def test_what_counts_as_an_edit(project: Space, name: str, *, moves: bool) -> None:
    """What would be copied, as far as git knows it; never what it ignores."""
    committed(project, JQ)
    project.write(name, f"{JQ}\n")
    project.ok("lock")
    assert (seqs(project)["app"] != 3) == moves


@pytest.mark.parametrize("how", ["removed", "linked", "executable", "staged"])
def test_other_edits(project: Space, how: str) -> None:
    committed(project, JQ)
    path = project.root / "src/main.c"
    match how:
        case "removed":
            path.unlink()
        case "linked":
            path.unlink()
            path.symlink_to("other.c")
        case "executable":
            path.chmod(0o755)
        case _:
            edit(project)
            project.git("add", "-A")
    project.ok("lock")
    assert seqs(project)["app"] == 6


def test_a_directory_that_git_ignores_counts_as_unchanged(project: Space) -> None:
    """Nothing tells: it stays where it is, and says if it lacks something there."""
    text = JQ.replace('"src"', '"out"')
    edit(project, "out/app.o")
    committed(project, text.replace(', "jq"', ""))
    committed(project, text)
    edit(project, "out/app.o")
    project.ok("lock")
    assert seqs(project)["app"] == 3


def test_a_script_that_leaves_moves_what_stood_on_it(project: Space) -> None:
    """What is live lies on top of it, and does not stand on it."""
    scripts = JQ.replace("[[stages]]", 'env_scripts = ["true"]\n[[stages]]', 1)
    committed(project, scripts)
    assert seqs(project)["script.6"] == 6
    project.write("dynbuild.toml", scripts.replace("true", "false"))
    project.ok("lock")
    assert seqs(project)["app"] == 3


def test_a_committed_lock_without_git_stays_as_it_is(project: Space) -> None:
    """In an archive of the commit, or a container: nothing tells of an edit there."""
    committed(project, JQ)
    shutil.rmtree(project.root / ".git")
    project.ok("lock")
    assert seqs(project)["app"] == 3
    project.write("src/main.c", "changed\n")
    project.ok("lock")
    assert seqs(project)["app"] == 6


def test_a_project_that_is_not_committed_yet_in_a_repository(space: Space) -> None:
    space.git("init", "-q", "-b", "main")
    space.git("commit", "-q", "--allow-empty", "-m", "empty")
    edit(space)
    lock(space, TEXT)
    space.ok("lock")
    space.write("dynbuild.toml", JQ)
    space.ok("lock")
    assert seqs(space)["app"] == 3
    edit(space)
    space.commit()
    # The commit tells from now on; that alone changes no file.
    assert "up to date" in space.ok("lock").err
    assert "seen" in space.read("dynbuild.lock")


def test_a_program_that_watches_files_is_not_run(project: Space) -> None:
    committed(project, JQ)
    hook = project.write("hook", "#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    project.git("config", "core.fsmonitor", str(hook))
    (project.root / "ran").unlink(missing_ok=True)
    edit(project)
    project.ok("lock")
    assert seqs(project)["app"] == 6
    assert not (project.root / "ran").exists()


def test_a_revision_without_a_lock(project: Space) -> None:
    """HEAD's is taken instead, and what was edited since HEAD."""
    project.git("rm", "-q", "--cached", "dynbuild.lock")
    project.git("commit", "-q", "-m", "No lock")
    edit(project)
    committed(project, JQ)
    project.ok("lock", "--base", "HEAD~1")
    assert seqs(project)["app"] == 3


def test_from_another_revision(project: Space) -> None:
    edit(project)
    project.commit()
    committed(project, JQ)
    project.ok("lock", "--base", "HEAD~2")
    assert seqs(project)["app"] == 6
    project.git("checkout", "-q", "dynbuild.lock")
    project.ok("lock", "--base", "HEAD~1")
    assert seqs(project)["app"] == 3


def test_without_git_the_lock_keeps_what_was_seen(space: Space) -> None:
    edit(space)
    lock(space, TEXT)
    space.ok("lock")
    assert space.read("dynbuild.lock").count("seen = ") == 1
    space.write("dynbuild.toml", JQ)
    space.ok("lock")
    assert seqs(space)["app"] == 3
    space.write("src/main.c", "2\n")
    assert "up to date" in space.ok("lock", "--check").err
    space.ok("lock")
    assert seqs(space)["app"] == 6
    text = space.read("dynbuild.lock")
    assert text.count("seen = ") == 1
    assert "up to date" in space.ok("lock").err
    space.write("dynbuild.toml", JQ.replace('"jq"', '"tree"'))
    space.ok("lock")
    assert seqs(space)["app"] == 6
    # A commit knows the content: the next lock need not.
    space.git("init", "-q", "-b", "main")
    space.commit()
    assert "up to date" in space.ok("lock").err
    space.write("dynbuild.toml", JQ.replace('"jq"', '"nano"'))
    space.ok("lock")
    assert "seen" not in space.read("dynbuild.lock")


def test_a_stage_that_changed_itself_gets_what_was_added(project: Space) -> None:
    """It is the last one already, and stands on less than the whole chain."""
    committed(project, JQ)
    project.write("dynbuild.toml", JQ.replace("make docs", "jq docs"))
    project.ok("lock")
    assert seqs(project)["docs"] == 6
    assert seqs(project)["app"] == 3


def test_git_that_fails_is_no_reason_to_stop(project: Space) -> None:
    committed(project, JQ)
    (project.root / ".git" / "HEAD").write_text("damaged\n")
    project.run("lock")
    (project.root / ".git" / "index").write_text("damaged\n")
    project.run("lock")
