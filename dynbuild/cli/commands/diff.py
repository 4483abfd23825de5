"""``dynbuild diff``."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from dynbuild.cli import options
from dynbuild.cli.images import Key, as_data, heading, platforms_asked
from dynbuild.cli.options import request
from dynbuild.cli.output import data, give, say, tell
from dynbuild.cli.render.diff_markdown import diffs_markdown
from dynbuild.cli.render.diff_text import diff_data, diff_text
from dynbuild.cli.render.lock_text import lock_text
from dynbuild.cli.render.packages import contents_diff_data, contents_diff_text
from dynbuild.cli.store import cache_in, looked_up, opened
from dynbuild.commands import diff as verb
from dynbuild.commands.packages import changed
from dynbuild.environment.model import Environment
from dynbuild.environment.packages import shelf_of
from dynbuild.environment.project import Project, open_project
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic, DynbuildError
from dynbuild.explain.diff import Diff
from dynbuild.explain.installed import ContentsDiff
from dynbuild.explain.past import Provenance
from dynbuild.explain.view import common_platform
from dynbuild.lockfile.codec import only
from dynbuild.lockfile.images import ONLY, AnyLock, LockedImages, as_images
from dynbuild.ports import Tier
from dynbuild.project.image_locks import HeldLocks
from dynbuild.project.locks import LockFile
from dynbuild.tiers.declared import Cache
from dynbuild.values import dataclass

_MOST = 2


@click.command()
@click.argument("sides", nargs=-1, metavar="[BEFORE] [AFTER]")
@options.platform("those of the lock, else linux/amd64 if it has that", several=True)
@request(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    help="Select the output format; markdown is a pull request comment with a "
    "diagram.  [default: text]",
)
@request("--markdown", is_flag=True, help="Write Markdown; same as --format markdown.")
@options.as_json
@request(
    "--files",
    is_flag=True,
    help="List the files that differ as well; both images have to be in the tiers.",
)
@request("--exit-code", is_flag=True, help="Exit with status 1 if the locks differ.")
@request(
    "--textconv",
    metavar="FILE",
    help="Write the lock FILE in install order, for `git diff`; compare nothing.",
)
@options.config
@options.accept_cache
@options.examples(
    "dynbuild diff main               # what this branch costs",
    "dynbuild diff --markdown HEAD~1  # the same as a comment for a pull request",
)
def diff(  # noqa: PLR0913 - one parameter a flag
    *,
    sides: tuple[str, ...],
    config: str | None,
    platform: str | None,
    form: str,
    markdown: bool,
    as_json: bool,
    files: bool,
    exit_code: bool,
    textconv: str | None,
) -> int:
    """Show what a change of the lock reruns, and what that costs.

    BEFORE and AFTER are git revisions or lock files. BEFORE defaults to the lock at
    HEAD, AFTER to the lock file of the project.

    Times come from earlier runs, and tiers are those known here. All else comes from
    the two locks.

    Of images that the tiers hold whole, the packages that differ are listed too.
    """
    if textconv is not None:
        give(lock_text(textconv))
        return 0
    if len(sides) > _MOST:
        message = f"{len(sides)} locks to compare"
        hint = "name one or two: revisions of git, or files"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    found = _opened(sides, config)
    differences: dict[Key, Diff] = {}
    contents: dict[Key, ContentsDiff] = {}
    for image in _images(found):
        before, after = (_side(one, image) for one in (found.before, found.after))
        of = found.project and found.project.of_image(image)
        look_up = looked_up(of, found.tiers)
        named = platforms_asked(after.lock, platform)
        for one in named or (None,):
            key = (image, one if one and len(named) > 1 else "")
            differences[key] = verb.compared(before, after, one, look_up)
            inside = _contents(found, (before, after), image, one, files=files)
            if inside is not None:
                contents[key] = inside
        if before.lock is None:
            what = "all of it" if not image else f"all of {image}"
            tell(f"no lock is committed at {before.name}: {what} is new")
    if as_json or form == "json":
        told = {
            key: {**diff_data(one), **contents_diff_data(contents.get(key))}
            for key, one in differences.items()
        }
        data(as_data(told))
    elif markdown or form == "markdown":
        give(diffs_markdown(differences, contents))
    else:
        _say(differences, contents, found)
    return int(exit_code and any(one.changes for one in differences.values()))


def _say(
    differences: Mapping[Key, Diff],
    contents: Mapping[Key, ContentsDiff],
    opened: "_Opened",
) -> None:
    blocks = []
    last = None
    for key, one in differences.items():
        image, _ = key
        # What the lock says is the same for each platform.
        shown = one if image != last else replace(one, changes=())
        last = image
        parts = [diff_text(shown)] if one.changes or one.runs else []
        if inside := contents_diff_text(contents.get(key)):
            parts.append(inside)
        if parts:
            head = heading(*key)
            named = (f"{head}\n{parts[0]}", *parts[1:]) if head else parts
            blocks.append("\n\n".join(named))
    if blocks:
        say("\n\n".join(blocks))
    else:
        tell(f"{opened.before.name} and {opened.after.name} have the same lock")


@dataclass(frozen=True, slots=True)
class _Held:
    """Where one side of a comparison is: a file, or a revision of the project's."""

    name: str
    locks: HeldLocks
    revision: str | None = None

    def recipe(self) -> AnyLock | None:
        """Return the lock, of one image or of several. Raises as ``verb`` does."""
        if self.revision is None:
            return verb.recipe_of_file(self.locks, self.name)
        return verb.recipe_of_revision(self.locks, self.revision)


