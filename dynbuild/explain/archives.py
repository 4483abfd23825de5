"""What repositories of apt and apk have: releases, indexes, what is newer."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from univers import gentoo
from univers.debian import Version, compare_versions
from univers.rpm import compare_rpm_versions

from dynbuild.digest import Digest
from dynbuild.inside.model import Archive, Kind, Package, plain
from dynbuild.inside.stanzas import stanzas
from dynbuild.values import dataclass

PACKED = (".xz", ".gz", "")
"""How an index may be packed, what is fetched first at the head."""

_RELEASE = frozenset({"Label", "Suite", "Codename", "SHA256"})
_PACKAGES = frozenset({"Package", "Version"})
_APK_FIELDS = frozenset({"P", "V"})
_OF_MODULE = re.compile(r"\.module[_+]")
_OF_APK = re.compile(
    r"[0-9]+(?:\.[0-9]+)*[a-z]?(?:_(?:alpha|beta|pre|rc|p)[0-9]*)*(?:-r[0-9]+)?"
)
_OF_RPM = re.compile(r"(?:[0-9]+:)?[\w.+~^]+-[\w.+~^]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Release:
    """What a suite says of itself: digests of its indexes by path; for security."""

    files: Mapping[str, Digest]
    security: bool


@dataclass(frozen=True, slots=True)
class Fix:
    """A version that fixes security, and the advisories that say so."""

    version: str
    advisories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """The versions that an archive offers on one architecture, by name.

    ``security``: all of them fix it; ``fixes`` are those of which an advisory says it.
    """

    versions: Mapping[str, str]
    security: bool
    fixes: Mapping[str, tuple[Fix, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Newer:
    """The newest version offered of a package, and whether a security fix is newer.

    ``advisories`` are those of which the package has no fix yet.
    """

    newest: str
    outdated: bool
    security: bool
    advisories: tuple[str, ...] = ()


def folder_of(archive: Archive) -> str:
    """Return the address of the directory that holds a suite's release, of apt."""
    uri = archive.uri.rstrip("/")
    if archive.suite.endswith("/"):
        return f"{uri}/{archive.suite.strip('/')}".rstrip("/")
    return f"{uri}/dists/{archive.suite}"


def indexes_of(archive: Archive, architecture: str) -> list[str]:
    """Return the paths of the indexes of a suite, as its release names them."""
    if archive.suite.endswith("/"):
        return ["Packages"]
    return [f"{one}/binary-{architecture}/Packages" for one in archive.components]


def release_of(text: str, archive: Archive) -> Release:
    """Read a Release file, signed within itself or not; nobody verifies it here.

    Raises ValueError for what is none, as a page that a network answers with.
    """
    text = text.replace("\r\n", "\n")
    body = text.partition("-----BEGIN PGP SIGNATURE-----")[0]
    if body.startswith("-----BEGIN PGP SIGNED MESSAGE-----"):
        body = body.partition("\n\n")[2]
    fields = next(stanzas(body, _RELEASE), {})
    if "SHA256" not in fields:
        raise ValueError("its release names no index by SHA256")
    words = fields["SHA256"].split()
    files = {
        path: Digest(f"sha256:{digest}")
        for digest, path in zip(words[::3], words[2::3], strict=False)
    }
    names = (archive.suite, fields.get("Suite", ""), fields.get("Codename", ""))
    security = "security" in fields.get("Label", "").lower() or any(
        name.endswith(("-security", "/updates")) for name in names
    )
    return Release(files, security)


def offered(text: str) -> dict[str, str]:
    """Read an index of apt: of each package the newest version."""
    rows = (
        (one.get("Package", ""), one.get("Version", ""))
        for one in stanzas(text, _PACKAGES)
    )
    return _newest(rows, "deb")


def offered_by_apk(text: str) -> dict[str, str]:
    """Read an index of apk: of each package the newest version."""
    rows = ((one.get("P", ""), one.get("V", "")) for one in stanzas(text, _APK_FIELDS))
    return _newest(rows, "apk")


def _newest(rows: Iterable[tuple[str, str]], kind: Kind) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, version in ((plain(one), plain(other)) for one, other in rows):
        if not name or not is_valid(version, kind):
            continue
        if name not in found or is_newer(version, found[name], kind):
            found[name] = version
    return found


def newer(package: Package, offers: Mapping[str, Iterable[Offered]]) -> Newer | None:
    """Return what is offered of an installed package; None if nobody offers it.

    ``offers`` are by architecture; one for all of them may become one for some.
    """
    if package.architecture in ("all", "noarch"):
        asked = [one for of in offers.values() for one in of]
    else:
        asked = [*offers.get(package.architecture, ())]
    found = [*_versions(package.name, asked)]
    kind, have = package.kind, package.version
    if not found or not is_valid(have, kind) or _stays(package):
        return None
    newest = found[0][0]
    for version, _ in found:
        if is_newer(version, newest, kind):
            newest = version
    safe = any(of and is_newer(version, have, kind) for version, of in found)
    fixes = [
        fix
        for one in asked
        for fix in one.fixes.get(package.name, ())
        if is_newer(fix.version, have, kind) and not is_newer(fix.version, newest, kind)
    ]
    advisories = sorted({name for fix in fixes for name in fix.advisories})
    outdated = is_newer(newest, have, kind)
    return Newer(newest, outdated, safe or bool(fixes), tuple(advisories))


def _stays(package: Package) -> bool:
    return package.kind == "rpm" and is_of_module(package.version)


def _versions(name: str, offers: Iterable[Offered]) -> Iterator[tuple[str, bool]]:
    for one in offers:
        if name in one.versions:
            yield one.versions[name], one.security


def is_newer(one: str, other: str, kind: Kind = "deb") -> bool:
    """Whether a version is newer than another of its kind; both are valid.

    Versions of apk are those of Gentoo's ebuilds.
    """
    if kind == "apk":
        return bool(gentoo.vercmp(one, other) > 0)
    if kind == "rpm":
        return bool(compare_rpm_versions(one, other) > 0)
    return bool(compare_versions(one, other) > 0)


def is_of_module(version: str) -> bool:
    """Whether a package of rpm is of a stream of a module.

    Versions of other streams are no newer ones of it, and only dnf knows the stream.
    """
    return _OF_MODULE.search(version) is not None


def is_valid(version: str, kind: Kind) -> bool:
    if kind == "apk":
        # What the library takes for one it may fail to compare.
        return _OF_APK.fullmatch(version) is not None
    if kind == "rpm":
        return _OF_RPM.fullmatch(version) is not None
    return bool(Version.is_valid(version))
