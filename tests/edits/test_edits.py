"""The edits that people make: what each does to the lock and to the Dockerfile.

Every snapshot reads as a page of documentation: the edit, what ``dynbuild lock`` says
of it, the lines of the lock that change, the steps that have to run, and the lines of
the Dockerfile that change.
"""

import difflib
from collections.abc import Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from dynbuild.cli.output import changes_text
from dynbuild.cli.render.diff_markdown import diffs_markdown
from dynbuild.cli.render.diff_text import diff_text
from dynbuild.commands.target import target_of
from dynbuild.declaration.load import load
from dynbuild.digest import Digest, digest_of
from dynbuild.explain.diff import diff
from dynbuild.lockfile.changes import compare
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import update
from dynbuild.project.content import Tree
from dynbuild.realization.request import dockerfile
from dynbuild.spans import Source
from dynbuild.steps.title import label
from tests.pins import pinned
from tests.snapshot_files import files

START = """\
base = "debian:bookworm-slim"
user = "app"
apt_packages = ["curl", "git"]
pip_packages = ["flask"]
env_scripts = ["echo en_US.UTF-8 UTF-8 > /etc/locale.gen"]

[[stages]]
name = "dependencies"
copy = [{ from = "requirements.txt", to = "/tmp/" }]
commands = ["pip3 install -r /tmp/requirements.txt"]

[[stages]]
name = "assets"
commands = ["mkdir -p /srv/static", "echo body > /srv/static/style.css"]

[[stages]]
name = "application"
dependencies = ["dependencies", "assets"]
copy = [{ from = "app.py", to = "/srv/" }]
commands = ["python3 -m compileall /srv"]
"""

EDITS: dict[str, Callable[[str], str]] = {
    "add a package": lambda text: text.replace('"git"]', '"git", "jq"]'),
    "remove a package": lambda text: text.replace('"curl", "git"', '"curl"'),
    "respecify a package": lambda text: text.replace('"git"]', '"git=1:2.39*"]'),
    "add a package and use it in the last stage": lambda text: text.replace(
        '"git"]', '"git", "jq"]'
    ).replace("compileall /srv", "compileall /srv && jq --version"),
    "edit the first stage's command": lambda text: text.replace(
        "pip3 install -r", "pip3 install --no-deps -r"
    ),
    "edit a tracked file": lambda text: text,
    "rename a stage": lambda text: text.replace('"assets"', '"static"'),
    "edit the last stage": lambda text: text.replace(
        "compileall /srv", "compileall -q /srv"
    ),
    "add a stage in the middle": lambda text: text.replace(
        '[[stages]]\nname = "application"',
        '[[stages]]\nname = "schema"\ncommands = ["touch /srv/schema.sql"]\n\n'
        '[[stages]]\nname = "application"',
    ).replace('["dependencies", "assets"]', '["dependencies", "assets", "schema"]'),
    "drop a stage": lambda text: text.replace(
        '[[stages]]\nname = "assets"\n'
        'commands = ["mkdir -p /srv/static", "echo body > /srv/static/style.css"]\n\n',
        "",
    ).replace('["dependencies", "assets"]', '["dependencies"]'),
    "add an environment script": lambda text: text.replace(
        'locale.gen"]', 'locale.gen", "echo UTC > /etc/timezone"]'
    ),
    "change the user": lambda text: text.replace(
        'user = "app"', 'user = { name = "app", uid = 1234 }'
    ),
}


def test_start(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    lock = _locked(None, START, tmp_path)
    told = "\n".join(["# Where all edits start", "", _indented(START), dumps(lock)])
    assert told == snapshot(extension_class=files("txt"))


@pytest.mark.parametrize(
    "name", EDITS, ids=[name.replace(" ", "-").replace("'", "") for name in EDITS]
)
def test_edit(name: str, snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    before = _locked(None, START, tmp_path)
    edited = EDITS[name](START)
    if name == "edit a tracked file":
        _project(tmp_path)
        (tmp_path / "requirements.txt").write_text("requests\nrich\n")
    else:
        assert edited != START
    after = _locked(before, edited, tmp_path)
    assert update(after, _target(edited, tmp_path)) == after
    told = [
        f"# {name[0].upper()}{name[1:]}",
        "",
        _indented(_diff(START, edited, 0)) or "    (requirements.txt changes)",
        "",
        "`dynbuild lock` says:",
        "",
        _indented(changes_text(compare(before, after))),
        "",
        "dynbuild.lock:",
        "",
        _indented(_diff(dumps(before), dumps(after), 3)),
        "",
        "Steps:",
        "",
        _indented(_steps(before, after)),
        "",
        "Dockerfile:",
        "",
        _indented(_diff(dockerfile(before, None), dockerfile(after, None), 0)),
    ]
    page = "\n".join(line.rstrip() for line in "\n".join(told).split("\n"))
    assert page + "\n" == snapshot(extension_class=files("txt"))


@pytest.mark.parametrize(
    "name", EDITS, ids=[name.replace(" ", "-").replace("'", "") for name in EDITS]
)
def test_diff_names_the_steps_that_run(
    name: str, snapshot: SnapshotAssertion, tmp_path: Path
) -> None:
    """The set is that of the digests which the lock before does not have."""
    before = _locked(None, START, tmp_path)
    if name == "edit a tracked file":
        (tmp_path / "requirements.txt").write_text("requests\nrich\n")
    after = _locked(before, EDITS[name](START), tmp_path)
    found = diff(before, after)
    known = set(_digests(before).values())
    expected = {id_ for id_, digest in _digests(after).items() if digest not in known}
    assert {step.placed.id for step in found.runs} == expected
    assert diff_text(found) + "\n" == snapshot(extension_class=files("txt"))
    assert diffs_markdown({("", ""): found}) == snapshot(extension_class=files("md"))


def _locked(previous: Lock | None, text: str, root: Path) -> Lock:
    if previous is None:
        _project(root)
    return update(previous, _target(text, root))


def _target(text: str, root: Path) -> Target:
    return target_of(load(Source("dynbuild.toml", text), "toml"), Tree(root), pinned)


def _project(root: Path) -> None:
    (root / "requirements.txt").write_text("requests\n")
    (root / "app.py").write_text("print('hello')\n")


def _diff(before: str, after: str, context: int) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), n=context, lineterm=""
    )
    return "\n".join(
        "..." if line.startswith("@@") else line for line in list(lines)[2:]
    )


def _steps(before: Lock, after: Lock) -> str:
    known = set(_digests(before).values())
    digests = _digests(after)
    return "\n".join(
        f"{'is there' if digests[placed.id] in known else 'runs':9} "
        f"{placed.id:15} {label(placed.step)}"
        for placed in install_order(after)
    )


def _digests(lock: Lock) -> dict[str, Digest]:
    described = resolve(lock, "linux/amd64", {}, {}).descriptions
    return {step: digest_of(description) for step, description in described.items()}


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
