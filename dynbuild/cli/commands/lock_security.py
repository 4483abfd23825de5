"""``lock --security``: the fixes that the lock's own images lack, and what is told."""

from collections.abc import Mapping

from dynbuild.cli.consent import accepted
from dynbuild.cli.images import every_image, platforms_asked
from dynbuild.cli.output import show, shows, tell
from dynbuild.cli.progress import Color
from dynbuild.cli.render.reasons import listed
from dynbuild.commands.archives import Archives
from dynbuild.commands.lock_start import current_of
from dynbuild.commands.packages import packages
from dynbuild.commands.security import Fixes, fixes
from dynbuild.declaration.loaded import Loaded
from dynbuild.environment.model import Environment
from dynbuild.environment.packages import shelf_of
from dynbuild.environment.project import Project, download
from dynbuild.errors import Diagnostic
from dynbuild.explain.view import common_platform
from dynbuild.lockfile.platform import of_platform
from dynbuild.tiers.declared import declared_in


def fixed(project: Project, loaded: Loaded, color: Color) -> frozenset[tuple[str, str]]:
    """Return the packages to upgrade, as image and key, and tell what is not.

    Of a first lock there is none: it installs what is newest.
    """
    held, _ = current_of(project.locks)
    if held is None:
        return frozenset()
    cache = accepted(project, declared_in(loaded.declaration)).cache
    shelf = shelf_of(Environment(project, cache, tell=shows(color)))
    archives = Archives(download)
    found: dict[tuple[str, str], Fixes] = {}
    for image in every_image(project, held):
        for platform in platforms_asked(image.lock, None) or (
            common_platform(image.lock),
        ):
            contents = packages(image.lock, shelf, platform).contents()
            there = of_platform(image.lock, platform)
            found[image.name, platform] = fixes(there, contents, archives)
    _tell(found, color)
    return frozenset(
        (name, key) for (name, _), one in found.items() for key in one.declared
    )


def _tell(found: Mapping[tuple[str, str], Fixes], color: Color) -> None:
    unknown = dict.fromkeys(text for one in found.values() for text in one.unknown)
    if unknown:
        message = f"cannot tell all fixes: {listed([*unknown])}"
        hint = (
            "`dynbuild outdated` lists what is known; `dynbuild realize` builds what\n"
            "is missing"
        )
        show([Diagnostic("DB0437", message, hint=hint, severity="warning")], color)
    others = sorted({name for one in found.values() for name in one.others})
    if others:
        how = "they come with a newer base, with what needs them, or with `apt_upgrade`"
        tell(f"fixes in what is not declared: {listed(others)}; {how}")
    if not unknown and not any(one.declared for one in found.values()):
        tell("nothing that is declared has a newer fix of security")
