"""Why a package is installed: the part of ``dynbuild why`` that speaks of packages."""

from collections.abc import Sequence

from dynbuild.cli.commands.packages import incomplete, packages_of
from dynbuild.cli.images import Subject, every_image, subjects
from dynbuild.cli.output import data, say, show
from dynbuild.cli.progress import Color
from dynbuild.cli.render.packages import why_package_data, why_package_text
from dynbuild.commands.why import named
from dynbuild.environment.project import Project
from dynbuild.errors import DeclarationError, Diagnostic, did_you_mean
from dynbuild.explain.needs import WhyInstalled, why_installed
from dynbuild.lockfile.images import AnyLock, as_images
from dynbuild.lockfile.order import install_order
from dynbuild.tiers.declared import Cache

Asked = Sequence[tuple[str | None, str]]
"""The names of packages, each with its image; None is any."""


def none_is_a_step(recipe: AnyLock, asked: Sequence[tuple[str, str]]) -> bool:
    """Whether none of some names denotes a step of its image."""
    several = as_images(recipe)
    for image, name in asked:
        try:
            named(install_order(several.whole(image)), name)
        except DeclarationError:
            continue
        return False
    return True


def tell_installed(  # noqa: PLR0913, PLR0917 - what the command was asked
    project: Project,
    recipe: AnyLock,
    cache: Cache,
    asked: Asked,
    platform: str | None,
    color: Color,
    *,
    as_json: bool,
    as_step: bool = False,
) -> int:
    """Tell why packages are installed; exit with 1 where steps are not known.

    ``as_step``: the names may have been meant for steps. Raises DeclarationError for a
    package that no image has.
    """
    found: list[tuple[Subject, WhyInstalled]] = []
    met: set[str] = set()
    known: list[str] = []
    whole = True
    for subject in subjects(every_image(project, recipe), platform):
        wanted = [name for of, name in asked if of in {None, subject.image.name}]
        if not wanted:
            continue
        laid, _ = packages_of(subject.image, cache, subject.platform, color)
        contents = laid.contents()
        for name in wanted:
            why = why_installed(name, contents, laid.order)
            if as_step and not why:
                named(laid.order, name)
            found += [(subject, one) for one in why]
            met |= {name} if why else set()
        show(incomplete(contents), color)
        whole = whole and not contents.unknown
        known += [one.package.name for one in contents.packages]
    for _, name in asked:
        if name not in met and whole:
            message = f"nothing in the lock is called {name!r}, and nothing installed"
            hint = did_you_mean(name, [*dict.fromkeys(known)])
            see = "see `dynbuild why --order` and `dynbuild packages`"
            raise DeclarationError(Diagnostic("DB0330", message, hint=hint or see))
    if as_json:
        told = [
            {"image": of.image.name}
            | ({"platform": of.told} if of.told else {})
            | why_package_data(one)
            for of, one in found
        ]
        data({"version": 1, "packages": told})
    else:
        texts = [
            f"{of.heading}\n{why_package_text(one)}"
            if of.heading
            else why_package_text(one)
            for of, one in found
        ]
        say("\n\n".join(texts) or "not among the packages that are known")
    return 0 if whole else 1
