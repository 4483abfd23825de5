"""``lock``: newer packages of apt that the lock's own images lack, and what is told.

``--security`` asks for fixes, ``--upgrade-packages`` and ``-P`` for what nobody
declares, which only the images themselves know.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from dynbuild.cli.commands.lock_settings import LockSettings
from dynbuild.cli.consent import accepted
from dynbuild.cli.images import ChosenImage, every_image, platforms_asked
from dynbuild.cli.output import show, shows, tell
from dynbuild.cli.render.reasons import listed
from dynbuild.commands.archives import Archives
from dynbuild.commands.lock_requests import LockOptions
from dynbuild.commands.lock_start import current_of
from dynbuild.commands.newer import Found, Newer, newer, placed
from dynbuild.commands.packages import packages
from dynbuild.declaration.loaded import Loaded
from dynbuild.environment.model import Environment
from dynbuild.environment.packages import shelf_of
from dynbuild.environment.project import Project, download
from dynbuild.errors import Diagnostic, DynbuildError
from dynbuild.explain.view import common_platform
from dynbuild.lockfile.model import declared_packages
from dynbuild.lockfile.platform import of_platform
from dynbuild.steps.log import freshened
from dynbuild.tiers.declared import declared_in


def with_newer(
    project: Project, loaded: Loaded, options: LockOptions, settings: LockSettings
) -> LockOptions:
    """Return the options of ``lock`` with the packages that its flags are about.

    Of a first lock there is none: it installs what is newest.
    """
    held, _ = current_of(project.locks)
    if held is None:
        return options
    images = every_image(project, held)
    names = frozenset(settings.upgrade_package) - frozenset(_declared(images))
    every = settings.security or settings.upgrade_packages
    if not every and not names:
        return options
    found = _found(project, loaded, images, settings)
    lines = {image.name: image.line or (image.name,) for image in images}
    undeclared = placed(found, lines, security=settings.security)
    if names:
        others = placed(found, lines, security=False)
        named = frozenset(one for one in others if one[1] in names)
        undeclared = named | (undeclared if every else frozenset())
        names -= {key for _, key, _ in named}
        stays = {name for name in names if _is_there(name, images, found)}
        if stays:
            tell(f"{listed(sorted(stays))}: nothing newer is known")
            asked = (one for one in options.upgrade_package if one not in stays)
            options = replace(options, upgrade_package=tuple(asked))
    _tell_unknown(found, settings)
    if settings.security:
        _tell_fixes(found)
    if keys := sorted({key for _, key, _ in undeclared}):
        tell(f"nobody declares {listed(keys)}: upgraded where installed")
    stayed = {key for one in found.values() for key in one.stayed}
    if same := sorted(stayed & {key for _, key, _ in undeclared}):
        tell(
            f"the last upgrade left {listed(same)} as it was: a source may have "
            "lagged;\nelse see `apt-mark showhold`, /etc/apt/preferences and "
            "apt_snapshot"
        )
    return replace(
        options,
        upgrade_apt=frozenset(
            (name, key)
            for (name, _), one in found.items()
            if settings.security
            for key in one.declared
        ),
        undeclared=undeclared,
    )


def _found(
    project: Project,
    loaded: Loaded,
    images: Collection[ChosenImage],
    settings: LockSettings,
) -> Found:
    """Ask for what is newer; only fixes are asked of what is not known whole."""
    cache = accepted(project, declared_in(loaded.declaration)).cache
    shelf = shelf_of(Environment(project, cache, tell=shows(settings.color)))
    archives = Archives(download)
    found: dict[tuple[str, str], Newer] = {}
    unknown: list[str] = []
    for image in images:
        for platform in platforms_asked(image.lock, None) or (
            common_platform(image.lock),
        ):
            try:
                contents = packages(image.lock, shelf, platform).contents()
            except DynbuildError as error:
                if settings.security:
                    raise
                unknown.append(error.diagnostics[0].message)
                continue
            unbuilt = [step or "the base" for step in contents.unknown]
            if unbuilt and not settings.security:
                unknown += unbuilt
                continue
            there = of_platform(image.lock, platform)
            one = newer(there, contents, archives)
            if unbuilt and not contents.packages:
                why = f"what is installed by {listed(unbuilt)}"
                one = replace(one, unknown=(*one.unknown, why))
            found[image.name, platform] = one
    if unknown:
        why = listed([*dict.fromkeys(unknown)])
        tell(f"what nobody declares stays: what is installed is not known ({why})")
    return found


def _is_there(name: str, images: Iterable[ChosenImage], found: Found) -> bool:
    """Whether something that nobody declares is installed, or the lock upgrades it."""
    logs = (image.lock.packages.get("apt", {}) for image in images)
    upgraded = any(any(freshened(log.get(name, ()))) for log in logs)
    return upgraded or any(name in (one.there or ()) for one in found.values())


def _declared(images: Iterable[ChosenImage]) -> Iterator[str]:
    """Yield the names of packages that lists declare, also those of stages."""
    for image in images:
        for specs in declared_packages(image.lock).values():
            yield from specs
        for entry in image.lock.stages.values():
            yield from (key.partition(" ")[2] for key in entry.stage.packages)


def _tell_unknown(found: Found, settings: LockSettings) -> None:
    unknown = dict.fromkeys(text for one in found.values() for text in one.unknown)
    if unknown:
        what = "all fixes" if settings.security else "all that is newer"
        message = f"cannot tell {what}: {listed([*unknown])}"
        hint = (
            "`dynbuild outdated` lists what is known; `dynbuild realize` builds what\n"
            "is missing"
        )
        warning = Diagnostic("DB0437", message, hint=hint, severity="warning")
        show([warning], settings.color)


def _tell_fixes(found: Found) -> None:
    lost = sorted({key for one in found.values() if not one.able for key in one.fixes})
    if lost:
        how = "the image has no apt: they come with a newer base"
        tell(f"fixes in what is not declared: {listed(lost)}; {how}")
    coming = sorted({key for one in found.values() for key in one.coming})
    if coming:
        tell(f"the lock has what fixes {listed(coming)}: `dynbuild realize` builds it")
    elif not any(one.declared | one.fixes | {*one.unknown} for one in found.values()):
        tell("nothing that is installed has a newer fix of security")
