"""From values of the language to located trees: stage values and paths become text."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from dynbuild.declaration.syntax import paths
from dynbuild.declaration.syntax.places import Places
from dynbuild.declaration.syntax.tree import (
    MAX_DEPTH,
    MAX_VALUES,
    Leaf,
    List,
    Node,
    Path,
    Scalar,
    Table,
    TableEntry,
    too_deep,
    too_many,
    within_image,
)
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lang.values import Attrs, Elements, PathValue, Slot, Value, a_kind, force
from dynbuild.spans import Source, Span


class Conversion:
    """The conversion of one deeply evaluated value to a tree."""

    def __init__(self, places: Places, source: Source) -> None:
        self._places = places
        self._top = Span(source, 0, 0)
        self._left = MAX_VALUES
        self._mistakes: list[Diagnostic] = []
        self._stages: dict[int, list[str]] = {}

    def tree(self, value: Value) -> Node:
        """Return the tree. Raises DeclarationError for values that no tree can hold."""
        self._stages = _names(_lists_of_stages(value))
        node = self._node(value, self._places.seen(self._top), (), literal=False)
        if self._mistakes:
            raise DeclarationError(*self._mistakes)
        return node

    def _node(self, value: Value, span: Span, path: Path, *, literal: bool) -> Node:
        self._left -= 1
        if self._left < 0:
            raise DeclarationError(too_many(span))
        if len(path) > MAX_DEPTH:
            raise DeclarationError(too_deep(span))
        if type(value) is str and value.isascii():  # as nearly all values are
            return Leaf(value, span, literal)
        if isinstance(value, list):
            return self._list(value, span, path)
        if type(value) is Attrs and not _may_be_a_stage(path):
            return self._table(value, span, path)
        return Leaf(self._scalar(value, span, path), span, literal)

    def _scalar(self, value: Value, span: Span, path: Path) -> Scalar:
        match value:
            case Attrs():
                return self._stage(value, span)
            case PathValue():
                return self._path(value, span, path)
            case str():
                return self._text(value, span, path)
            case bool() | int() | float() | None:
                return value
            case _:
                message = f"expected a value, found {a_kind(value)}"
                hint = "call it with its arguments"
                if path and isinstance(path[-1], int):
                    hint += "; in a list, in parentheses: [ (f x) ]"
                self._mistake("DB0111", message, span, hint)
                return None

    def _table(self, value: Attrs, span: Span, path: Path) -> Table:
        entries = {}
        for name in sorted(value.items):
            here = (*path, name)
            key, place, literal = span, span, False
            if (written := value.spans.get(name)) is not None:
                key, place, literal = self._places.entry(written)
            node = self._node(force(value.items[name]), place, here, literal=literal)
            if type(name) is not str or not name.isascii():
                name = self._text(name, key, here)  # noqa: PLW2901  # as it is shown
            entries[name] = TableEntry(key, node)
        return Table(entries, span)

    def _list(self, value: list[Slot], span: Span, path: Path) -> List:
        items = []
        spans = value.spans if isinstance(value, Elements) else ()
        for index, (item, written) in enumerate(zip_longest(value, spans)):
            place, literal = span, False
            if written is not None:
                _, place, literal = self._places.entry(written)
            here = (*path, index)
            items.append(self._node(force(item), place, here, literal=literal))
        return List(tuple(items), span)

    def _stage(self, value: Attrs, span: Span) -> str:
        """Return the name of a stage that is given by value."""
        names = self._stages.get(id(value), [])
        if len(names) > 1:
            told = " and as ".join(map(repr, names))
            message = f"this stage stands in stages as {told}"
            self._mistake("DB0160", message, span, f'write which: "{names[0]}"')
        elif not names:
            own = force(value.items.get("name"))
            if isinstance(own, str):
                return own
            message = "this set is none of the stages, and has no name"
            hint = "name a stage as text, or by the very value that stands in stages"
            self._mistake("DB0160", message, span, hint)
        return names[0] if names else ""

    def _path(self, value: PathValue, span: Span, path: Path) -> str:
        """Return a path as the schema has it: relative to the project."""
        inside = paths.relative(value.text)
        if inside is None or not paths.takes_a_path(path):
            self._mistakes.append(paths.misplaced(value.text, span, path))
            return value.text
        return inside

    def _text(self, text: str, span: Span, path: Path) -> str:
        """Return a text that is more than ASCII, or has the mark of a path."""
        try:
            text.encode()
        except UnicodeEncodeError:
            self._mistake("DB0106", "this text has bytes that are not UTF-8", span)
            return ""
        if name := paths.named(text):
            self._mistakes.append(paths.in_text(name, span, path))
        return str(text)

    def _mistake(
        self, code: str, message: str, span: Span, hint: str | None = None
    ) -> None:
        self._mistakes.append(Diagnostic(code, message, span, hint))


def _may_be_a_stage(path: Path) -> bool:
    match within_image(path):
        case ("stages", _, "dependencies", int()):
            return True
        case ("stages", _, "copy" | "mounts", _, "stage"):
            return True
        case _:
            return False


def _lists_of_stages(value: Value) -> Iterator[Value]:
    """Yield the stages of a declaration, and those of each of several images."""
    if type(value) is not Attrs:
        return
    if "stages" in value.items:
        yield force(value.items["stages"])
    images = force(value.items["images"]) if "images" in value.items else None
    if type(images) is Attrs:
        for name in sorted(images.items):
            yield from _lists_of_stages(force(images.items[name]))


def _names(lists: Iterable[Value]) -> dict[int, list[str]]:
    """Return the names of the stages by the identity of their values."""
    found: dict[int, list[str]] = {}
    for stages in lists:
        if type(stages) is Attrs:
            for name in sorted(stages.items):
                found.setdefault(id(force(stages.items[name])), []).append(name)
        elif isinstance(stages, list):
            for stage in map(force, stages):
                if type(stage) is Attrs:
                    called = force(stage.items.get("name"))
                    if isinstance(called, str):
                        found.setdefault(id(stage), []).append(called)
    return {identity: list(dict.fromkeys(names)) for identity, names in found.items()}
