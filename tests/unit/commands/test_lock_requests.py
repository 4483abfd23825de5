"""What the options of ``lock`` ask of each image."""

import pytest

from dynbuild.commands.lock_requests import LockOptions, requests_of
from dynbuild.errors import DeclarationError
from dynbuild.lockfile.images import LockedImages, TargetImage, Targets
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.model import Target
from dynbuild.lockfile.update import Requests
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.model import Pin, Stage

BASE, OWN = Pin("debian:12", None), Pin("golang:1", None)
COMPILE = Stage(
    "compile",
    base=OWN.image,
    build_only=True,
    commands=("make",),
    packages={"apt gcc": "gcc", "apt jq": "jq"},
)
COMMON = Target(
    BASE,
    {"apt": {"curl": "curl", "jq": "jq"}, "pip": {"flask-login": "Flask_Login<2"}},
    stages=(COMPILE,),
    images={OWN.image: OWN},
)
API = Target(
    BASE,
    {"apt": {"curl": "curl", "jq": "jq", "git": "git"}, "pip": COMMON.packages["pip"]},
    stages=(COMPILE,),
    images={OWN.image: OWN},
)
TARGETS: Targets = {
    "common": TargetImage(None, publish=True, whole=COMMON, config=RuntimeConfig()),
    "api": TargetImage("common", publish=True, whole=API, config=RuntimeConfig()),
}


def asked(*names: str, previous: LockedImages | None = None) -> dict[str, Requests]:
    there = previous or update_images(None, TARGETS)
    return requests_of(TARGETS, there, LockOptions(upgrade_package=names))


def test_a_package_is_upgraded_in_whichever_lists_it_is() -> None:
    found = asked("jq")
    assert found["common"].upgrade == {("apt", "jq")}
    assert found["common"].upgrade_own == {("compile", "apt jq")}
    assert found["api"].upgrade == frozenset()
    assert found["api"].upgrade_own == frozenset()
    assert found["common"].upgrades == {"apt": 1}
    both = asked("git", "gcc")
    assert both["api"].upgrade == {("apt", "git")}
    assert both["common"].upgrade_own == {("compile", "apt gcc")}


@pytest.mark.parametrize("name", ["flask-login", "Flask.Login", "flask_login"])
def test_pip_has_several_spellings_of_a_name(name: str) -> None:
    found = asked(name)
    assert found["common"].upgrade == {("pip", "flask-login")}
    assert found["common"].upgrades == {"pip": 1}


def test_unknown_names_are_told_together_with_what_may_be_meant() -> None:
    with pytest.raises(DeclarationError) as error:
        asked("jqq", "jq=1", "zzz", "jq")
    told = [(one.code, one.message, one.hint or "") for one in error.value.diagnostics]
    assert [message for _, message, _ in told] == [
        "no package 'jqq' is declared",
        "no package 'jq=1' is declared",
        "no package 'zzz' is declared",
    ]
    assert {code for code, *_ in told} == {"DB0436"}
    assert told[0][2] == told[1][2] == "did you mean 'jq'?"
    assert "why --package" in told[2][2]


def test_a_first_lock_installs_what_is_newest() -> None:
    options = LockOptions(upgrade_package=("jq",))
    assert requests_of(TARGETS, None, options) == {}
    with pytest.raises(DeclarationError):
        requests_of(TARGETS, None, LockOptions(upgrade_package=("j",)))


def test_what_is_new_is_installed_and_no_more() -> None:
    common = {"common": TARGETS["common"]}
    found = asked("git", "curl", previous=update_images(None, common))
    assert found["api"].upgrade == frozenset()
    assert found["common"].upgrade == {("apt", "curl")}


def test_an_image_is_fixed_where_it_has_it_from() -> None:
    there = update_images(None, TARGETS)
    wanted = frozenset({("api", "curl"), ("api", "git"), ("gone", "jq")})
    found = requests_of(TARGETS, there, LockOptions(upgrade_apt=wanted))
    assert found["common"].upgrade == {("apt", "curl")}
    assert found["api"].upgrade == {("apt", "git")}
    assert not found["common"].upgrade_own
    both = LockOptions(upgrade_apt=wanted, upgrade_package=("gcc",))
    assert requests_of(TARGETS, there, both)["common"].upgrade == {("apt", "curl")}
    assert requests_of(TARGETS, there, both)["common"].upgrade_own
