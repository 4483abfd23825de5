"""The scripts of the managers and of the user step, as reviewers read them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dynbuild import quote
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.script import wrapped
from dynbuild.steps.model import (
    AptSource,
    Group,
    Install,
    Remove,
    Step,
    Upgrade,
    User,
)
from dynbuild.steps.recipe import copies_of, run_of
from tests.snapshot_files import files

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion


def group(manager: str, *, before: str, after: str, upgraded: str = "") -> Group:
    """Make the group that leads from specs to specs."""
    key = MANAGERS[manager].key
    old = {key(spec): spec for spec in before.split()}
    new = {key(spec): spec for spec in after.split()}
    installed = {name: Install(spec) for name, spec in new.items() if spec not in old}
    removed = {name: Remove() for name in old if name not in new}
    newer = {key(name): Upgrade() for name in upgraded.split()}
    return Group(manager, {**installed, **removed, **newer}, new)


def gone(manager: str, specs: str, names: str, upgraded: str = "") -> Group:
    """A group of which later events took some names away."""
    made = group(manager, before="", after=specs, upgraded=upgraded)
    return replace(made, gone=frozenset(names.split()))


RICH: dict[str, Step] = {
    "apt": group(
        "apt",
        before="curl git=1:2.39* jq vim",
        after="git/bookworm-backports g++ libc6:i386 tree default-mta curl",
    ),
    "yum": group("yum", before="git-2.39 jq", after="git gcc-c++ @core"),
    "apk": group("apk", before="git jq", after="git~2.45 g++ nginx@edge"),
    "pip": group(
        "pip",
        before="flask jinja2",
        after="Flask[async]~=3.0,!=3.0.1 zope.interface tomli;python_version<'3.11'",
    ),
    "npm": group("npm", before="@vue/cli tool", after="@scope/tool@^1.2 typescript"),
    "upgrade-apt": group("apt", before="", after="curl", upgraded="curl"),
    "upgrade-pip": group("pip", before="", after="flask", upgraded="flask"),
    "gone-apt": gone("apt", "curl git=1:2.39* jqq", "git jqq"),
    "gone-apt-leaving": replace(
        group("apt", before="vim", after="curl jqq"), gone=frozenset({"jqq"})
    ),
    "gone-yum": gone("yum", "curl jqq tree", "jqq tree", upgraded="curl tree"),
    "gone-apk": gone("apk", "curl jqq", "jqq", upgraded="jqq"),
    "gone-pip": gone("pip", "flask jqq==9", "jqq"),
    "gone-npm": gone("npm", "typescript jqq@9", "jqq"),
    "gone-all": gone("apt", "jqq", "jqq"),
    "many": group("apt", before="", after=" ".join(f"package{n}" for n in range(60))),
    "user": User("app", 1000, "/bin/sh", sudo=True),
    "source": AptSource(
        "https://packages.example/debian", ("stable", "beta"), ("main",), "keys/x.asc"
    ),
    "flat-source": AptSource("https://packages.example/flat", ("./",)),
}


def script_of(step: Step) -> str:
    run = run_of(step, {}, None)
    assert run is not None
    # The user's own shell may be one that is not there yet, or not POSIX.
    assert run.shell == ("/bin/sh", "-c")
    return run.script


@pytest.mark.parametrize("name", RICH)
def test_scripts(name: str, snapshot: SnapshotAssertion) -> None:
    script = script_of(RICH[name])
    assert f"{script}\n" == snapshot(extension_class=files("sh"))
    parsed = subprocess.run(["sh", "-n", "-c", script], check=False)
    assert parsed.returncode == 0


@pytest.mark.parametrize(
    ("manager", "spec", "key"),
    [
        ("apt", "git=1:2.39*", "git"),
        ("apt", "git/bookworm-backports", "git"),
        ("apt", "libc6:i386=2.36-9", "libc6:i386"),
        ("apk", "nginx~1.26", "nginx"),
        ("apk", "nginx>=1.26@edge", "nginx"),
        ("yum", "git-2.39", "git-2.39"),
        ("pip", "Flask[async] >= 3", "flask"),
        ("pip", "zope.interface", "zope-interface"),
        ("pip", 'tomli; python_version < "3.11"', "tomli"),
        ("pip", "x @ https://localhost/x-1.whl", "x"),
        ("npm", "@scope/tool@^1.2", "@scope/tool"),
        ("npm", "tool@1 - 2", "tool"),
    ],
)
def test_keys(manager: str, spec: str, key: str) -> None:
    assert MANAGERS[manager].key(spec) == key


def test_thousands_of_packages_fit() -> None:
    names = [f"some-package-{number}" for number in range(2000)]
    script = script_of(group("apt", before="", after=" ".join(names)))
    assert max(map(len, quote.heredoc(script))) < 100
    assert all(script.count(f"{name}\n") + script.count(f"{name} ") for name in names)


def test_words_that_are_longer_than_a_line() -> None:
    long = "x" * 100
    assert wrapped("  install", ["a", long, "b"], " > c").splitlines() == [
        "  install a \\",
        f"    {long} \\",
        "    b > c",
    ]
    assert wrapped("install", ["it's"]) == "install 'it'\"'\"'s'"


def test_what_another_step_needs_is_not_removed() -> None:
    removed = {"sudo": Remove()}
    kept = Group("apt", removed, {"jq": "jq"}, kept=frozenset({"sudo"}))
    assert "sudo" not in script_of(kept)
    assert "sudo" in script_of(Group("apt", removed, {"jq": "jq"}))


@pytest.mark.parametrize(
    ("declared", "suffix"),
    [("a.asc", "asc"), ("a.gpg", "gpg"), ("a.PGP", "gpg"), ("a.key", "asc")],
)
def test_apt_is_told_by_its_name_what_a_key_is(declared: str, suffix: str) -> None:
    source = AptSource("https://x.example", ("stable",), ("main",), declared)
    (copy,) = copies_of(source)
    assert copy.to.endswith(f".{suffix}")
    assert f"Signed-By: {copy.to}" in script_of(source)
