"""Checks of several images: their names, what each extends, what it may say again."""

from collections.abc import Iterator
from itertools import pairwise

from dynbuild.declaration.check.stages import LONGEST_NAME
from dynbuild.declaration.grammar import STAGE_NAME, matches
from dynbuild.declaration.images import FIELDS
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema import NamedImage, User
from dynbuild.declaration.syntax.edits import renamings
from dynbuild.errors import Diagnostic, Label, did_you_mean
from dynbuild.extending import line_of
from dynbuild.spans import Span
from dynbuild.steps.managers import MANAGERS

SHARED = ("args", "cache", "ignore_warnings", "lock")
"""What all images have in common by definition."""


def check_images(loaded: Loaded) -> list[Diagnostic]:
    """Return the mistakes that keep images from being looked at one by one."""
    return [
        *_beside(loaded),
        *_names(loaded),
        *_extended(loaded),
        *_cycles(loaded),
        *_said_again(loaded),
    ]


def _beside(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report fields of an image beside ``images``: nothing says of which one."""
    found = [name for name in loaded.tree.entries if name not in ("images", *SHARED)]
    if found:
        name = found[0]
        told = ", ".join(repr(one) for one in found)
        message = f"beside 'images' no image is described, and here is {told}"
        yield Diagnostic("DB0170", message, loaded.key(name), _common(loaded, found))
    damaged = any(path[:1] == ("images",) for path in loaded.lost)
    if not loaded.declaration.images and not damaged:
        yield Diagnostic(
            "DB0170",
            "'images' names no image",
            loaded.key("images"),
            "name one, or write the fields of the only image at the top",
        )


def _common(loaded: Loaded, fields: list[str]) -> str:
    """Show the image to write what several have in common into."""
    child = next(iter(loaded.declaration.images), "app")
    match loaded.syntax:
        case "toml":
            lines = ["[images.common]", "publish = false"]
            lines += [f"{name} = …" for name in fields]
            lines += ["", f"[images.{child}]", 'extends = "common"']
        case "nix":
            lines = ["images.common = {", "  publish = false;"]
            lines += [f"  {name} = …;" for name in fields]
            lines += ["};", f'images.{child} = {{ extends = "common"; … }};']
        case "json":
            lines = ['"images": {', '  "common": {', '    "publish": false,']
            lines += [f'    "{name}": …,' for name in fields]
            lines += ["  },", f'  "{child}": {{ "extends": "common", … }}', "}"]
        case _:
            lines = ["images:", "  common:", "    publish: false"]
            lines += [f"    {name}: …" for name in fields]
            lines += [f"  {child}:", "    extends: common"]
    return "\n".join(("write an image that the others extend:", *lines))


def _names(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report names that no image can have, and those that are too much alike."""
    first: dict[str, str] = {}
    for name in loaded.declaration.images:
        key = loaded.key("images", name)
        if not matches(STAGE_NAME, name) or len(name) > LONGEST_NAME:
            shown = name if len(name) <= LONGEST_NAME else f"{name[:40]}…"
            message = f"an image cannot be called {shown!r}"
            hint = "write a letter, then letters, digits, and single . _ or - between"
            yield Diagnostic("DB0171", message, key, hint)
        other = first.setdefault(name.casefold(), name)
        if other != name:
            label = Label(loaded.key("images", other), "first named here")
            message = f"the images {other!r} and {name!r} differ only in case"
            hint = "registries do not tell them apart: rename one"
            yield Diagnostic("DB0171", message, key, hint, (label,))


def _extended(loaded: Loaded) -> Iterator[Diagnostic]:
    images = loaded.declaration.images
    for name, image in images.items():
        if image.extends is None or image.extends in images:
            continue
        span = loaded.span("images", name, "extends")
        known = [other for other in images if other != name]
        message = f"there is no image {image.extends!r}, which {name!r} extends"
        hint = did_you_mean(image.extends, known) or (
            "extends names another of these images; an image of a registry is a base"
        )
        mends = renamings(span, image.extends, known)
        yield Diagnostic("DB0172", message, span, hint, mends=mends)


def _cycles(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report cycles of images that extend one another, each shown in full."""
    images = loaded.declaration.images
    done: set[str] = set()
    for name in sorted(images):
        line = line_of(images, name)
        closing = images[line[0]].extends
        if closing not in line or name in done:
            continue
        cycle = [*reversed(line[: line.index(str(closing)) + 1])]
        done |= {*line}
        first = cycle.index(min(cycle))
        cycle = [*cycle[first:], *cycle[:first], cycle[first]]
        labels = [
            Label(loaded.span("images", one, "extends"), f"{one!r} extends {other!r}")
            for one, other in pairwise(cycle)
        ]
        message = f"images extend one another: {' -> '.join(cycle)}"
        hint = "remove one of these, or put what they share into an image of its own"
        yield Diagnostic("DB0172", message, labels[0].span, hint, tuple(labels[1:]))


def _said_again(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report what an image says otherwise than the one that it extends."""
    images = loaded.declaration.images
    for name in sorted(images):
        *above, _ = line_of(images, name)
        if not above or images[above[0]].extends is not None:
            continue  # the root, or a cycle or a gap that is told already
        yield from _of_the_root(loaded, name, above[0])
        for other in above:
            yield from _packages(loaded, name, other)
            yield from _stages(loaded, name, other)
        yield from _user(loaded, name, above)


def _of_the_root(loaded: Loaded, name: str, root: str) -> Iterator[Diagnostic]:
    images = loaded.declaration.images
    image = images[name]
    for field in (field for field, how in FIELDS.items() if how == "root"):
        if field in image.model_fields_set:
            one = f"an {field}" if field[0] in "aeiou" else f"a {field}"
            message = f"{name!r} cannot have {one} of its own: it extends {root!r}"
            hint = f"the steps of {root!r} stand on its {field}"
            if field == "platforms":
                message = f"{name!r} cannot have platforms of its own: it extends "
                message += repr(root)
                hint = f"it is for those of {root!r}; --platform makes it for fewer"
            if field == "reproducible":
                message = f"{name!r} cannot be more or less reproducible than {root!r}"
                hint = f"it extends {root!r}, whose layers are its own as well"
            if field == "base":
                hint += "; from another image, a stage can copy"
            place = loaded.key("images", name, field)
            yield Diagnostic("DB0173", message, place, hint)
    if images[root].reproducible and image.source_date_epoch is not None:
        message = f"{name!r} cannot have a time of its own: {root!r}, which it "
        message += "extends, is reproducible"
        hint = f"the layers of {root!r} are its own as well: set the time there"
        place = loaded.key("images", name, "source_date_epoch")
        yield Diagnostic("DB0173", message, place, hint)


def _packages(loaded: Loaded, name: str, other: str) -> Iterator[Diagnostic]:
    images = loaded.declaration.images
    for manager in MANAGERS.values():
        there = {
            manager.package(spec): (at, spec)
            for at, spec in enumerate(getattr(images[other], manager.field))
            if manager.lists(spec)
        }
        for at, spec in enumerate(getattr(images[name], manager.field)):
            if not manager.lists(spec):
                continue
            key = manager.package(spec)
            before, said = there.get(key, (0, spec))
            if said != spec:
                first = loaded.span("images", other, manager.field, before)
                yield Diagnostic(
                    "DB0174",
                    f"{name!r} wants {spec!r}; {other!r}, which it extends, {said!r}",
                    loaded.span("images", name, manager.field, at),
                    f"say it in {other!r}, or list it only in images that want it",
                    (Label(first, "said here"),),
                )


def _stages(loaded: Loaded, name: str, other: str) -> Iterator[Diagnostic]:
    images = loaded.declaration.images
    there = {
        stage.name.casefold(): (at, stage.name)
        for at, stage in enumerate(images[other].stages)
    }
    for at, stage in enumerate(images[name].stages):
        if stage.name.casefold() not in there:
            continue
        before, said = there[stage.name.casefold()]
        first = loaded.span("images", other, "stages", before, "name")
        yield Diagnostic(
            "DB0174",
            f"the stage {said!r} is that of {other!r}, which {name!r} extends: what is "
            "inherited cannot be changed",
            loaded.span("images", name, "stages", at, "name"),
            "give this one another name, or move the other into the images that want "
            "it as it is",
            (Label(first, "first named here"),),
        )


def _user(loaded: Loaded, name: str, above: list[str]) -> Iterator[Diagnostic]:
    images = loaded.declaration.images
    image = images[name]
    for other in above:
        there = images[other]
        if there.user is None or not _says_a_user(image):
            continue
        if _accounts(image, there) != (there.user, there.sudo, there.users):
            yield Diagnostic(
                "DB0174",
                f"{name!r} wants another user than {other!r}, which it extends",
                _where(loaded, name),
                f"say it in {other!r}: an image has one user, which is made once",
                (Label(_where(loaded, other), "said here"),),
            )


def _says_a_user(image: NamedImage) -> bool:
    return image.user is not None or image.sudo or bool(image.users)


def _accounts(
    image: NamedImage, there: NamedImage
) -> tuple[User | None, bool, tuple[User, ...]]:
    """Return the users that an image asks for; what it leaves out is as inherited."""
    sudo = image.sudo if "sudo" in image.model_fields_set else there.sudo
    return image.user or there.user, sudo, image.users or there.users


def _where(loaded: Loaded, name: str) -> Span:
    said = loaded.declaration.images[name].model_fields_set
    field = next(key for key in ("user", "sudo", "users") if key in said)
    return loaded.key("images", name, field)
