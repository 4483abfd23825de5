"""Packages and stages for some platforms only: what they move, and where they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dynbuild.cli.render.lock_text import lock_text
from dynbuild.commands.target import target_of, targets_of
from dynbuild.commands.why import is_on, named_on
from dynbuild.declaration.load import load
from dynbuild.errors import DeclarationError, LockError
from dynbuild.explain.diff import diff
from dynbuild.explain.view import platforms
from dynbuild.lockfile.changes import compare
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.merge import merge
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import Requests, update
from dynbuild.project.content import Tree
from dynbuild.realization.request import dockerfile
from dynbuild.spans import Source
from dynbuild.steps.model import Pin
from dynbuild.steps.restriction import admits, architecture_of, bare, parted, usual
from tests.edits.test_platforms import AMD, ARM, RISCV, pin

if TYPE_CHECKING:
    from dynbuild.lockfile.model import Lock

BOTH = f'base = "debian"\nplatforms = ["{AMD}", "{ARM}"]\n'
APP = '\n[stages.app]\ncommands = ["make app"]\n'
INTEL = f'\n[stages.intel]\nonly = ["{AMD}"]\ncommands = ["make intel"]\n'


def locked(
    text: str, before: Lock | None = None, asked: Requests | None = None
) -> Lock:
    loaded = load(Source("dynbuild.toml", f"{BOTH}{text}"), "toml")
    target = target_of(loaded, Tree(Path()), pin)
    lock = update(before, target, asked or Requests())
    assert loads(dumps(lock)) == lock
    return lock


def steps(lock: Lock, platform: str) -> list[str]:
    return [placed.id for placed in resolve(lock, platform, {}, {}).order]


def digests(lock: Lock, platform: str) -> dict[str, str]:
    return {**resolve(lock, platform, {}, {}).digests}


def runs(before: Lock, after: Lock, platform: str) -> list[str]:
    return [step.placed.id for step in diff(before, after, platform).runs]


def test_a_package_is_where_its_spec_says() -> None:
    lock = locked('apt_packages = ["curl", "intel-microcode [amd64]", "jq [!amd64]"]')
    assert "version = 8\n" in dumps(lock)
    assert 'intel-microcode = ["1 intel-microcode [amd64]"]' in dumps(lock)
    amd, arm = (dockerfile(lock, one) for one in (AMD, ARM))
    assert "intel-microcode" in amd
    assert "intel-microcode" not in arm
    assert "jq" in arm
    assert " jq" not in amd
    assert "[amd64]" not in amd + arm


def test_of_nothing_there_is_no_step_and_digests_stay() -> None:
    before = locked(f'apt_packages = ["curl"]\n{APP}')
    assert "version = 6\n" in dumps(before)
    after = locked(f'apt_packages = ["curl", "thermald [amd64]"]\n{APP}', before)
    assert steps(after, ARM) == ["apt.1", "app"]
    assert steps(after, AMD) == ["apt.1", "app", "apt.3"]
    assert digests(after, ARM) == digests(before, ARM)
    assert runs(before, after, ARM) == []
    assert runs(before, after, AMD) == ["apt.3"]


def test_where_the_meaning_stays_nothing_happens() -> None:
    """To widen it runs on the platforms that had it not, and on no other."""
    before = locked(f'apt_packages = ["curl", "jq [amd64]"]\n{APP}')
    after = locked(f'apt_packages = ["curl", "jq"]\n{APP}', before)
    (change,) = compare(before, after)
    assert (change.kind, change.name) == ("apt", "jq")
    assert digests(after, AMD) == digests(before, AMD)
    assert runs(before, after, ARM) == ["apt.3"]
    # To narrow it removes it there.
    third = locked(f'apt_packages = ["curl [arm64]", "jq"]\n{APP}', after)
    assert digests(third, ARM) == digests(after, ARM)
    assert runs(after, third, AMD) == ["apt.4"]
    assert "curl" in dockerfile(third, AMD).split("AS apt.4")[1]


def test_an_upgrade_is_another_step_whichever_platform_had_the_one_before() -> None:
    text = 'apt_packages = ["curl", "jq [arm64]"]'
    first = locked(text)
    again = Requests(upgrade=frozenset({("apt", "jq")}))
    second = locked(text, first, again)
    assert digests(second, AMD) == digests(first, AMD)
    curl = Requests(upgrade=frozenset({("apt", "curl")}))
    third, other = locked(text, second, curl), locked(text, first, curl)
    ids = (steps(third, AMD)[-1], steps(other, AMD)[-1])
    assert digests(third, AMD)[ids[0]] != digests(other, AMD)[ids[1]]


def test_of_two_events_of_one_merge_the_last_counts() -> None:
    text = dumps(locked('apt_packages = ["curl", "jq [amd64]"]'))
    both = '"1 jq [amd64]", "1 jq [arm64]", "1 ^"'
    lock = loads(text.replace('"1 jq [amd64]"', both))
    assert steps(lock, AMD) == ["apt.1"]
    assert "jq" not in dockerfile(lock, AMD)
    assert " jq" in dockerfile(lock, ARM)
    later = '"1 jq", "5 jq [amd64]", "5 jq [arm64]", "5 ^"'
    lock = loads(text.replace('"1 jq [amd64]"', later))
    assert steps(lock, ARM) == ["apt.1"]
    assert steps(lock, AMD) == ["apt.1", "apt.5"]


def test_a_stage_is_where_it_says_and_moves_for_it_never() -> None:
    before = locked(APP)
    after = locked(APP + INTEL, before)
    assert steps(after, ARM) == ["app"]
    assert steps(after, AMD) == ["app", "intel"]
    wider = locked(APP + INTEL.replace(f'"{AMD}"', f'"{AMD}", "{ARM}"'), after)
    assert wider.stages["intel"].seq == after.stages["intel"].seq
    assert runs(after, wider, AMD) == []
    assert runs(after, wider, ARM) == ["intel"]
    (change,) = compare(after, wider)
    assert (change.verb, change.name) == ("changed", "intel")


def test_what_stands_on_all_stands_on_those_that_are_there() -> None:
    every = '\n[stages.zz]\ndependencies = ["*"]\ncommands = ["ls"]\n'
    lock = locked(APP + INTEL + every)
    at = {one: resolve(lock, one, {}, {}).steps["zz"] for one in (AMD, ARM)}
    assert set(at[AMD].on) == {"app", "intel"}
    assert set(at[ARM].on) == {"app"}


def test_two_that_are_never_together_may_set_one_variable() -> None:
    text = f'[stages.a]\nonly = ["{AMD}"]\ncommands = ["a"]\nenv = {{ LIB = "x86" }}\n'
    text += f'[stages.b]\nonly = ["{ARM}"]\ncommands = ["b"]\nenv = {{ LIB = "arm" }}\n'
    lock = locked(text)
    assert 'ENV LIB="x86"' in dockerfile(lock, AMD) or "LIB=x86" in dockerfile(
        lock, AMD
    )
    both = text.replace(f'only = ["{ARM}"]', f'only = ["{AMD}", "{ARM}"]')
    with pytest.raises(DeclarationError, match="set LIB to two values"):
        locked(both)


def test_what_only_one_platform_needs_has_to_be_there_for_that_one() -> None:
    """golang is not there for riscv64, nor is the download."""
    text = f'[stages.tool]\nonly = ["{AMD}"]\nbase = "golang"\ncommands = ["go"]\n'
    text += f'[stages.taken]\nonly = ["{AMD}"]\n'
    text += 'copy = [{ stage = "tool", from = "/t", to = "/t" }]\n'
    text += 'add = [{ url = "https://x.test/${TARGETARCH}", to = "/x", sha256 = '
    text += f'{{ "{AMD}" = "{"ab" * 32}" }} }}]\n'
    head = f'base = "debian"\nplatforms = ["{AMD}", "{RISCV}"]\n'
    loaded = load(Source("dynbuild.toml", head + text), "toml")
    lock = update(None, target_of(loaded, Tree(Path()), pin))
    assert platforms(lock) == {AMD, RISCV}
    assert steps(lock, RISCV) == []
    assert lock.config.platforms == (AMD, RISCV)


def test_lists_of_a_stage_are_for_what_it_runs_on() -> None:
    text = '[stages.tool]\nbase = "golang"\n{}apt_packages = ["gcc [amd64]"]\n'
    text += 'commands = ["make"]\n'
    lock = locked(text.format(""))
    assert steps(lock, AMD) == ["tool.apt.1", "tool"]
    assert steps(lock, ARM) == ["tool"]
    native = locked(text.format(f'platform = "{AMD}"\n'))
    assert steps(native, ARM) == ["tool.apt.1", "tool"]


def test_a_merge_that_takes_a_source_away_from_a_platform_is_told() -> None:
    tool = '[stages.tool]\nbuild_only = true\n{}commands = ["make"]\n'
    taken = '[stages.taken]\ncopy = [{ stage = "tool", from = "/t", to = "/t" }]\n'
    start = locked(tool.format(""))
    main = locked(tool.format("") + taken, start)
    branch = locked(tool.format(f'only = ["{AMD}"]\n'), start)
    both = merge(start, main, branch).lock
    assert "taken" in steps(both, AMD)
    with pytest.raises(LockError, match="copies from 'tool', which the lock does not"):
        steps(both, ARM)
    with pytest.raises(DeclarationError, match="which linux/arm64 does not have"):
        locked(tool.format(f'only = ["{AMD}"]\n') + taken)


def test_what_is_asked_for_where_it_is_not_is_told() -> None:
    lock = locked(f'apt_packages = ["jq [amd64]"]\n{APP}{INTEL}')
    assert [one.id for one in named_on(lock, "intel", AMD)] == ["intel"]
    with pytest.raises(DeclarationError) as caught:
        named_on(lock, "intel", ARM)
    (told,) = caught.value.diagnostics
    assert told.message == "the lock has no 'intel' for linux/arm64"
    assert told.hint == "it is for linux/amd64: pass one of these as --platform"
    assert (is_on(lock, "jq", AMD), is_on(lock, "jq", ARM)) == (True, False)
    assert is_on(lock, "nobody", ARM)
    with pytest.raises(DeclarationError, match="nothing in the lock is called"):
        named_on(lock, "nobody", ARM)


def test_git_shows_them(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(
        dumps(locked(f'apt_packages = ["jq [amd64]"]{INTEL}'))
    )
    text = lock_text(str(tmp_path / "lock"))
    assert "jq [amd64]" in text
    assert f"only {AMD}" in text


def test_of_several_images_each_has_what_it_inherits() -> None:
    text = f"""
