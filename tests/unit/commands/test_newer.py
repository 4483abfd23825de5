"""Which packages have a fix of security that is newer, declared and not."""

from dynbuild.commands.archives import Archives
from dynbuild.commands.newer import Newer, newer, placed
from dynbuild.digest import sha256
from dynbuild.explain.installed import Contents, InstalledPackage
from dynbuild.inside.model import Archive, Package
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.model import Freshen, Pin

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
        for name in ("curl", "dpkg", "jq", "libssl3")
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
    found = newer(lock(), HAVE, Archives(get))
    there = frozenset({"curl", "dpkg", "jq", "libssl3"})
    others = frozenset({"libssl3"})
    fixed = frozenset({"curl"})
    assert found == Newer(fixed, others, others, (), there, able=False)


def test_what_is_yet_to_be_built_will_be_the_newest() -> None:
    asked = Requests(upgrade=frozenset({("apt", "curl")}))
    later = update(lock(), TARGET, asked)
    unbuilt = Contents(HAVE.packages, unknown=("apt.2", ""), archives=HAVE.archives)
    assert newer(later, unbuilt, Archives(get)).declared == frozenset()
    removed = update(later, Target(TARGET.base, {"apt": {"jq:amd64": "jq:amd64"}}))
    assert newer(removed, unbuilt, Archives(get)).declared == frozenset()


def test_what_is_not_known_is_told() -> None:
    found = newer(lock(), HAVE, Archives(lambda _: None))
    assert not found.declared
    assert found.unknown[0] == "http://a bookworm-security: there is no release"
    nothing = newer(lock(), Contents(unknown=("",)), Archives(get))
    assert nothing.unknown == (
        "curl: no tier holds what was installed",
        "jq: no tier holds what was installed",
    )


def test_what_is_freshened_and_not_built_is_asked_for_once() -> None:
    asked = Requests(freshen={("apt", "libssl3"): Freshen()})
    later = update(lock(), TARGET, asked)
    unbuilt = Contents(HAVE.packages, unknown=("apt.2",), archives=HAVE.archives)
    found = newer(later, unbuilt, Archives(get))
    assert (found.fixes, found.others, found.there) == (frozenset(), frozenset(), None)


def test_others_are_called_as_apt_calls_them() -> None:
    have = [Package("deb", "dpkg", "1", "amd64"), Package("deb", "apt", "1", "amd64")]
    have += [Package("deb", "libssl3", "1", one) for one in ("amd64", "i386")]
    have += [Package("deb", "-x", "1", "amd64"), Package("pypi", "libssl3", "1", "")]
    packages = tuple(InstalledPackage(one, "apt.1", "status") for one in have)
    found = newer(lock(), Contents(packages, archives=(SECURITY,)), Archives(get))
    assert found.others == {"libssl3", "libssl3:i386"}
    assert found.able


AMD, ARM = "linux/amd64", "linux/arm64"


def having(*names: str, there: tuple[str, ...] | None = (), able: bool = True) -> Newer:
    others = frozenset(names)
    known = None if there is None else others | {*there}
    return Newer(frozenset(), others, others, (), known, able)


def test_what_nobody_declares_is_upgraded_in_the_first_image_that_has_it() -> None:
    lines = {"common": ("common",), "api": ("common", "api"), "own": ("own",)}
    found = {
        ("common", AMD): having("base-lib"),
        ("api", AMD): having("base-lib", "lib"),
        ("own", AMD): having("lib", able=False),
    }
    assert placed(found, lines, security=True) == {
        ("common", "base-lib", Freshen()),
        ("api", "lib", Freshen()),
    }


def test_it_is_for_no_platform_that_is_known_not_to_have_it() -> None:
    def only(arm: Newer, more: dict[tuple[str, str], Newer] | None = None) -> object:
        found = {("", AMD): having("lib"), ("", ARM): arm, **(more or {})}
        ((_, _, how),) = placed(found, {"": ("",)}, security=False)
        return how.only

    assert only(having()) == ("!arm64",)
    assert only(having(there=("lib",))) == ()
    assert only(having(there=None)) == ()
    # Nothing tells these two apart.
    both = {("", "linux/arm/v5"): having("lib"), ("", "linux/arm/v6"): having()}
    assert only(having(), both) == ("!arm64",)
    assert only(having(), {("", "linux/other"): having()}) == ("!arm64",)
