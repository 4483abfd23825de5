"""What is for some platforms only: in no other image, and no matter to it."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.engine import test_platforms as platforms
from tests.engine.test_platforms import ARCHITECTURES, ran

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

    Docker = Callable[..., str]

base = platforms.base
project = platforms.project


def test_a_stage_for_one_platform_is_in_no_other_image(
    project: Space, docker: Docker, tag: str
) -> None:
    """What it adds to one runs nothing for the other, which all commands know."""
    text = project.read("dynbuild.toml")
    text = 'platforms = ["linux/amd64", "linux/arm64"]\n' + text
    project.write("dynbuild.toml", text)
    project.ok("lock")
    project.ok("realize")
    intel = '\n[stages.intel]\nonly = ["linux/amd64"]\nfiles = { "/intel" = "%s" }\n'
    project.write("dynbuild.toml", text + intel % uuid4())
    project.ok("lock")
    assert "version = 8" in project.read("dynbuild.lock")
    assert "intel" in project.ok("why", "--platform", "linux/amd64").out
    assert "nothing runs" in project.ok("why", "--platform", "linux/arm64").out
    done = project.ok("realize", "-t", tag)
    assert ran(done) == ["intel (linux/amd64)"], done.err
    for arch in ARCHITECTURES:
        made = docker("create", "--platform", f"linux/{arch}", tag, "x").strip()
        listed = docker("export", made, "--output", str(project.root / "out.tar"))
        names = subprocess.run(
            ["tar", "-tf", str(project.root / "out.tar")],
            capture_output=True,
            text=True,
            check=True,
        )
        docker("rm", made)
        assert ("intel" in names.stdout.split()) == (arch == "amd64"), listed
    told = project.ok("why", "intel").out
    assert "platform" not in told.split("\n")[0] or "linux/amd64" in told
    absent = project.run("why", "intel", "--platform", "linux/arm64")
    assert absent.status == 2
    assert "the lock has no 'intel' for linux/arm64" in absent.err
    shown = json.loads(project.ok("status", "--json").out)["platforms"]
    held = {name: {one["id"] for one in of["steps"]} for name, of in shown.items()}
    assert held["linux/amd64"] - held["linux/arm64"] == {"intel"}
    for shown in (project.ok("graph").out, project.ok("diff", "dynbuild.lock").out):
        assert isinstance(shown, str)
    # One linear build cannot be for both.
    both = project.run("realize", "--linear")
    assert both.status == 2
    assert "DB0439" in both.err
    project.ok("realize", "--linear", "--platform", "linux/arm64")
    refused = project.run("realize", "--shell", "intel", "--platform", "linux/arm64")
    assert "there is no stage 'intel' for linux/arm64" in refused.err


def test_files_are_packed_for_each_platform_where_it_may_matter(project: Space) -> None:
    """On amd64 there is an /etc; whose number root has, a base says."""
    text = project.read("dynbuild.toml")
    text = 'platforms = ["linux/amd64", "linux/arm64"]\n' + text
    text += f"""
[stages.within]
files = {{ "/etc/within" = "{uuid4()}" }}

[stages.numbered]
copy = [{{ from = "tree", to = "/numbered/", owner = "7:7", mode = "u=rwX,go=rX" }}]

[stages.later]
dependencies = ["numbered"]
copy = [{{ from = "tree", to = "/numbered/later/" }}]
"""
    project.write("dynbuild.toml", text)
    project.write("tree/a", f"{uuid4()}")
    project.ok("lock")
    project.ok("realize", "--metadata-file", "made.json", "-o", "oci:out")
    told = json.loads(project.read("made.json"))
    named = told["dynbuild.manifests"]
    assert [*named.values()] == platforms.manifests(project)
    assert [*named] == [f"linux/{arch}" for arch in ARCHITECTURES]
    built = told["dynbuild.steps"]
    times = Counter(step["step"] for step in built if step["ran"])
    once = {"front": 1, "back": 1, "numbered": 1, "later": 1}
    assert times == {**once, "within": 2}
    amd, arm = (
        platforms.layers(project, manifest) for manifest in platforms.manifests(project)
    )
    assert len(amd & arm) >= len(once)
    # Its record is its own: either platform alone needs nothing more.
    for arch in ARCHITECTURES:
        assert ran(project.ok("realize", "--platform", f"linux/{arch}")) == []
    assert "is damaged" not in project.ok("status", "--verify").err
    # What changes in one directory is packed once, too.
    project.write("tree/b", "more")
    project.ok("lock")
    done = project.ok("realize")
    assert platforms.for_one(done) == ["later", "numbered"]
