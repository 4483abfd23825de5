"""Stages with a base of their own: what they may say, and what it means."""

import pytest

from dynbuild.declaration.load import load
from dynbuild.errors import DeclarationError
from dynbuild.spans import Source

HEAD = 'base = "debian"\nuser = "app"\n'


def stage(name: str, *lines: str) -> str:
    return "\n".join(["[[stages]]", f'name = "{name}"', 'commands = ["x"]', *lines, ""])


def on(*names: str) -> str:
    return f"dependencies = {list(names)}"


NODE, GO = 'base = "node:22"', 'base = "golang"'
FOR = 'platform = "linux/arm64"'

REFUSED = {
    "part of the image": (
        stage("a", NODE, "build_only = false"),
        "DB0175",
        "starts from node:22 and cannot be part of the image",
    ),
    "a platform alone": (stage("a", FOR), "DB0175", "is for a base of its own"),
    "no platform": (
        stage("a", NODE, 'platform = "windows/amd64"'),
        "DB0178",
        "expected a platform",
    ),
    "no image": (stage("a", 'base = "No Image"'), "DB0140", "expected an image"),
    "on the image": (
        stage("a") + stage("b", NODE, on("a")),
        "DB0176",
        "starts from node:22 and cannot stand on 'a', which starts from the image's",
    ),
    "on every stage": (
        stage("a") + stage("b", NODE, on("*")),
        "DB0176",
        "cannot stand on 'a'",
    ),
    "on another base": (
        stage("a", GO) + stage("b", NODE, on("a")),
        "DB0176",
        "which starts from golang",
    ),
    "on another platform": (
        stage("a", NODE, FOR) + stage("b", NODE, on("a")),
        "DB0176",
        "which starts from node:22 for linux/arm64",
    ),
    "build-only on another base": (
        stage("a", GO) + stage("b", "build_only = true", on("a")),
        "DB0176",
        "'b' starts from the image's base",
    ),
    "of the image on another base": (
        stage("a", GO) + stage("b", on("a")),
        "DB0127",
        "cannot stand on 'a'",
    ),
    "the image's user": (
        stage("a", NODE, 'user = "app"'),
        "DB0177",
        "'app' is made for the image",
    ),
    "its files": (
        stage("a", NODE, 'copy = [{ from = "a", to = "/a", owner = "0:app" }]'),
        "DB0177",
        "'0:app' is made for the image",
    ),
    "its texts": (
        stage("a", NODE, 'files = { "/a" = { text = "a", owner = "app" } }'),
        "DB0177",
        "'app' is made for the image",
    ),
    "packages of the image": (
        stage("a", 'apt_packages = ["gcc"]'),
        "DB0179",
        "apt_packages of stage 'a' would be in the image",
    ),
    "packages of what is in the image": (
        stage("a", "build_only = false", 'apt_packages = ["gcc"]'),
        "DB0179",
        "whose own list they belong in",
    ),
    "packages beside those of the image": (
        stage("a", "build_only = true", 'apt_packages = ["gcc"]')
        + stage("b", "build_only = true", on("a")),
        "DB0176",
        "cannot stand on 'a', which starts from debian",
    ),
    "packages of two stages": (
        stage("a", NODE, 'apt_packages = ["gcc"]')
        + stage("b", NODE, 'pip_packages = ["flask"]', on("a")),
        "DB0179",
        "'b' would stand on the packages of two stages: 'a' and 'b'",
    ),
    "packages of two systems": (
        stage("a", NODE, 'apt_packages = ["gcc"]', 'apk_packages = ["gcc"]'),
        "DB0131",
        "apt_packages and apk_packages cannot go into one image",
    ),
    "a package twice": (
        stage("a", NODE, 'apt_packages = ["gcc", "gcc"]'),
        "DB0132",
        "'gcc' is in apt_packages twice",
    ),
    "no package": (
        stage("a", NODE, 'apt_packages = ["-y"]'),
        "DB0133",
        "'-y' cannot be in apt_packages",
    ),
    "a cycle": (
        stage("a", NODE, on("b")) + stage("b", NODE, on("a")),
        "DB0125",
        "a -> b -> a",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused(what: str) -> None:
    text, code, message = REFUSED[what]
    with pytest.raises(DeclarationError) as refused:
        load(Source("dynbuild.toml", HEAD + text), "toml")
    found = [(one.code, one.message) for one in refused.value.diagnostics]
    assert [(one, said) for one, said in found if one == code and message in said]
    assert {one for one, _ in found} == {code}


def test_names_of_one_image_are_one() -> None:
    text = (
        stage("a", 'base = "node:22"', 'user = "node"')
        + stage("b", 'base = "docker.io/library/node:22"', on("a"))
        + stage("c", 'copy = [{ stage = "b", from = "/a", to = "/a" }]')
    )
    stages = load(Source("dynbuild.toml", HEAD + text), "toml").declaration.stages
    assert [stage.build_only for stage in stages] == [True, True, False]


def test_a_platform_has_its_usual_name() -> None:
    """However it is written: two stages for one stand on one another."""
    text = stage("a", NODE, FOR)
    text += stage("b", NODE, 'platform = "linux/arm64/v8"', 'dependencies = ["a"]')
    stages = load(Source("dynbuild.toml", HEAD + text), "toml").declaration.stages
    assert {one.platform for one in stages} == {"linux/arm64"}


def test_what_it_copies_afterwards_stands_on_its_base() -> None:
    text = stage("a", NODE, FOR, 'then = [{ from = "x", to = "/x" }]')
    _, then = load(Source("dynbuild.toml", HEAD + text), "toml").declaration.stages
    assert then.name == "a.then"
    assert (then.base, then.platform) == ("node:22", "linux/arm64")
    assert then.build_only


def test_what_lists_packages_and_is_build_only_starts_from_the_images_base() -> None:
    lists = stage("a", "build_only = true", 'pip_packages = ["flask"]', FOR)
    lists += stage("b", "build_only = true")
    a, b = load(Source("dynbuild.toml", HEAD + lists), "toml").declaration.stages
    assert (a.base, a.platform) == ("debian", "linux/arm64")
    assert b.base is None
    a, b = load(Source("dynbuild.toml", lists), "toml").declaration.stages
    assert a.base == "debian:stable-slim"


@pytest.mark.parametrize("empty", ["apt_packages = []", "apt_upgrade = false"])
def test_what_lists_nothing_stays_on_the_images_packages(empty: str) -> None:
    text = stage("a", "build_only = true", empty)
    (one,) = load(Source("x.toml", HEAD + text), "toml").declaration.stages
    assert one.base is None


def test_what_it_copies_afterwards_stands_on_the_images_base_too() -> None:
    text = stage(
        "a",
        "build_only = true",
        'apt_packages = ["gcc"]',
        'then = [{ from = "x", to = "/x" }]',
    )
    _, then = load(Source("dynbuild.toml", HEAD + text), "toml").declaration.stages
    assert (then.base, then.build_only) == ("debian", True)


IMAGES = """
images.root.base = "alpine"
images.middle.extends = "root"
[images.leaf]
extends = "middle"
[[images.leaf.stages]]
name = "a"
build_only = true
apk_packages = ["gcc"]
commands = ["x"]
"""


def test_of_several_images_it_is_that_of_the_root() -> None:
    loaded = load(Source("dynbuild.toml", IMAGES), "toml")
    found = {
        image.name: [stage.base for stage in image.whole.declaration.stages]
        for image in loaded.images
    }
    assert found == {"root": [], "middle": [], "leaf": ["alpine"]}


@pytest.mark.parametrize("extends", ['"leaf"', '"nobody"', "7"])
def test_a_line_without_an_end_is_told_and_nothing_else(extends: str) -> None:
    text = IMAGES.replace('"middle"', extends)
    with pytest.raises(DeclarationError) as refused:
        load(Source("dynbuild.toml", text), "toml")
    assert "DB0179" not in {one.code for one in refused.value.diagnostics}


PRIVATE = """
apt_packages = ["curl"]
apt_upgrade = true
npm_registry = { url = "https://npm.example.com", scope = "@team", secret = "npm" }
pip_index = ["https://mirror.example.com/simple", { url = "https://a.example.com" }]
"""


def test_lists_from_several_servers_are_fine() -> None:
    declaration = load(Source("dynbuild.toml", HEAD + PRIVATE), "toml").declaration
    assert [one.url for one in declaration.pip_index] == [
        "https://mirror.example.com/simple",
        "https://a.example.com",
    ]
    assert [one.scope for one in declaration.npm_registry] == ["@team"]


def test_a_source_whose_suites_are_no_list_is_told_once() -> None:
    text = 'apt_sources = [{ uri = "https://a", suites = 7, secret = "x" }]'
    with pytest.raises(DeclarationError) as refused:
        load(Source("dynbuild.toml", text), "toml")
    assert [one.code for one in refused.value.diagnostics] == ["DB0111"]
