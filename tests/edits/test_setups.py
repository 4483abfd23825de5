"""What is set up before anything is installed: its place, and what a change costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dynbuild.cli.render.lock_text import lock_text
from dynbuild.commands.target import target_of
from dynbuild.declaration.load import load
from dynbuild.emit.dockerfile import emit, render
from dynbuild.errors import LockError
from dynbuild.explain.next_change import changed
from dynbuild.link.budget import height_of
from dynbuild.lockfile.changes import compare
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import update
from dynbuild.project.content import Tree
from dynbuild.spans import Source
from dynbuild.steps.title import label
from tests.pins import pinned

if TYPE_CHECKING:
    from pathlib import Path

    from dynbuild.lockfile.model import Lock

START = """\
base = "debian:12"
apt_packages = ["curl"]

[[setup]]
copy = [{ from = "certs", to = "/ca/" }]
files = { "/etc/apt/apt.conf.d/90x" = "x" }
commands = ["update-ca"]

[[setup]]
commands = ["debconf"]

[stages.app]
commands = ["make"]
"""
LATE = '[[setup]]\nfiles = { "/etc/late" = { text = "x", mode = "0600" } }\n'


def locked(text: str, root: Path, before: Lock | None = None) -> Lock:
    certificates = root / "certs"
    if not certificates.exists():
        certificates.mkdir()
        (certificates / "a.crt").write_text("a\n")
    loaded = load(Source("dynbuild.toml", text), "toml")
    lock = update(before, target_of(loaded, Tree(root), pinned))
    assert loads(dumps(lock)) == lock
    return lock


def steps(lock: Lock) -> list[str]:
    return [placed.id for placed in install_order(lock)]


def told(before: Lock, after: Lock) -> list[tuple[str, str, tuple[str, ...]]]:
    changes = compare(before, after)
    return [(one.verb, one.kind, one.details) for one in changes]


def digests(lock: Lock) -> dict[str, str]:
    return {
        id_: str(digest)
        for id_, digest in resolve(lock, "linux/amd64", {}, {}).digests.items()
    }


def test_it_comes_first_and_one_stands_on_another(tmp_path: Path) -> None:
    lock = locked(START, tmp_path)
    assert steps(lock) == ["setup.1", "setup.2", "apt.3", "app"]
    assert [placed.on for placed in install_order(lock)] == [
        (),
        ("setup.1",),
        ("setup.2",),
        ("apt.3",),
    ]
    assert "version = 3" in dumps(lock)
    first, second, *_ = install_order(lock)
    wanted = "setup: /ca/, /etc/apt/apt.conf.d/90x, update-ca"
    assert (label(first.step), label(second.step)) == (wanted, "setup: debconf")
    assert (height_of(first.step), height_of(second.step)) == (3, 1)


def test_its_files_are_tracked_whatever_they_are(tmp_path: Path) -> None:
    lock = locked(START, tmp_path)
    (tmp_path / "certs" / "a.crt").write_text("b\n")
    after = locked(START, tmp_path, lock)
    assert told(lock, after) == [("changed", "setup", ("content of certs",))]
    assert not digests(lock).items() & digests(after).items()
    assert steps(after) == steps(lock)


def test_what_is_added_is_appended_and_says_what_was_there(tmp_path: Path) -> None:
    lock = locked(START, tmp_path)
    after = locked(START + LATE, tmp_path, lock)
    assert steps(after) == ["setup.1", "setup.2", "apt.3", "app", "setup.5"]
    note = "installed without it: apt.3 (--repack puts it first)"
    assert told(lock, after) == [("added", "setup", (note,))]
    assert digests(lock).items() <= digests(after).items()


@pytest.mark.parametrize(
    ("old", "new", "verb", "details"),
    [
        ("update-ca", "update-ca -f", "added", ()),
        ('"x"', '"y"', "changed", ("files",)),
        ('[[setup]]\ncommands = ["debconf"]\n', "", "removed", ()),
    ],
)
def test_what_is_changed_or_gone_numbers_all_anew(
    old: str, new: str, verb: str, details: tuple[str, ...], tmp_path: Path
) -> None:
    lock = locked(START + '[stages.b]\ncommands = ["b"]\n', tmp_path)
    text = START.replace(old, new) + '[stages.b]\ncommands = ["b"]\n'
    late = text.replace('"curl"', '"curl", "jq"')
    after = locked(late, tmp_path, lock)
    assert (verb, "setup", details) in told(lock, after)
    assert after == locked(late, tmp_path)
    assert locked(late, tmp_path, after) == after


def test_nothing_changes_where_nothing_did(tmp_path: Path) -> None:
    lock = locked(START, tmp_path)
    assert locked(START, tmp_path, lock) == lock
    other = START.replace('[[setup]]\ncommands = ["debconf"]\n\n', "")
    first = other.replace("[[setup]]", '[[setup]]\ncommands = ["debconf"]\n\n[[setup]]')
    assert locked(first, tmp_path, lock) == lock


def test_its_dockerfile_and_its_text(tmp_path: Path) -> None:
    lock = locked(START + LATE, tmp_path)
    text = render(emit(lock, install_order(lock), "linux/amd64", {}))
    assert "COPY certs /ca/\nCOPY <<'EOF' /etc/apt/apt.conf.d/90x\nx\nEOF\n" in text
    assert "RUN <<'EOF'\nset -e\nupdate-ca\n(exit $?)\nEOF" in text
    assert "--chmod=u=rw" in text
    assert " <<'EOF' /etc/late\nx\nEOF\n" in text
    path = tmp_path / "dynbuild.lock"
    path.write_text(dumps(lock))
    shown = lock_text(str(path))
    assert "setup\n    copy certs to /ca/" in shown
    assert "    file /etc/late (mode 0600)" in shown


def test_what_a_next_change_would_cost(tmp_path: Path) -> None:
    lock = locked(START, tmp_path)
    first, second, *_ = install_order(lock)
    for one in (first, second):
        after = changed(lock, one.step)
        assert after.id == one.id
        assert digests(lock)["app"] != digests(after.lock)["app"]


def test_a_lock_whose_key_does_not_fit(tmp_path: Path) -> None:
    text = dumps(locked(START, tmp_path)).replace('"debconf"', '"evil"')
    with pytest.raises(LockError, match="does not fit"):
        loads(text)
