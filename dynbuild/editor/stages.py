"""The places that name a stage: where it is named, and who needs it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema import Declaration
from dynbuild.declaration.schema_stage import Taken
from dynbuild.declaration.syntax.tree import Leaf, Path, find
from dynbuild.errors import Edit, respellings
from dynbuild.spans import Source, Span
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class StagePlace:
    """A place that names a stage; ``defines`` where the stage itself is named."""

    stage: str
    span: Span
    defines: bool
    literal: bool
    """Whether the name is written there, not a value that stands for it."""
    image: str = ""
    """The image that the stage is of, if there are several."""


def stage_places(loaded: Loaded) -> Iterator[StagePlace]:
    """Yield the places of all stages, in declared order, image by image."""
    for image, whole in loaded.each.items():
        for place in _of_image(whole):
            yield replace(place, image=image)


def _of_image(loaded: Loaded) -> Iterator[StagePlace]:
    for index, stage in enumerate(loaded.declaration.stages):
        at: Path = ("stages", index)
        yield from _place(loaded, (*at, "name"), stage.name, defines=True)
        for number, name in enumerate(stage.dependencies):
            yield from _place(loaded, (*at, "dependencies", number), name)
        for number, copy in enumerate(stage.copies):
            if copy.stage is not None:
                yield from _place(loaded, (*at, "copy", number, "stage"), copy.stage)
        for number, mount in enumerate(stage.mounts):
            if mount.stage is not None:
                yield from _place(loaded, (*at, "mounts", number, "stage"), mount.stage)


def _place(
    loaded: Loaded, path: Path, name: str, *, defines: bool = False
) -> Iterator[StagePlace]:
    node = find(loaded.tree, path)
    if isinstance(node, Leaf):
        yield StagePlace(name, node.span, defines, node.literal)


def place_at(loaded: Loaded, source: Source, offset: int) -> StagePlace | None:
    """Return what names a stage at an offset of a file, by the file's name."""
    for place in stage_places(loaded):
        span = place.span
        if span.source.name == source.name and span.start <= offset <= span.end:
            return place
    return None


def same_stage(loaded: Loaded, place: StagePlace) -> tuple[StagePlace, ...]:
    """Return the places that name the same stage, each once, in declared order.

    Images that inherit a stage, or share its value, have it from the same place.
    """
    places = [one for one in stage_places(loaded) if one.stage == place.stage]
    defined = {one.image: _where(one) for one in places if one.defines}
    here = defined.get(place.image)
    same = [one for one in places if defined.get(one.image) == here]
    return tuple({_where(one): one for one in reversed(same)}.values())[::-1]


def images_of(loaded: Loaded, place: StagePlace) -> frozenset[str]:
    """Return the images that have the stage of a place, which may inherit it."""
    definitions = [_where(one) for one in same_stage(loaded, place) if one.defines]
    return frozenset(
        one.image
        for one in stage_places(loaded)
        if one.defines and one.stage == place.stage and _where(one) in definitions
    )


def _where(place: StagePlace) -> tuple[str, int]:
    return place.span.source.name, place.span.start


def renaming(loaded: Loaded, place: StagePlace, new: str) -> tuple[Edit, ...] | None:
    """Return the edits that rename a stage; None if its name is computed.

    Who needs it by value needs no edit. Whether the result means what is meant is for
    ``is_renamed`` to say: a name may also be put together of parts.
    """
    edits: list[Edit] = []
    for one in same_stage(loaded, place):
        mends = respellings(one.span, one.stage, (new,)) if one.literal else ()
        if mends:
            edits += (_as_text(loaded, edit) for edit in mends[0].edits)
        elif one.defines:
            return None
    return tuple(edits)


_NO_TEXT = frozenset(("false", "no", "null", "off", "on", "true", "yes"))
"""Names of stages that YAML reads as something else where they have no quotes."""


def _as_text(loaded: Loaded, edit: Edit) -> Edit:
    if loaded.syntax == "yaml" and edit.text.lower() in _NO_TEXT:
        return replace(edit, text=f'"{edit.text}"')
    return edit


def is_renamed(before: Declaration, after: Declaration, old: str, new: str) -> bool:
    """Whether two declarations are equal but for the name of a stage."""

    def renamed(name: str) -> str:
        return new if name == old else name

    def taken(inputs: Iterable[Taken]) -> tuple[Taken, ...]:
        return tuple(
            one.model_copy(update={"stage": one.stage and renamed(one.stage)})
            for one in inputs
        )

    stages = tuple(
        stage.model_copy(
            update={
                "name": renamed(stage.name),
                "dependencies": tuple(map(renamed, stage.dependencies)),
                "copies": taken(stage.copies),
                "mounts": taken(stage.mounts),
            }
        )
        for stage in before.stages
    )

    def by_name(declaration: Declaration) -> object:
        return sorted(declaration.stages, key=lambda stage: stage.name)

    expected = before.model_copy(update={"stages": stages})
    same = by_name(expected) == by_name(after)
    return same and after.model_copy(update={"stages": stages}) == expected
