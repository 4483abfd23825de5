"""What repositories of apt and apk have: releases, indexes, what is newer."""

from collections.abc import Iterable, Iterator, Mapping

from univers import gentoo
from univers.debian import Version, compare_versions

from dynbuild.digest import Digest
from dynbuild.inside.model import Archive, Kind, Package, plain
from dynbuild.inside.stanzas import stanzas
from dynbuild.values import dataclass

PACKED = (".xz", ".gz", "")
"""How an index may be packed, what is fetched first at the head."""

_RELEASE = frozenset({"Label", "Suite", "Codename", "SHA256"})
_PACKAGES = frozenset({"Package", "Version"})
_OF_APK = frozenset({"P", "V"})


@dataclass(frozen=True, slots=True)
class Release:
    """What a suite says of itself: digests of its indexes by path; for security."""

    files: Mapping[str, Digest]
    security: bool


@dataclass(frozen=True, slots=True)
class Offered:
    """The versions that an archive offers on one architecture, by name."""

    versions: Mapping[str, str]
    security: bool


@dataclass(frozen=True, slots=True)
class Newer:
    """The newest version offered of a package, and whether a security fix is newer."""

    newest: str
    outdated: bool
    security: bool


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
    """Read a Release file, signed within itself or not; nobody verifies it here."""
    body = text.partition("-----BEGIN PGP SIGNATURE-----")[0]
    if body.startswith("-----BEGIN PGP SIGNED MESSAGE-----"):
        body = body.partition("\n\n")[2]
    fields = next(stanzas(body, _RELEASE), {})
    words = fields.get("SHA256", "").split()
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
    rows = ((one.get("P", ""), one.get("V", "")) for one in stanzas(text, _OF_APK))
    return _newest(rows, "apk")


def _newest(rows: Iterable[tuple[str, str]], kind: Kind) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, version in ((plain(one), plain(other)) for one, other in rows):
        if not name or not _is_valid(version, kind):
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
    if not found or not _is_valid(have, kind):
        return None
    newest = found[0][0]
    for version, _ in found:
        if is_newer(version, newest, kind):
            newest = version
    fixes = any(safe and is_newer(version, have, kind) for version, safe in found)
    return Newer(newest, is_newer(newest, have, kind), fixes)


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
    return bool(compare_versions(one, other) > 0)


def _is_valid(version: str, kind: Kind) -> bool:
    if kind == "apk":
        return gentoo.is_valid(version) is not None
    return bool(Version.is_valid(version))
