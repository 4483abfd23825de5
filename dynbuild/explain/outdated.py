"""The outdated images and packages of a lock, as far as that can be determined."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from packaging.version import InvalidVersion, Version

from dynbuild.explain.archives import Offered, is_of_module, newer
from dynbuild.inside.model import Package
from dynbuild.link.model import WriteSet
from dynbuild.lockfile.model import Lock, declared_packages
from dynbuild.steps.log import EVERYTHING
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Pin
from dynbuild.values import dataclass

State: TypeAlias = Literal["current", "outdated", "unknown"]

ASKED = ("apt", "apk", "yum")
"""The managers whose repositories an image names, and are asked."""

_INSTALLED = re.compile(
    r"(?:.*/)?(?:dist|site)-packages/([^/]+)-([^/-]+)\.dist-info/METADATA"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """An image or a package: its current version, and the newest.

    ``note`` says why that is unknown. ``security``: a fix of security is newer, of what
    ``advisories`` name.
    """

    kind: str
    name: str
    state: State
    have: str | None = None
    newest: str | None = None
    note: str = ""
    security: bool = False
    advisories: tuple[str, ...] = ()


def images(
    lock: Lock, now: Mapping[str, Pin], unknown: Mapping[str, str]
) -> Iterator[Finding]:
    """Compare the base and the images that stages copy from with their tags' targets.

    ``unknown`` gives the reason for images whose target is not known.
    """
    pins = {"base": lock.base} | {pin.image: pin for pin in lock.images.values()}
    for key, pin in pins.items():
        kind = "base" if key == "base" else "image"
        if pin.empty:
            continue
        if pin.digest is None:
            yield Finding(kind, pin.image, "unknown", note="it is not pinned")
        elif pin.image in unknown:
            note = unknown[pin.image]
            yield Finding(kind, pin.image, "unknown", pin.digest, note=note)
        else:
            newest = now[pin.image].digest
            state: State = "current" if newest == pin.digest else "outdated"
            yield Finding(kind, pin.image, state, pin.digest, newest)


def packages(
    lock: Lock,
    installed: Mapping[str, Mapping[str, str]],
    newest: Mapping[str, Mapping[str, str]],
    unknown: Mapping[str, str],
) -> Iterator[Finding]:
    """Compare the declared packages, by manager and key, with the newest versions.

    Those are left out that ``of_system`` compares.
    ``unknown`` gives the reason for packages, or managers, where that is not known.
    """
    for manager, specs in declared_packages(lock).items():
        if manager in ASKED:
            continue
        for key in sorted(specs.keys() - {EVERYTHING}):
            have = installed.get(manager, {}).get(key)
            latest = newest.get(manager, {}).get(key)
            note = unknown.get(f"{manager} {key}", unknown.get(manager, ""))
            if have is not None and latest is not None:
                state = _state(have, latest)
                yield Finding(manager, key, state, have, latest)
            else:
                yield Finding(manager, key, "unknown", have, latest, note)


def of_system(  # noqa: PLR0913, PLR0917 - what is there, and what may be
    lock: Lock,
    manager: str,
    installed: Iterable[Package],
    offers: Mapping[str, Iterable[Offered]],
    failed: Mapping[str, str],
    unknown: str,
) -> Iterator[Finding]:
    """Compare what an image has of a system's packages with what archives offer.

    Yields the declared ones, and of the others those that are outdated. ``failed`` has
    the archives that were not to be had, and why: as long as one is missing, nothing is
    current. ``unknown`` says why a package that is not known to be installed is not.
    """
    keys = declared_packages(lock).get(manager, {}).keys() - {EVERYTHING}
    for archive, why in failed.items():
        yield Finding(manager, archive, "unknown", note=why)
    there = [one for one in installed if one.kind == MANAGERS[manager].kind]
    names = {one.name for one in there}
    declared = {_name(manager, key, names) for key in keys if not key.startswith("@")}
    for name in sorted(declared - names):
        yield Finding(manager, name, "unknown", note=unknown)
    for package in sorted(there):
        found = newer(package, offers)
        have = package.version
        wanted = package.name in declared
        if found is not None and found.outdated:
            note = "a security fix" if found.security else ""
            yield Finding(
                manager,
                package.name,
                "outdated",
                have,
                found.newest,
                note,
                found.security,
                found.advisories,
            )
        elif wanted and (failed or found is None):
            note = "; ".join(failed.values()) or f"no source of {manager} offers it"
            if manager == "yum" and is_of_module(have):
                note = "it is of a module, whose stream only dnf knows"
            yield Finding(manager, package.name, "unknown", have, note=note)
        elif wanted and found is not None:
            yield Finding(manager, package.name, "current", have, found.newest)


def _name(manager: str, key: str, names: Collection[str]) -> str:
    """Return the name of a declared package; dnf's may go on with its version."""
    if manager != "yum":
        return key.partition(":")[0]
    parts = re.split(r"(?=[-.])", key)
    heads = ("".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((head for head in heads if head in names), key)


def installed_by_pip(wrote: Iterable[WriteSet]) -> dict[str, str]:
    """Return versions by PEP 503 name, from the paths that steps wrote, in order."""
    versions: dict[str, str] = {}
    for writes in wrote:
        for path, written in writes.items():
            match = _INSTALLED.fullmatch(path)
            if match and written.kind == "file":
                versions[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return versions


def newest_version(versions: Iterable[str]) -> str | None:
    """Return the highest final version; None if there is none."""
    finals = [parsed for text in versions if (parsed := _version(text)) is not None]
    return str(max(finals)) if finals else None


def _state(have: str, latest: str) -> State:
    installed, available = _version(have), _version(latest)
    if installed is None or available is None:
        return "current" if have == latest else "outdated"
    return "outdated" if installed < available else "current"


def _version(text: str) -> Version | None:
    try:
        version = Version(text)
    except InvalidVersion:
        return None
    return None if version.is_prerelease else version
