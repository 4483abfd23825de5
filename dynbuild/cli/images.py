"""Which image of several a command is about, and on which platforms."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dynbuild.environment.project import Project
from dynbuild.errors import DeclarationError, Diagnostic, did_you_mean
from dynbuild.lockfile.images import ONLY, AnyLock, LockedImages, as_images
from dynbuild.lockfile.model import Lock
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class ChosenImage:
    """An image, whole, and its project: as if its lock held no other.

    ``line`` has its name after those of the images that it extends, the root first; the
    only image has no name.
    """

    line: tuple[str, ...]
    project: Project
    lock: Lock

    @property
    def name(self) -> str:
        """Its own name."""
        return self.line[-1] if self.line else ONLY


Key = tuple[str, str]
"""The name of an image, and of a platform, each as far as there are several."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An image on one platform, of which a command tells.

    Without a ``platform`` it is the one that the command usually looks at. ``told``
    names it where the command tells of several.
    """

    image: ChosenImage
    platform: str | None
    told: str = ""

    @property
    def key(self) -> Key:
        """What it is told by."""
        return self.image.name, self.told

    @property
    def heading(self) -> str:
        """What stands above that which is told of it; empty for the only one."""
        return heading(*self.key)


def heading(image: str, platform: str) -> str:
    """Return what stands above that which is told of an image on a platform."""
    parts = (("image", image), ("platform", platform))
    return ", ".join(f"{what} {name}" for what, name in parts if name)


def platforms_asked(lock: Lock | None, asked: str | None) -> tuple[str, ...]:
    """Return the platforms that are asked for, else those that a lock is for, if any.

    ``asked`` are names separated by commas, as ``--platform`` has them.
    """
    if asked:
        return tuple(asked.split(","))
    return lock.config.platforms if lock else ()


def subjects(images: Iterable[ChosenImage], asked: str | None) -> list[Subject]:
    """Return images on the platforms asked for, else on those that each is for."""
    found: list[Subject] = []
    for image in images:
        named = platforms_asked(image.lock, asked)
        several = len(named) > 1
        found += [Subject(image, one, one if several else "") for one in named]
        found += [] if named else [Subject(image, None)]
    return found


def as_data(told: Mapping[Key, object]) -> object:
    """Return what is told of subjects, by their keys, as one object for ``--json``.

    That of the only image stands alone; that of several platforms by their names.
    """
    images: dict[str, object] = {}
    platforms: dict[str, dict[str, object]] = {}
    for (image, platform), one in told.items():
        if not platform:
            images[image] = one
            continue
        platforms.setdefault(image, {})[platform] = one
        images[image] = {"platforms": platforms[image]}
    return images.get(ONLY, images)


def every_image(project: Project, recipe: AnyLock) -> list[ChosenImage]:
    """Return all images of a lock, each after the one that it extends."""
    several = as_images(recipe)
    return [_of(project, several, name) for name in several.parents_first]


def chosen_images(
    project: Project, recipe: AnyLock, names: Sequence[str]
) -> list[ChosenImage]:
    """Return the images that are named, else those that are published.

    Raises DeclarationError.
    """
    several = as_images(recipe)
    if ONLY in several.images:
        if names:
            message = f"there is one image, and it has no name: {names[0]!r}"
            hint = "leave it out; -t NAME is what the image is called, and `images` in "
            hint += "the declaration\nnames several"
            if Path(names[0]).is_dir():
                hint = (
                    "leave it out: `copy` in the declaration says what is taken, and "
                )
                hint += "there is no\nbuild context"
            raise DeclarationError(Diagnostic("DB0350", message, hint=hint))
        return [_of(project, several, ONLY)]
    for name in names:
        refuse_unknown(several, name)
    wanted = {*names} or {n for n, image in several.images.items() if image.publish}
    if not wanted:
        message = "no image is published: each has `publish = false`"
        hint = f"name one: {', '.join(several.parents_first)}"
        raise DeclarationError(Diagnostic("DB0350", message, hint=hint))
    return [_of(project, several, n) for n in several.parents_first if n in wanted]


def one_image(
    project: Project, recipe: AnyLock, name: str | None, what: str
) -> ChosenImage:
    """Return the image that is named, or the only one; ``what`` is for one alone.

    Raises DeclarationError.
    """
    several = as_images(recipe)
    if name is None and len(several.images) > 1:
        message = f"{what} is of one image, and there are {len(several.images)}"
        hint = f"name one: {', '.join(several.parents_first)}"
        raise DeclarationError(Diagnostic("DB0350", message, hint=hint))
    if name is not None:
        return chosen_images(project, recipe, [name])[0]
    return every_image(project, recipe)[0]


def refuse_unknown(several: LockedImages, name: str) -> None:
    """Refuse the name of an image that a lock does not have."""
    if name not in several.images:
        known = several.parents_first
        hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
        message = f"the lock has no image {name!r}"
        raise DeclarationError(Diagnostic("DB0350", message, hint=hint))


def with_image(recipe: AnyLock, words: Sequence[str]) -> list[tuple[str, str]]:
    """Return the image and the step that each word names.

    A step is written ``image/step``; alone, where it is of one image. Raises
    DeclarationError.
    """
    several = as_images(recipe)
    if ONLY in several.images:
        return [(ONLY, word) for word in words]
    return [_split(several, word) for word in words]


def _split(several: LockedImages, word: str) -> tuple[str, str]:
    image, slash, step = word.partition("/")
    if slash and image in several.images:
        return image, step
    owners = [name for name in several.parents_first if _has(several, name, word)]
    if len(owners) == 1:
        return owners[0], word
    of = owners or several.parents_first
    if owners:
        message = f"{len(of)} images have {word!r}"
    else:
        message = f"{word!r} does not say which image it is of"
    hint = f"write {' or '.join(f'{name}/{word}' for name in of)}"
    raise DeclarationError(Diagnostic("DB0351", message, hint=hint))


def _has(several: LockedImages, name: str, word: str) -> bool:
    """Whether an image has a stage or a package itself."""
    own = several.images[name].own
    return word in own.stages or any(word in log for log in own.packages.values())


def _of(project: Project, several: LockedImages, name: str) -> ChosenImage:
    line = several.line(name) if name else ()
    return ChosenImage(line, project.of_image(name), several.whole(name))
