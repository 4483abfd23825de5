"""What is asked at a place of a file: completion, hover, definitions, references."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from dynbuild.cli.server.checking import Checked
from dynbuild.cli.server.sources import NixFiles
from dynbuild.declaration.syntax import Syntax
from dynbuild.editor.completion import (
    Item,
    complete,
    complete_nix,
    documentation_of,
)
from dynbuild.editor.cursor import Cursor
from dynbuild.editor.fields import field_at
from dynbuild.editor.flow import cursor_in_flow
from dynbuild.editor.infer import Attribute, Inference, NixFile
from dynbuild.editor.lined import cursor_in_toml, cursor_in_yaml
from dynbuild.editor.moved import moved
from dynbuild.editor.nested import NixCursor, cursor_in_nix
from dynbuild.editor.scopes import Binder
from dynbuild.editor.stages import StagePlace, place_at, same_stage
from dynbuild.editor.words import word_at
from dynbuild.lang.evaluator import list_builtins
from dynbuild.lang.syntax import PathLiteral, SyntaxNode, children
from dynbuild.spans import Source, Span
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """A place of an open file, and what is known of its project.

    ``valid`` is the last check without mistakes, perhaps of an earlier text.
    """

    path: Path
    text: str
    at: int
    syntax: Syntax
    root: Path
    valid: Checked | None
    files: NixFiles

    @property
    def name(self) -> str:
        return self.path.relative_to(self.root).as_posix()

    def stages(self) -> list[str]:
        loaded = self.valid.loaded if self.valid else None
        each = loaded.each.values() if loaded else ()
        names = [stage.name for one in each for stage in one.declaration.stages]
        return [*dict.fromkeys(names)]

    def file(self) -> NixFile | None:
        """Return the tree of this file, or of an earlier text of it."""
        found = self.files.of(self.path, self.root, self.text)
        before = self.valid.texts.get(self.path) if self.valid else None
        if found is None and before is not None:
            found = self.files.of(self.path, self.root, before)
        return found

    def stage_place(self) -> StagePlace | None:
        """Return what names a stage here, as of the last valid text."""
        if self.valid is None or self.valid.loaded is None:
            return None
        text = self.valid.texts.get(self.path, self.text)
        at = moved(self.at, text, self.text)
        return place_at(self.valid.loaded, Source(self.name, text), at)


def cursor_of(asked: Asked) -> Cursor:
    match asked.syntax:
        case "toml":
            return cursor_in_toml(asked.text, asked.at)
        case "yaml":
            return cursor_in_yaml(asked.text, asked.at)
        case "json":
            return cursor_in_flow(asked.text, 0, asked.at, ())
        case _:
            return cursor_in_nix(asked.text, asked.at).cursor


def completions(asked: Asked) -> list[Item]:
    """Return what may be written here."""
    if asked.syntax != "nix":
        return complete(cursor_of(asked), asked.syntax, asked.stages(), asked.at)
    here = cursor_in_nix(asked.text, asked.at)
    visible = _visible(asked)
    names = dict.fromkeys(here.names, "a name") | {
        name: f"a {binder.kind}" for name, binder in visible.items()
    }
    attributes = {}
    if here.subject and here.subject != ("builtins",):
        attributes = dict.fromkeys(_attributes(asked, here, visible), "")
    return complete_nix(here, asked.stages(), names, attributes, asked.at)


def _visible(asked: Asked) -> dict[str, Binder]:
    file = asked.file()
    if file is None:
        return {}
    scope = file.names.scope_at(moved(asked.at, file.source.text, asked.text))
    return scope.visible() if scope else {}


def _attributes(
    asked: Asked, here: NixCursor, visible: dict[str, Binder]
) -> dict[str, Attribute]:
    """Return the attributes of the expression before the dot."""
    file, binder = asked.file(), visible.get(here.subject[0])
    if file is None or binder is None:
        return {}
    inference = inference_of(asked)
    found = dict(inference.attributes(file, binder.value))
    for name in here.subject[1:]:
        one = found.get(name)
        found = dict(inference.attributes(one.file, one.value)) if one else {}
    return found


def inference_of(asked: Asked) -> Inference:
    """Return the inference over the files of the project."""
    return Inference(partial(asked.files.imported_by, asked.valid))


def hover(asked: Asked) -> str | None:
    """Return what stands here, as Markdown."""
    if (place := asked.stage_place()) is not None:
        return _of_stage(asked, place)
    word, _, end = word_at(asked.text, asked.at)
    if asked.syntax == "nix":
        plain = word.removeprefix("builtins.")
        for row in list_builtins():
            if row.name == plain and (plain != word or _is_free(asked)):
                return documentation_of(row)
        binder = _binder(asked)
        if binder is not None and binder.kind != "attribute":
            return _of_binder(asked, binder)
    after = _at_end(asked, end)
    cursor = cursor_of(after)
    if cursor.path is None or cursor.part != "key":
        return None
    key = after.text[cursor.start : cursor.end].strip("\"'")
    field = field_at((*cursor.path, key)) if key and "." not in key else None
    if field is None and asked.syntax == "nix" and asked.path.suffix == ".nix":
        field = field_at(("stages", 0, key))
    return field.text if field and field.name == key else None


def _at_end(asked: Asked, end: int) -> Asked:
    stop = end
    return Asked(
        asked.path, asked.text, stop, asked.syntax, asked.root, asked.valid, asked.files
    )


def _is_free(asked: Asked) -> bool:
    return _binder(asked) is None


def _of_stage(asked: Asked, place: StagePlace) -> str:
    loaded = asked.valid.loaded if asked.valid else None
    assert loaded is not None
    stages = loaded.each[place.image].declaration.stages
    needs = [
        stage.name
        for stage in stages
        if place.stage in stage.dependencies
        or any(copy.stage == place.stage for copy in stage.copies)
    ]
    (stage,) = (one for one in stages if one.name == place.stage)
    lines = [f"**stage {place.stage}**"]
    if stage.dependencies:
        lines.append(
            "depends on " + ", ".join(f"`{one}`" for one in stage.dependencies)
        )
    if needs:
        lines.append("needed by " + ", ".join(f"`{name}`" for name in needs))
    return "\n\n".join(lines)


def _binder(asked: Asked) -> Binder | None:
    file = asked.file()
    if file is None or file.source.text != asked.text:
        return None
    return file.names.binder_at(asked.at)


def _of_binder(asked: Asked, binder: Binder) -> str:
    lines = [f"**{binder.name}**: a {binder.kind}"]
    if binder.value is not None:
        shown = asked.text[binder.value.start : binder.value.end]
        lines.append(f"```nix\n{shown[:200]}\n```")
    return "\n\n".join(lines)


def definitions(asked: Asked) -> list[Span]:
    """Return where what is named here is defined: a stage, a name, a file."""
    if (place := asked.stage_place()) is not None:
        return [one.span for one in _places(asked, place) if one.defines]
    file = asked.file() if asked.syntax == "nix" else None
    if file is not None and file.source.text == asked.text:
        literal = _path_at(file, asked.at)
        if literal is not None:
            target = inference_of(asked).target(file, literal)
            return [Span(target.source, 0, 0)] if target else []
        binder = file.names.binder_at(asked.at)
        if binder is not None:
            return [Span(file.source, binder.start, binder.end)]
        if (one := _attribute(asked, file)) is not None:
            return [Span(one.file.source, one.start, one.end)]
    return []


def _places(asked: Asked, place: StagePlace) -> Iterator[StagePlace]:
    """Yield the places that name the same stage."""
    assert asked.valid is not None
    assert asked.valid.loaded is not None
    yield from same_stage(asked.valid.loaded, place)


def _path_at(file: NixFile, offset: int) -> PathLiteral | None:
    node: SyntaxNode | None = file.tree
    while node is not None and not isinstance(node, PathLiteral):
        below = (one for one in children(node) if one.start <= offset <= one.end)
        node = next(below, None)
    return node


def _attribute(asked: Asked, file: NixFile) -> Attribute | None:
    """Return the attribute that is selected here, where it can be told."""
    word, start, _ = word_at(asked.text, asked.at)
    names = word[: asked.at - start].split(".")
    rest = word[asked.at - start :].split(".")[0]
    names[-1] += rest
    binder = file.names.binder_at(start)
    if binder is None or len(names) == 1:
        return None
    inference = inference_of(asked)
    found = inference.attributes(file, binder.value)
    one = None
    for name in names[1:]:
        one = found.get(name)
        found = inference.attributes(one.file, one.value) if one else {}
    return one


def references(asked: Asked) -> list[Span]:
    """Return all places that name what is named here, its definition first."""
    if (place := asked.stage_place()) is not None:
        found = sorted(_places(asked, place), key=lambda one: not one.defines)
        return [one.span for one in found]
    binder = _binder(asked) if asked.syntax == "nix" else None
    file = asked.file()
    if binder is None or file is None:
        return []
    uses = [Span(file.source, use.start, use.end) for use in file.names.uses_of(binder)]
    return [Span(file.source, binder.start, binder.end), *uses]
