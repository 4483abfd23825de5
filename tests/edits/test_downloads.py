"""Downloads in locks: who is asked, when again, and what a platform lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dynbuild.commands.downloads import digester
from dynbuild.commands.target import target_of
from dynbuild.declaration.load import load
from dynbuild.digest import Digest, sha256
from dynbuild.emit.dockerfile import emit, render
from dynbuild.errors import DeclarationError, LockError, UnreachableError
from dynbuild.fetching import FetchError
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import update
from dynbuild.project.content import Tree
from dynbuild.spans import Source
from dynbuild.steps.downloads import common_platform
from dynbuild.steps.model import Download
from tests.pins import pinned

if TYPE_CHECKING:
    from dynbuild.lockfile.model import Lock
    from dynbuild.steps.model import Pin

URL = "https://example.org/1.0/tool-${TARGETARCH}"
ARCHES = ("linux/amd64", "linux/arm/v7", "linux/arm64")


class Web:
    """What is at addresses, and which were asked for."""

    def __init__(self, **there: str) -> None:
        self.there = there
        self.asked: list[str] = []

    def fetch(self, url: str) -> Digest | None:
        self.asked.append(url.rpartition("/")[2])
        content = self.there.get(url.rpartition("-")[2].rpartition("/")[2])
        return None if content is None else sha256(content.encode())


def base_of(reference: str) -> Pin:
    digest = sha256(b"base")
    return replace(pinned(reference), platforms=dict.fromkeys(ARCHES, digest))


def locked(
    fields: str,
    web: Web,
    before: Lock | None = None,
    *,
    url: str = URL,
    refresh: bool = False,
) -> Lock:
    text = f'[stages.tool]\nadd = [{{ url = "{url}", to = "/bin/tool"{fields} }}]\n'
    loaded = load(Source("dynbuild.toml", text), "toml")
    recipes = [] if before is None else [before]
    digests = digester(recipes, web.fetch, refresh=refresh)
    lock = update(before, target_of(loaded, Tree(Path()), base_of, digests))
    assert loads(dumps(lock)) == lock
    return lock


def digests(lock: Lock) -> dict[str, Digest]:
    (one,) = lock.stages["tool"].stage.add
    return dict(one.digests)


def dockerfile(lock: Lock, platform: str) -> str:
    return render(emit(lock, install_order(lock), platform, {}))


def test_each_platform_is_asked_for_once() -> None:
    web = Web(amd64="a", arm64="b")
    lock = locked("", web)
    assert web.asked == ["tool-amd64", "tool-arm", "tool-arm64"]
    wanted = {"linux/amd64": sha256(b"a"), "linux/arm64": sha256(b"b")}
    assert digests(lock) == wanted
    # What was not there then is not asked for again, nor what changed meanwhile.
    again = Web(amd64="changed", arm="now there")
    assert locked("", again, lock) == lock
    assert again.asked == []
    refreshed = locked("", again, lock, refresh=True)
    assert digests(refreshed).keys() == {"linux/amd64", "linux/arm/v7"}


def test_another_address_is_asked_for() -> None:
    lock = locked("", Web(amd64="a"))
    web = Web(amd64="b")
    other = locked("", web, lock, url=URL.replace("1.0", "1.1"))
    assert web.asked == ["tool-amd64", "tool-arm", "tool-arm64"]
    assert digests(other) == {"linux/amd64": sha256(b"b")}


def test_a_platform_that_the_base_has_newly_is_asked_for() -> None:
    old = locked("", Web(amd64="a"))
    less = replace(old.base, platforms={"linux/amd64": old.base.platforms[ARCHES[0]]})
    web = Web(amd64="changed", arm64="b")
    lock = locked("", web, replace(old, base=less))
    assert web.asked == ["tool-arm", "tool-arm64"]
    wanted = {"linux/amd64": sha256(b"a"), "linux/arm64": sha256(b"b")}
    assert digests(lock) == wanted


def test_what_is_declared_is_not_asked_for() -> None:
    web, digest = Web(arm64="b"), "ab" * 32
    lock = locked(f', sha256 = {{ "linux/amd64" = "{digest}" }}', web)
    assert web.asked == ["tool-arm", "tool-arm64"]
    assert digests(lock) == {
        "linux/amd64": f"sha256:{digest}",
        "linux/arm64": sha256(b"b"),
    }
    asked: Web = Web()
    lock = locked(f', sha256 = {{ "linux/arm64/v8" = "{digest}" }}', Web(amd64="a"))
    assert digests(lock)["linux/arm64"] == f"sha256:{digest}"
    for written in (digest, f"sha256:{digest}"):
        lock = locked(f', sha256 = "{written}"', asked)
        assert digests(lock) == {"": f"sha256:{digest}"}
    assert asked.asked == []
    # It was said of all platforms, and now of none.
    assert digests(locked("", Web(amd64="a"), lock)) == {"linux/amd64": sha256(b"a")}


def test_an_address_without_variables_has_one_content() -> None:
    plain = "https://example.org/tool"
    web = Web(tool="x")
    lock = locked("", web, url=plain)
    assert (web.asked, digests(lock)) == (["tool"], {"": sha256(b"x")})
    assert locked("", web, lock, url=plain) == lock
    assert web.asked == ["tool"]


def test_nothing_is_there() -> None:
    with pytest.raises(DeclarationError, match="there is nothing at this address"):
        locked("", Web())
    with pytest.raises(DeclarationError, match="there is nothing at this address"):
        locked("", Web(), url="https://example.org/tool")


def test_a_server_that_is_away() -> None:
    class Away(Web):
        def fetch(self, url: str) -> Digest | None:
            raise FetchError(f"{url} does not answer", answered=False)

    with pytest.raises(UnreachableError, match="does not answer"):
        locked("", Away())


def test_a_platform_without_the_file_is_told() -> None:
    lock = locked("", Web(amd64="a"))
    assert "tool-amd64 /bin/tool" in dockerfile(lock, "linux/amd64")
    with pytest.raises(DeclarationError, match="--upgrade-add` asks again"):
        resolve(lock, "linux/arm64", {}, {})
    with pytest.raises(LockError, match="no digest of"):
        dockerfile(lock, "linux/arm64")
    stages = [entry.stage for entry in lock.stages.values()]
    assert common_platform(stages, ARCHES) == "linux/amd64"
    assert common_platform(stages, ARCHES[1:]) == "any platform"


def test_another_address_of_the_same_content_runs_nothing_again() -> None:
    lock = locked("", Web(amd64="a"))
    mirror = locked("", Web(amd64="a"), lock, url=f"https://mirror.test/{URL[19:]}")
    before, after = (
        resolve(each, "linux/amd64", {}, {}).digests for each in (lock, mirror)
    )
    assert before == after
    assert mirror.stages["tool"].moves == 0
    assert "mirror.test" in dockerfile(mirror, "linux/amd64")


def test_variables_of_a_platform() -> None:
    url = "https://example.org/${TARGETOS}/${TARGETARCH}/${TARGETVARIANT}/x-arm"
    lock = locked("", Web(arm="a"), url=url)
    assert "https://example.org/linux/arm/v7/x-arm" in dockerfile(lock, "linux/arm/v7")
    url = "https://example.org/${TARGETPLATFORM}/x-arm"
    lock = locked("", Web(arm="a"), url=url)
    assert "https://example.org/linux/arm64/x-arm" in dockerfile(lock, "linux/arm64")


def test_what_a_lock_cannot_say_of_a_download() -> None:
    text = dumps(locked("", Web(amd64="a")))
    with pytest.raises(LockError, match="a platform has a name"):
        loads(text.replace('{ "linux/amd64" = "', '{ "" = "'))
    with pytest.raises(LockError, match="should be a digest"):
        loads(text.replace(sha256(b"a"), "sha256:0"))


@pytest.mark.parametrize(
    ("url", "to", "why"),
    [
        ("http://x[/a", "/a/", "is not the address of a file"),
        ("https://x.test/a.git", "/a", "address of a repository"),
        ("https://x.test/a", "", "a download has a target"),
    ],
)
def test_a_lock_by_hand_says_nothing_else(url: str, to: str, why: str) -> None:
    lock = locked("", Web(amd64="a"))
    entry = lock.stages["tool"]
    download = Download(url, to, (("", sha256(b"a")),))
    stage = replace(entry.stage, add=(download,))
    by_hand = replace(lock, stages={"tool": replace(entry, stage=stage)})
    with pytest.raises(LockError, match=why):
        dockerfile(by_hand, "linux/amd64")
