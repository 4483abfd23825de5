"""Several images of one declaration, as people use them; nothing is built."""

import json

import pytest

from tests.e2e import locks
from tests.space import Space

START = """\
[images.common]
publish = false
base = "debian:bookworm-slim"
apt_packages = ["curl"]

[images.common.stages.deps]
commands = ["make deps"]

[images.api]
extends = "common"
apt_packages = ["jq"]

[images.api.stages.app]
dependencies = ["deps"]
commands = ["make app"]

[images.worker]
extends = "common"

[images.worker.stages.app]
dependencies = ["deps"]
commands = ["make worker"]
"""
ALONE = """\
base = "debian:bookworm-slim"
apt_packages = ["curl", "jq"]

[stages.app]
dependencies = ["deps"]
commands = ["make app"]

[stages.deps]
commands = ["make deps"]
"""


@pytest.fixture
def project(space: Space) -> Space:
    locks.committed(space, START)
    return space


def test_the_lock_fits_and_is_written_once(project: Space) -> None:
    assert "up to date" in project.ok("lock", "--check").err
    text = project.read("dynbuild.lock")
    project.ok("lock")
    assert project.read("dynbuild.lock") == text


def test_what_an_ancestor_adds_stands_behind_what_a_child_has(project: Space) -> None:
    project.write("dynbuild.toml", START.replace('"curl"', '"curl", "git"'))
    stale = project.run("lock", "--check")
    assert stale.status == 1
    assert stale.out.split() == ["+", "apt", "common/git", "seq", "6", "added"]
    project.ok("lock")
    diff = project.git("diff", "--stat", "--", "dynbuild.lock")
    assert "1 insertion(+)" in diff
    order = json.loads(project.ok("lock", "--show-order", "--json").out)
    assert [step["step"] for step in order["api"]] == [
        *("apt.1", "deps", "apt.3", "app", "apt.6"),
    ]
    assert [step["step"] for step in order["common"]] == ["apt.1", "deps", "apt.6"]


def test_the_order_of_each_image_is_shown(project: Space) -> None:
    shown = project.ok("lock", "--show-order").out
    assert [line for line in shown.splitlines() if line and " " not in line] == [
        *("common", "api", "worker"),
    ]


def test_one_image_becomes_several_and_nothing_runs(space: Space) -> None:
    locks.committed(space, ALONE)
    before = json.loads(space.ok("lock", "--show-order", "--json").out)
    space.write("dynbuild.toml", START)
    space.ok("lock")
    after = json.loads(space.ok("lock", "--show-order", "--json").out)
    assert [step["step"] for step in after["api"]] == [step["step"] for step in before]
    found = json.loads(space.ok("diff", "--json").out)
    assert found["api"]["runs"] == []
    # And back.
    space.git("commit", "-qam", "several")
    space.write("dynbuild.toml", ALONE)
    space.ok("lock")
    assert json.loads(space.ok("lock", "--show-order", "--json").out) == before


def test_a_renamed_image_and_one_that_left(project: Space) -> None:
    project.write("dynbuild.toml", START.replace("[images.api", "[images.web"))
    project.ok("lock")
    assert project.git("diff", "--stat", "--", "dynbuild.lock").count("+-") <= 1
    found = project.run("diff")
    assert "has no image api any more" in found.err
    assert json.loads(project.ok("lock", "--check", "--json").out)["up_to_date"]


def test_steps_are_named_with_their_image(project: Space) -> None:
    told = project.run("why", "app")
    assert told.status == 2
    assert "2 images have 'app'" in told.err
    assert "write api/app or worker/app" in told.err
    told = project.run("why", "apt")
    assert "does not say which image it is of" in told.err
    told = project.run("lock", "--bump", "app")
    assert "2 images have a stage 'app'" in told.err
    told = project.run("lock", "--move", "api/deps")
    assert "'deps' is no stage of 'api' itself: it is inherited" in told.err
    assert "--move common/deps" in told.err
    told = project.run("lock", "--move", "api/ap")
    assert "did you mean 'api/app'" in told.err
    told = project.run("blame", "app")
    assert "write api/app or worker/app" in told.err