[images.common]
base = "debian"
platforms = ["{AMD}", "{ARM}"]
apt_packages = ["curl", "thermald [amd64]"]
[images.api]
extends = "common"
apt_packages = ["jq [arm64]"]
"""
    loaded = load(Source("dynbuild.toml", text), "toml")
    several = update_images(None, targets_of(loaded, Tree(Path()), pin))
    api = several.whole("api")
    assert steps(api, AMD) == ["apt.1"]
    assert steps(api, ARM) == ["apt.1", "apt.2"]
    above = of_platform(api, ARM).above
    assert above is not None
    assert "thermald" not in above.packages["apt"]
    assert "version = 8\n" in dumps(several)


def test_a_lock_of_none_is_the_same_lock() -> None:
    lock = locked(f'apt_packages = ["jq"]\npip_packages = ["x [amd]"]\n{APP}')
    assert of_platform(lock, ARM) is lock
    assert install_order(lock) is install_order(of_platform(lock, AMD))


def test_specs_are_parted_and_no_other_text_is() -> None:
    assert parted("jq [amd64 arm64]") == ("jq", ("amd64", "arm64"))
    assert parted("jq [!amd64]") == ("jq", ("!amd64",))
    for text in (
        "jq",
        "x [standard]",
        "x[amd64]",
        "x [amd64 !arm64]",
        "x []",
        "[amd64]",
    ):
        assert parted(text) == (text, ())
    assert usual("jq[amd64   amd64 ]") == "jq [amd64]"
    assert usual("jq [x86]") == "jq [x86]"
    assert bare("git=1 [s390x]") == "git=1"
    assert admits((), "linux/unheard")
    assert admits(("!amd64",), "linux/unheard")
    assert not admits(("amd64",), "linux/unheard")
    assert architecture_of("linux/amd64/v3") == "amd64"
    assert architecture_of("linux/arm/v7") == "armhf"
    assert architecture_of("linux/arm/v6") == "armel"


def test_a_base_that_is_not_pinned_hides_no_platform() -> None:
    lock = replace(locked(INTEL), base=Pin("mine", None))
    assert platforms(lock) == {AMD, ARM}
