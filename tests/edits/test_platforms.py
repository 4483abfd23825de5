"""Platforms in declarations and locks: what they move, who has to have them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dynbuild.cli.render.lock_text import lock_text
from dynbuild.commands.cache import steps_of
from dynbuild.commands.downloads import digester
from dynbuild.commands.target import target_of, targets_of
from dynbuild.declaration.load import load
from dynbuild.digest import sha256
from dynbuild.errors import DeclarationError, LockError
from dynbuild.explain.view import common_platform, platforms
from dynbuild.lockfile.changes import compare
from dynbuild.lockfile.codec import dumps, loads, read
from dynbuild.lockfile.images import LockedImages, as_recipe
from dynbuild.lockfile.images_merge import merge_recipes
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import update
from dynbuild.project.content import Tree
from dynbuild.realization.request import dockerfile
from dynbuild.spans import Source
from tests.pins import pinned

if TYPE_CHECKING:
    from dynbuild.lockfile.images import AnyLock
    from dynbuild.lockfile.model import Lock, Target
    from dynbuild.steps.model import Pin

AMD, ARM, RISCV = "linux/amd64", "linux/arm64", "linux/riscv64"
STAGES = """
[stages.tool]
base = "golang"
commands = ["go build -o /tool"]

[stages.taken]
copy = [{ stage = "tool", from = "/tool", to = "/tool" }]
"""
COMMON = """
[images.common]
base = "debian"
{}
[images.api]
extends = "common"
apt_packages = ["jq"]
"""


def pin(reference: str) -> Pin:
    """Go is not there for all that Debian is there for."""
    known = (AMD, ARM) if "golang" in reference else (AMD, ARM, RISCV)
    found = {one: sha256(f"{reference} {one}".encode()) for one in known}
    return replace(pinned(reference), platforms=found)


def locked(*names: str, text: str = STAGES, before: Lock | None = None) -> Lock:
    said = f"platforms = {[*names]}\n" if names else ""
    loaded = load(Source("dynbuild.toml", f'base = "debian"\n{said}{text}'), "toml")
    lock = update(before, target_of(loaded, Tree(Path()), pin))
    assert loads(dumps(lock)) == lock
    return lock


def family(said: str, before: LockedImages | None = None) -> LockedImages:
    loaded = load(Source("dynbuild.toml", COMMON.format(said)), "toml")
    several = update_images(before, targets_of(loaded, Tree(Path()), pin))
    assert read(dumps(several)) == several
    return several


def test_they_move_nothing_and_are_told() -> None:
    before = locked()
    after = locked(AMD, ARM, before=before)
    (change,) = compare(before, after)
    assert (change.verb, change.kind, change.name) == ("changed", "config", "platforms")
    assert after.stages == before.stages
    assert resolve(after, ARM, {}, {}).digests == resolve(before, ARM, {}, {}).digests
    assert locked(before=after) == before


def test_git_shows_them(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(dumps(locked(ARM, AMD)))
    assert f"    platforms {ARM}, {AMD}\n" in lock_text(str(tmp_path / "lock"))


def test_what_is_looked_at_is_one_of_them() -> None:
    lock = locked(ARM)
    assert (platforms(lock), platforms(locked())) == ({ARM}, {AMD, ARM})
    assert (common_platform(lock), common_platform(locked())) == (ARM, AMD)
    assert "for linux/arm64." in dockerfile(lock, None)
    with pytest.raises(DeclarationError, match="is for linux/arm64, and not for"):
        dockerfile(lock, AMD)


def test_tiers_move_what_it_is_for() -> None:
    files = Tree(Path())
    whole, some = steps_of(locked(), files), steps_of(locked(ARM), files)
    assert some < whole
    assert whole == some | steps_of(locked(AMD), files)


def test_what_the_base_or_a_stage_does_not_exist_for_is_told_at_its_place() -> None:
    assert locked(AMD, RISCV, text="").config.platforms == (AMD, RISCV)
    with pytest.raises(DeclarationError) as caught:
        locked(AMD, RISCV)
    (told,) = caught.value.diagnostics
    assert told.message == f"there is no docker.io/library/golang:latest for {RISCV}"
    assert told.span is not None
    text = told.span.source.text[told.span.start : told.span.end]
    assert (told.code, text) == ("DB0178", f"'{RISCV}'")
    assert "it is there for linux/amd64, linux/arm64" in str(told.hint)
    # Where it runs is its own affair.
    native = STAGES.replace("commands", f'platform = "{AMD}"\ncommands')
    assert locked(AMD, RISCV, text=native).config.platforms == (AMD, RISCV)


def test_a_download_that_is_not_there_for_one_is_told_at_its_place() -> None:
    url, amd = "https://example.org/tool-${TARGETARCH}", f'"{AMD}" = "{"ab" * 32}"'
    add = f'[stages.x]\nadd = [{{ url = "{url}", to = "/x", sha256 = {{ %s }} }}]'
    arm = f'"{ARM}" = "{"cd" * 32}"'

    def of(text: str, *names: str) -> Target:
        head = f'base = "debian"\nplatforms = {[*names]}\n'
        loaded = load(Source("dynbuild.toml", head + text), "toml")
        asked = digester((), lambda _: None, refresh=False)
        return target_of(loaded, Tree(Path()), pin, asked)

    of(add % amd, AMD)
    of(add % f"{amd}, {arm}", AMD, ARM)
    with pytest.raises(DeclarationError) as caught:
        of(add % amd, AMD, ARM)
    (told,) = caught.value.diagnostics
    assert told.message == (
        f"nothing is at https://example.org/tool-arm64, which {ARM} needs"
    )
    assert told.span is not None
    assert told.span.source.text[told.span.start :].startswith("{ url")
    assert [label.text for label in told.labels] == ["declared here"]


def test_what_only_the_engine_has_is_not_asked() -> None:
    text = f'base = "mine"\nplatforms = ["{RISCV}"]\n'
    loaded = load(Source("dynbuild.toml", text), "toml")
    mine = target_of(loaded, Tree(Path()), lambda one: replace(pin(one), platforms={}))
    assert mine.config.platforms == (RISCV,)


def test_of_several_images_those_of_the_root_count() -> None:
    several = family(f'platforms = ["{AMD}", "{ARM}"]')
    assert several.whole("api").config.platforms == (AMD, ARM)
    text = dumps(several)
    assert text.count("platforms = [") == 1
    assert "version = 6\n" in text
    own = text.replace(
        "[images.api.apt]", f'[images.api.config]\nplatforms = ["{AMD}"]'
    )
    with pytest.raises(LockError, match="is for its platforms"):
        read(own.replace('jq = ["1 jq"]', ""))
    also = own.replace(f'platforms = ["{AMD}"]', "reproducible = true")
    with pytest.raises(LockError, match="is as reproducible"):
        read(also.replace('jq = ["1 jq"]', "").replace("version = 6", "version = 8"))


def merged(*sides: AnyLock) -> tuple[AnyLock, tuple[str, ...]]:
    found = merge_recipes(*sides)
    return found.recipe, found.both


def test_what_one_side_changed_is_taken_and_what_both_did_is_told() -> None:
    start = locked()
    main = locked(before=start, text=f'{STAGES}\n[stages.x]\ncommands = ["x"]')
    both, told = merged(start, main, locked(AMD, ARM, before=start))
    assert isinstance(both, type(start))
    assert (both.config.platforms, told) == ((AMD, ARM), ())
    assert both.stages == main.stages
    _, told = merged(start, locked(AMD, before=start), locked(ARM, before=start))
    assert told == ("platforms of the image",)


def test_an_image_that_comes_to_extend_another_is_for_its_platforms() -> None:
    def of(text: str, before: AnyLock | None = None) -> AnyLock:
        loaded = load(Source("dynbuild.toml", text), "toml")
        assert before is None or isinstance(before, LockedImages)
        return as_recipe(update_images(before, targets_of(loaded, Tree(Path()), pin)))

    two = '[images.a]\nbase = "debian"\n{}\n[images.b]\n{}\napt_packages = ["jq"]\n'
    start = of(two.format("", 'base = "debian"'))
    main = of(two.format("", 'extends = "a"'), start)
    branch = of(two.format("", f'base = "debian"\nplatforms = ["{ARM}"]'), start)
    both, _ = merged(start, main, branch)
    assert isinstance(both, LockedImages)
    assert both.images["b"].own.config.platforms == ()
    assert read(dumps(both)) == both
