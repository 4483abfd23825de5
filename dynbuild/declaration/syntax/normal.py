"""From a tree as people write it to the schema's form, in which each thing has one.

What stands for something longer is written out, with the places of what was written.
"""

from collections.abc import Iterator, Mapping
from operator import itemgetter

from dynbuild.declaration.schema import ImageFields, needs_every_other
from dynbuild.declaration.schema_packages import INSTALLING
from dynbuild.declaration.syntax.tree import (
    Leaf,
    List,
    Node,
    Table,
    TableEntry,
    plain,
)
from dynbuild.errors import Diagnostic, respellings
from dynbuild.spans import Span
from dynbuild.steps.managers import MANAGERS

_SHORT = {"user": "name", "healthcheck": "cmd"}
"""Tables at the top that a text may stand for, by the key that it is the value of."""

_SHARED = ("build_only", "only", "base", "platform", "track")
"""What the stage of a ``then`` says as the one that it is of does."""

_INDEXES = tuple(row.index_field for row in MANAGERS.values() if row.index_field)

_WRITTEN_OUT = frozenset({"then", "copy", "files", "base", "build_only", *_INDEXES})
"""What a stage may say in short; a stage without any of it stays as it is."""

TAIL = ".then"
"""How the name of a stage ends that another one's ``then`` stands for."""


def normal(tree: Table) -> tuple[Table, frozenset[str], list[Diagnostic]]:
    """Convert a tree to the schema's form; return whose stages were by name.

    That is the name of an image, or "" for the stages at the top.
    """
    mistakes: list[Diagnostic] = []
    tree, is_by_name = _normal_image(tree, _base_of(tree, {}), mistakes)
    by_name = {""} if is_by_name else set()
    match tree.entries.get("images"):
        case TableEntry(key, Table(images, span)):
            tables = {}
            for name, entry in images.items():
                tables[name] = entry
                if isinstance(entry.value, Table):
                    base = _base_of(entry.value, images)
                    image, is_by_name = _normal_image(entry.value, base, mistakes)
                    tables[name] = TableEntry(entry.key, image)
                    by_name |= {name} if is_by_name else set()
            entry = TableEntry(key, Table(tables, span))
            tree = Table({**tree.entries, "images": entry}, tree.span)
        case _:
            pass
    return tree, frozenset(by_name), mistakes


def _base_of(image: Table, images: Mapping[str, TableEntry]) -> str:
    """Return what an image starts from, which the root of its line says."""
    for _ in range(len(images)):
        match image.entries.get("extends"):
            case TableEntry(value=Leaf(str(name))) if name in images:
                above = images[name].value
                image = above if isinstance(above, Table) else image
            case _:
                break
    match image.entries.get("base"):
        case TableEntry(value=Leaf(str(base))):
            return base
        case _:
            return str(ImageFields.model_fields["base"].default)


def _normal_image(
    tree: Table, base: str, mistakes: list[Diagnostic]
) -> tuple[Table, bool]:
    """Convert the table of an image; return whether its stages were by name."""
    entries = dict(tree.entries)
    for field, meant in _SHORT.items():
        if (written := entries.get(field)) is not None:
            entries[field] = TableEntry(written.key, _as_table(meant, written.value))
    _items_as_tables(entries, "users", "name")
    _items_as_tables(entries, "args", "default")
    _indexes(entries)
    if (setup := entries.get("setup")) is not None:
        entries["setup"] = _setups(setup, mistakes)
    stages = entries.get("stages")
    by_name = stages is not None and isinstance(stages.value, Table)
    match stages:
        case TableEntry(key, Table(named, span)):
            items = [
                _named(name, entry, mistakes)
                for name, entry in sorted(named.items(), key=itemgetter(0))
            ]
            items.sort(key=lambda item: needs_every_other(plain(item)))
        case TableEntry(key, List(listed, span)):
            items = [*listed]
        case _:
            return Table(entries, tree.span), False
    every = [one for item in items for one in _written_out(item, base, mistakes)]
    entries["stages"] = TableEntry(key, List(tuple(every), span))
    return Table(entries, tree.span), by_name


def _indexes(entries: dict[str, TableEntry]) -> None:
    """Let an address mean a table, and one table a list."""
    for field in _INDEXES:
        match entries.get(field):
            case TableEntry(at, Leaf(str()) | Table() as one):
                entries[field] = TableEntry(at, List((one,), one.span))
            case _:
                pass
        _items_as_tables(entries, field, "url")


def _items_as_tables(entries: dict[str, TableEntry], field: str, key: str) -> None:
    """Let each text in a list, or in a table, mean a table with that one key."""
    match entries.get(field):
        case TableEntry(at, List(items, span)):
            listed = tuple(_as_table(key, one) for one in items)
            entries[field] = TableEntry(at, List(listed, span))
        case TableEntry(at, Table(items, span)):
            tables = {
                name: TableEntry(one.key, _as_table(key, one.value))
                for name, one in items.items()
            }
            entries[field] = TableEntry(at, Table(tables, span))
        case _:
            pass


def _as_table(key: str, node: Node) -> Node:
    """Let a text mean a table in which it is the value of a key."""
    match node:
        case Leaf(str(), span):
            return Table({key: TableEntry(span, node)}, span)
        case _:
            return node