def test_a_stage_is_refreshed_in_its_own_image(project: Space) -> None:
    project.ok("lock", "--bump", "deps")
    text = project.read("dynbuild.lock")
    assert text.count("bump = 1") == 1
    assert text.index("[images.common.stages.deps]") < text.index("bump = 1")
    project.ok("lock")
    assert project.read("dynbuild.lock") == text
    project.ok("lock", "--bump", "worker/app")
    assert project.read("dynbuild.lock").count("bump = 1") == 2


def test_upgrades_and_a_repack_are_kept_until_the_next_commit(project: Space) -> None:
    project.ok("lock", "--upgrade-packages")
    text = project.read("dynbuild.lock")
    assert (
        text.count(" ^") == 2
    )  # curl of common, jq of api; the worker has none itself
    project.ok("lock")
    assert project.read("dynbuild.lock") == text
    project.ok("lock", "--repack")
    packed = project.read("dynbuild.lock")
    assert " ^" not in packed
    project.ok("lock")
    assert project.read("dynbuild.lock") == packed


def test_blame_follows_the_stage_of_one_image(project: Space) -> None:
    locks.committed(project, START.replace("make worker", "make it"), "another worker")
    told = project.ok("blame", "worker/app").out
    assert "another worker" in told
    assert "another worker" not in project.ok("blame", "api/app").out


def test_a_dockerfile_is_of_one_image(project: Space) -> None:
    told = project.run("realize", "--print")
    assert told.status == 2
    assert "name one: common, api, worker" in told.err
    assert "make app" in project.ok("realize", "api", "--print").out
    assert "make app" not in project.ok("realize", "worker", "--print").out
    told = project.run("realize", "ap", "--print")
    assert "did you mean 'api'" in told.err
    told = project.run("realize", "api", "worker", "--print")
    assert "of one image, and here are 2" in told.err


def test_names_that_would_be_alike_are_refused(project: Space) -> None:
    told = project.run("realize", "-t", "x")
    assert told.status == 2
    assert "-t x would name 2 images alike" in told.err
    assert "-t 'x-{image}'" in told.err
    told = project.run("realize", "-o", "oci:out")
    assert "would name 2 images alike" in told.err


def test_one_image_has_no_name(space: Space) -> None:
    locks.committed(space, ALONE)
    told = space.run("realize", "api")
    assert told.status == 2
    assert "there is one image, and it has no name" in told.err
    told = space.run("realize", "-t", "x-{image}")
    assert "leave {image} out" in told.err


def test_none_is_published(space: Space) -> None:
    text = '[images.a]\nbase = "debian:bookworm-slim"\npublish = false\n'
    locks.committed(space, text)
    told = space.run("realize", "-t", "x")
    assert "no image is published" in told.err
    assert "name one: a" in told.err


def test_a_comment_is_about_each_image(project: Space) -> None:
    project.write("dynbuild.toml", START.replace("make worker", "make it"))
    project.ok("lock")
    text = project.ok("diff", "--markdown").out
    assert text.count("<!-- dynbuild diff -->") == 1
    assert "### dynbuild: `common`: the image stays as it is" in text
    assert "### dynbuild: `worker`: 1 of 3 steps run" in text
    shown = project.ok("diff").out
    assert "image worker" in shown
    assert "image api" not in shown


def test_a_price_says_what_is_inherited(project: Space) -> None:
    """Each image is priced alone; what they share runs for one of them."""
    project.write("dynbuild.toml", START.replace("make deps", "make all"))
    project.ok("lock")
    told = json.loads(project.ok("diff", "--json").out)
    assert told["common"]["inherited"] == []
    assert told["api"]["inherited"] == ["deps"]
    words = "1 of them is inherited, to run once for all images where packages leave"
    shown = project.ok("diff").out
    assert shown.count(words) == 2
    assert words in project.ok("diff", "--markdown").out


