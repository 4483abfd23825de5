"""What a bill of materials is about, and what both formats make of a package.

Nothing in it is of this machine or this moment: the same image gives the same bytes.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid5

from dynbuild.digest import Field, digest_of
from dynbuild.explain.installed import Contents, InstalledPackage, Key, key_of
from dynbuild.inside.model import Package
from dynbuild.inside.python import normal
from dynbuild.values import dataclass

_SPACE = UUID("8f1c2f0e-7a35-5d2b-9a0d-3f6f4f0b7c11")
"""Of the ids of our documents (RFC 9562, "Namespace ID Usage and Allocation")."""
_ARCHITECTURES = {"deb", "rpm", "apk"}


@dataclass(frozen=True, slots=True)
class Bill:
    """An image, and what it has installed.

    ``made`` is when the newest of its layers was built, in milliseconds since 1970.
    """

    name: str
    platform: str
    made: int
    contents: Contents

    @property
    def created(self) -> datetime:
        return datetime.fromtimestamp(self.made // 1000, UTC)

    @property
    def id(self) -> UUID:
        """What tells the bill of this image from that of any other."""
        listed: list[Field] = [
            [*key_of(one.package), one.step] for one in self.packages
        ]
        told = {"name": self.name, "platform": self.platform, "packages": listed}
        return uuid5(_SPACE, digest_of({**told, "made": str(self.made)}))

    @property
    def packages(self) -> tuple[InstalledPackage, ...]:
        """Every package once, also where two files name it."""
        first: dict[Key, InstalledPackage] = {}
        for one in self.contents.packages:
            first.setdefault(key_of(one.package), one)
        return tuple(first.values())

    def needs(self) -> Iterator[tuple[InstalledPackage, tuple[InstalledPackage, ...]]]:
        """Yield each package with those that it needs and that are installed."""
        there: dict[tuple[str, str], list[InstalledPackage]] = {}
        for one in self.packages:
            there.setdefault(_called(one.package.kind, one.package.name), []).append(
                one
            )
        for one in self.packages:
            wanted = (_called(one.package.kind, name) for name in one.package.needs)
            yield (
                one,
                tuple(
                    need
                    for name in dict.fromkeys(wanted)
                    for need in there.get(name, ())
                ),
            )


def reference(package: Package) -> str:
    """Return an id of a package within a document: letters, digits, dots, hyphens."""
    named = "-".join(filter(None, (package.kind, package.name, package.version)))
    told = digest_of({"package": [*key_of(package)]}).removeprefix("sha256:")
    return f"{re.sub(r'[^A-Za-z0-9.-]+', '-', named)[:80]}-{told[:12]}"


def purl(package: Package, distribution: tuple[str, str] | None) -> str:
    """Return the package URL of a package (ECMA-427)."""
    # Whoever asks for no bill has no library for it.
    from packageurl import PackageURL  # noqa: PLC0415

    namespace, name, qualifiers = None, package.name, {}
    if package.kind in _ARCHITECTURES:
        distro, release = distribution or ("", "")
        namespace = distro or None
        if release:
            qualifiers["distro"] = f"{distro}-{release}"
        if package.architecture:
            qualifiers["arch"] = package.architecture
        if package.kind == "deb" and package.source not in ("", package.name):
            qualifiers["upstream"] = package.source
    elif package.kind == "npm" and re.match(r"@[^/]+/[^/]", package.name):
        namespace, _, name = package.name.partition("/")
    elif package.kind == "pypi":
        name = normal(package.name)
    version = package.version
    if package.kind == "rpm" and ":" in version:
        epoch, _, version = version.partition(":")
        qualifiers["epoch"] = epoch
    # What a layer calls a package may be no name at all.
    named = name if name.strip("/ ") else "?"
    url = PackageURL(package.kind, namespace, named, version, qualifiers or None)
    return url.to_string()


def expression(licence: str) -> str | None:
    """Return a licence as SPDX spells it, if it is an expression of SPDX's names."""
    if not licence:
        return None
    import license_expression as spdx  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        parsed = spdx.get_spdx_licensing().parse(licence, validate=True, strict=True)
    except spdx.ExpressionError:
        return None
    return None if parsed is None else str(parsed)


def _called(kind: str, name: str) -> tuple[str, str]:
    return kind, normal(name) if kind == "pypi" else name