def _named(name: str, entry: TableEntry, mistakes: list[Diagnostic]) -> Node:
    """Give a stage the name of its key."""
    if not isinstance(entry.value, Table):
        return entry.value
    given = entry.value.entries.get("name")
    if given and not (isinstance(given.value, Leaf) and given.value.value == name):
        message = f"this stage is called {name!r} already, by its key"
        hint = "remove this name, or write the stages as a list"
        mistakes.append(Diagnostic("DB0102", message, given.value.span, hint))
    own = {"name": TableEntry(entry.key, Leaf(name, entry.key))}
    rest = {key: below for key, below in entry.value.entries.items() if key != "name"}
    return Table(own | rest, entry.value.span)


def _written_out(stage: Node, base: str, mistakes: list[Diagnostic]) -> Iterator[Node]:
    """Yield a stage in the schema's form, and the one that its ``then`` stands for.

    ``base`` is what the image starts from.
    """
    if not isinstance(stage, Table):
        yield stage
        return
    name = stage.entries.get("name")
    match name:
        case TableEntry(value=Leaf(str(text), span)) if text.endswith(TAIL):
            message = f"a stage cannot be called {text!r}: what a `then` copies is"
            hint = f"write {text.removesuffix(TAIL)!r}, or another name"
            mistakes.append(Diagnostic("DB0120", message, span, hint))
        case _:
            pass
    if stage.entries.keys().isdisjoint(_WRITTEN_OUT):
        yield stage
        return
    entries = dict(stage.entries)
    then = entries.pop("then", None)
    if "copy" in entries:
        entries["copy"] = _one_by_one(entries["copy"], mistakes)
    _items_as_tables(entries, "files", "text")
    _indexes(entries)
    if (own := entries.get("base")) is not None and "build_only" not in entries:
        # Nothing of another base can be part of the image.
        entries["build_only"] = TableEntry(own.key, Leaf(value=True, span=own.key))
    if own is None and (listed := _listed_apart(entries)) is not None:
        entries["base"] = TableEntry(listed, Leaf(base, listed))
    yield Table(entries, stage.span)
    match name:
        case TableEntry(value=Leaf(str(text))) if then is not None:
            yield _tail(text, entries, then, mistakes)
        case _:
            pass


def _listed_apart(stage: Mapping[str, TableEntry]) -> Span | None:
    """Return where a build-only stage lists packages, if it does.

    They have a log of their own, which begins on the image's base.
    """
    match stage.get("build_only"):
        case TableEntry(value=Leaf(True)):
            lists = (stage.get(field) for field in INSTALLING)
            return next((one.key for one in lists if one and _says(one)), None)
        case _:
            return None


def _says(entry: TableEntry) -> bool:
    """Whether a field is not written as it is where it is left out."""
    match entry.value:
        case List(items):
            return bool(items)
        case Leaf(False):
            return False
        case _:
            return True


def _setups(setup: TableEntry, mistakes: list[Diagnostic]) -> TableEntry:
    """Convert what is set up to the schema's form."""
    if not isinstance(setup.value, List):
        return setup
    found: list[Node] = []
    for one in setup.value.items:
        if not isinstance(one, Table):
            found.append(one)
            continue
        entries = dict(one.entries)
        if "copy" in entries:
            entries["copy"] = _one_by_one(entries["copy"], mistakes)
        _items_as_tables(entries, "files", "text")
        found.append(Table(entries, one.span))
    return TableEntry(setup.key, List(tuple(found), setup.value.span))


def _tail(
    name: str,
    stage: Mapping[str, TableEntry],
    then: TableEntry,
    mistakes: list[Diagnostic],
) -> Table:
    """Return the stage of what another one copies after its commands."""
    own: dict[str, Node] = {
        "name": Leaf(f"{name}{TAIL}", then.key),
        "dependencies": List((Leaf(name, then.key),), then.key),
    }
    entries = {field: TableEntry(then.key, node) for field, node in own.items()}
    entries["copy"] = _one_by_one(then, mistakes)
    entries |= {key: stage[key] for key in _SHARED if key in stage}
    return Table(entries, then.value.span)


def _one_by_one(copies: TableEntry, mistakes: list[Diagnostic]) -> TableEntry:
    """Let a copy of several sources be several copies."""
    if not isinstance(copies.value, List):
        return copies
    items = [one for copy in copies.value.items for one in _of_each(copy, mistakes)]
    return TableEntry(copies.key, List(tuple(items), copies.value.span))


def _of_each(copy: Node, mistakes: list[Diagnostic]) -> Iterator[Node]:
    match copy:
        case Table({"from": TableEntry(key, List(sources))} as entries) if sources:
            to = entries.get("to")
            match to:
                case TableEntry(value=Leaf(str(text), span)) if text[-1:] != "/":
                    message = "what several sources are copied to is a directory"
                    mends = respellings(span, text, [f"{text}/"])
                    hint = f"write {text + '/'!r}"
                    mistakes.append(
                        Diagnostic("DB0142", message, span, hint, mends=mends)
                    )
                case _:
                    pass
            for source in sources:
                yield Table({**entries, "from": TableEntry(key, source)}, copy.span)
        case _:
            yield copy
