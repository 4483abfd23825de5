"""``outdated``: images compared with their registries, packages with their index."""

from collections.abc import Callable, Iterator, Sequence

from dynbuild.commands.archives import Archives
from dynbuild.errors import DynbuildError
from dynbuild.explain.installed import Contents
from dynbuild.explain.outdated import (
    ASKED,
    Finding,
    images,
    installed_by_pip,
    newest_version,
    of_system,
    packages,
)
from dynbuild.explain.predict import predict
from dynbuild.explain.repodata import variables_of
from dynbuild.explain.view import stand_ins
from dynbuild.inheritance import steps_of
from dynbuild.link.model import WriteSet
from dynbuild.lockfile.model import Lock, declared_packages
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.resolved import resolve
from dynbuild.plan import Held, Reuse
from dynbuild.ports import Files, Images, Tier
from dynbuild.realization.contents import existing_live_digests
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Group, Pin

Newest = Callable[[str], Sequence[str]]
"""Returns the versions of a package in an index; raises OSError with the reason."""

_ANY = {"all", "noarch"}
"""The architectures of packages that are for any."""

_INSIDE = "its manager asks its sources inside of an image only"
_NOWHERE = "no tier holds what was installed"


def outdated(  # noqa: PLR0913, PLR0917 - each edge
    lock: Lock,
    files: Files,
    tiers: Sequence[Tier],
    registries: Images,
    platforms: Sequence[str],
    index: Newest,
    inside: Callable[[str], Contents],
    archives: Archives,
) -> dict[Finding, tuple[str, ...]]:
    """Find images and packages that are outdated, or unknown, with the reason.

    Each is returned with the platforms that it holds for, none if for all. ``index``
    looks up packages of pip; ``inside`` says what the image has on a platform, whose
    ``archives`` are asked of a system's packages. Nothing is built or written.
    """
    found = outdated_images(lock, registries)
    specs = declared_packages(lock)
    unknown = {m: _INSIDE for m in specs if m not in ("pip", *ASKED)}
    newest: dict[str, dict[str, str]] = {}
    if "pip" in specs:
        unknown["pip"] = _NOWHERE
        newest["pip"] = {}
        for key in specs["pip"]:
            try:
                latest = newest_version(index(key))
            except OSError as error:
                unknown[f"pip {key}"] = str(error)
                continue
            if latest is not None:
                newest["pip"][key] = latest
    told: dict[Finding, list[str]] = {}
    for platform in platforms:
        there = of_platform(lock, platform)
        installed: dict[str, dict[str, str]] = {}
        if "pip" in specs:
            installed["pip"] = installed_by_pip(_wrote(lock, files, tiers, platform))
        for one in (
            *_of_systems(there, inside, archives, platform),
            *packages(there, installed, newest, unknown),
        ):
            told.setdefault(one, []).append(platform)
    of_all = len(platforms)
    some = {one: () if len(of) == of_all else (*of,) for one, of in told.items()}
    return {**dict.fromkeys(found, ()), **some}


def _of_systems(
    lock: Lock, inside: Callable[[str], Contents], archives: Archives, platform: str
) -> Iterator[Finding]:
    try:
        contents = inside(platform)
    except DynbuildError as error:
        why = error.diagnostics[0].message
        for manager in ASKED:
            yield from of_system(lock, manager, (), {}, {}, why)
        return
    for manager in ASKED:
        yield from found_of(manager, lock, contents, archives)


def found_of(
    manager: str, lock: Lock, contents: Contents, archives: Archives
) -> Iterator[Finding]:
    """Compare what an image has of a manager with what its own sources offer."""
    there = [one.package for one in contents.packages]
    kind = MANAGERS[manager].kind
    architectures = {one.architecture for one in there if one.kind == kind}
    offers, failed = archives.offers(
        contents.archives,
        sorted(architectures - (set() if kind == "rpm" else _ANY)),
        kind=kind,
        variables=variables_of(there, contents.variables) if kind == "rpm" else {},
    )
    why = _NOWHERE if contents.unknown else "nothing in the image has this name"
    return of_system(lock, manager, there, offers, failed, why)


def outdated_images(lock: Lock, registries: Images) -> list[Finding]:
    """Compare the images of a lock with what registries have."""
    now: dict[str, Pin] = {}
    unknown: dict[str, str] = {}
    for pin in (lock.base, *lock.images.values()):
        if pin.digest is not None:
            try:
                now[pin.image] = registries.pin(pin.image)
            except DynbuildError as error:
                unknown[pin.image] = error.diagnostics[0].message
    return [*images(lock, now, unknown)]


def _wrote(
    lock: Lock, files: Files, tiers: Sequence[Tier], platform: str
) -> list[WriteSet]:
    """Return the write sets of the pip groups, as far as a tier holds them."""
    order = install_order(of_platform(lock, platform))
    contents, _ = stand_ins(lock, order)
    contents |= existing_live_digests(order, files.content)
    resolved = resolve(lock, platform, contents, {})
    held = [
        Held(record, distance)
        for distance, tier in enumerate(tiers)
        for record in tier.find([*resolved.digests.values()])
    ]
    plan = predict(steps_of(resolved), platform, held, {}).plan
    write_sets = []
    for placed in order:
        place = plan.places.final.get(placed.id)
        choice = None if place is None else plan.choices[place]
        of_pip = isinstance(placed.step, Group) and placed.step.manager == "pip"
        if of_pip and isinstance(choice, Reuse):
            write_sets.append(choice.record.writes)
    return write_sets