def test_a_drawing_is_of_one_image(project: Space) -> None:
    assert "name one: common, api, worker" in project.run("graph").err
    assert "deps" in project.ok("graph", "worker").out
    page = project.ok("graph", "--html").out
    assert [
        f'"#image-{at}">{name}<' in page
        for at, name in enumerate(("common", "api", "worker"))
    ] == [True] * 3
    assert page.count('<article id="step-') == 5
    one = project.ok("graph", "api", "--html").out
    assert 'href="#image-' not in one
    assert one.count('<article id="step-') == 4


def test_locks_are_shown_image_by_image(project: Space) -> None:
    text = project.ok("diff", "--textconv", "dynbuild.lock").out
    assert text.count("image common of 3") == 1
    assert text.count("stage deps") == 3


def test_sides_of_a_merge(project: Space) -> None:
    base = project.read("dynbuild.lock")
    locks.lock(project, START.replace('"curl"', '"curl", "git"'))
    ours = project.read("dynbuild.lock")
    project.write("dynbuild.lock", base)
    locks.lock(project, START.replace("make worker", "make it"))
    theirs = project.read("dynbuild.lock")
    for name, text in (("base", base), ("ours", ours), ("theirs", theirs)):
        project.write(name, text)
    project.ok("lock", "--merge", "base", "ours", "theirs")
    merged = project.read("ours")
    assert "git" in merged
    assert "make it" in merged
    project.write("alone", "")
    locks.lock(project, START)
    project.write("dynbuild.lock", "")
    (project.root / "dynbuild.lock").unlink()
    locks.lock(project, ALONE)
    project.write("theirs", project.read("dynbuild.lock"))
    told = project.run("lock", "--merge", "base", "ours", "theirs")
    assert told.status == 1
    assert "one of them holds one image, another several" in told.err


def test_conflict_markers_lose_no_request(project: Space) -> None:
    project.ok("lock", "--bump", "deps")
    ours = project.read("dynbuild.lock")
    theirs = project.git("show", "HEAD:dynbuild.lock")
    project.write("dynbuild.lock", f"<<<<<<< a\n{ours}=======\n{theirs}>>>>>>> b\n")
    project.ok("lock")
    assert project.read("dynbuild.lock").count("bump = 1") == 1


def test_check_looks_at_the_files_of_every_image(space: Space) -> None:
    copy = '{ from = "gone", to = "/gone" }'
    text = START.replace('commands = ["make deps"]', f"copy = [{copy}]")
    space.write("dynbuild.toml", text)
    told = space.run("check")
    assert told.status == 2
    assert told.err.count("cannot copy 'gone'") == 1


def test_packages_are_told_of_each_image_or_of_those_named(project: Space) -> None:
    """Nothing was built, so that nobody knows what is installed: that is told."""
    frozen = ("packages", "--frozen", "--platform", "linux/amd64")
    every = project.run(*frozen)
    assert every.status == 1
    assert "nobody knows what the base, apt.1, deps installed" in every.err
    titles = [line for line in every.out.splitlines() if line.startswith("image ")]
    assert titles == ["image common", "image api", "image worker"]
    one = project.run(*frozen, "api")
    assert one.out.startswith("image api\n")
    assert "worker" not in one.out
    data = json.loads(project.run(*frozen, "worker", "--json").out)
    assert data["worker"]["packages"] == []
    assert "app" in data["worker"]["unknown"]
    step = json.loads(project.run(*frozen, "api/app", "--json").out)
    assert step["api"]["steps"] == {"app": {"known": False, "changes": []}}
    assert "DB0351" in project.run(*frozen, "app").err
    assert "DB0350" in project.run(*frozen, "--sbom", "spdx").err
    assert "DB0642" in project.run(*frozen, "api", "--sbom", "spdx").err
    assert "DB0317" in project.run(*frozen, "api", "--sbom", "spdx", "--json").err