@dataclass(frozen=True, slots=True)
class _Opened:
    """Both sides, and what tells of their steps."""

    before: _Held
    after: _Held
    project: Project | None
    cache: Cache
    tiers: Mapping[Provenance, Tier]


def _opened(names: tuple[str, ...], config: str | None) -> _Opened:
    first, second = (*names, None, None)[:2]
    if first and second and Path(first).is_file() and Path(second).is_file():
        # Two files need no project.
        sides = [_Held(x, LockFile(Path(x), x)) for x in (first, second)]
        cache = cache_in(None)
        return _Opened(sides[0], sides[1], None, cache, opened(None, cache))
    project = open_project(config, lock_alone=True)

    def side(name: str) -> _Held:
        if Path(name).is_file():
            return _Held(name, LockFile(Path(name), name))
        return _Held(name, project.locks, name)

    before = side(first or "HEAD")
    after = side(second) if second else _Held(project.place.lock, project.locks)
    cache = cache_in(project)
    return _Opened(before, after, project, cache, opened(project, cache))


def _contents(
    held: _Opened,
    sides: tuple[verb.Side, verb.Side],
    image: str,
    platform: str | None,
    *,
    files: bool,
) -> ContentsDiff | None:
    """Return how two images differ; None if nobody knows what one has installed.

    Raises CommandFailed where files are asked for that nobody knows.
    """
    before, after = (side.lock for side in sides)
    found = None
    if held.project is not None and before is not None and after is not None:
        project = held.project.of_image(image)
        environment = Environment(project, held.cache)
        shelf = shelf_of(environment, held.tiers.values(), layers=False)
        chosen = platform or common_platform(before, after)
        with suppress(DynbuildError):
            found = changed(before, after, shelf, chosen, files=files)
    if files and found is None:
        message = "nobody knows the files of both images: some step is in no tier"
        hint = "`dynbuild realize` builds what is missing"
        raise CommandFailed(Diagnostic("DB0424", message, hint=hint))
    return found


def _images(opened: _Opened) -> tuple[str, ...]:
    """Return the images to compare: those of the later side.

    One that is not there any more is told.
    """
    before, after = opened.before.recipe(), opened.after.recipe()
    if after is None:
        return (ONLY,)
    several = as_images(after)
    for name in as_images(before).parents_first if before else ():
        if name and name not in several.images:
            tell(f"{opened.after.name} has no image {name} any more")
    return several.parents_first


def _side(held: _Held, image: str) -> verb.Side:
    recipe = held.recipe()
    if isinstance(recipe, LockedImages) and image:
        there = image in recipe.images
        return verb.Side(held.name, recipe.whole(image) if there else None)
    return verb.Side(held.name, None if recipe is None else only(recipe, held.name))
