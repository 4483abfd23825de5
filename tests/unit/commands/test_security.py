"""Which declared packages have a fix of security that is newer."""

from dynbuild.commands.archives import Archives
from dynbuild.commands.security import Fixes, fixes
from dynbuild.digest import sha256
from dynbuild.explain.installed import Contents, InstalledPackage
from dynbuild.inside.model import Archive, Package
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.model import Pin

TARGET = Target(
    Pin("debian:12", None), {"apt": {"curl": "curl", "jq:amd64": "jq:amd64"}}
)
INDEX = b"""\
Package: curl
Version: 2

Package: jq
Version: 1

Package: libssl3
Version: 3.1
"""
PATH = "main/binary-amd64/Packages"
SECURITY = Archive("http://a", "bookworm-security", ("main",))
HAVE = Contents(
    packages=tuple(
        InstalledPackage(Package("deb", name, "1", "amd64"), "apt.1", "status")
        for name in ("curl", "jq", "libssl3")
    ),
    archives=(SECURITY,),
)


def get(url: str) -> bytes | None:
    digest = sha256(INDEX).removeprefix("sha256:")
    files = {
        "InRelease": f"SHA256:\n {digest} {len(INDEX)} {PATH}\n".encode(),
        PATH: INDEX,
    }
    return files.get(url.removeprefix("http://a/dists/bookworm-security/"))


def lock() -> Lock:
    return update(None, TARGET)


def test_declared_ones_and_others() -> None:
    found = fixes(lock(), HAVE, Archives(get))
    assert found == Fixes(frozenset({"curl"}), ("libssl3",), ())


def test_what_is_yet_to_be_built_will_be_the_newest() -> None:
    asked = Requests(upgrade=frozenset({("apt", "curl")}))
    newer = update(lock(), TARGET, asked)
    unbuilt = Contents(HAVE.packages, unknown=("apt.2", ""), archives=HAVE.archives)
    assert fixes(newer, unbuilt, Archives(get)).declared == frozenset()
    removed = update(newer, Target(TARGET.base, {"apt": {"jq:amd64": "jq:amd64"}}))
    assert fixes(removed, unbuilt, Archives(get)).declared == frozenset()


def test_what_is_not_known_is_told() -> None:
    found = fixes(lock(), HAVE, Archives(lambda _: None))
    assert not found.declared
    assert found.unknown[0] == "http://a bookworm-security: there is no release"
    nothing = fixes(lock(), Contents(unknown=("",)), Archives(get))
    assert nothing.unknown == (
        "curl: no tier holds what was installed",
        "jq: no tier holds what was installed",
    )
