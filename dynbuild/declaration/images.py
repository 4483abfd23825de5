"""Several images of one declaration, each made whole with what it inherits.

An image that extends another has the fields of that one beside its own. The result is a
declaration of one image, with all its places, so that whatever looks at one image
(checks, advice, the target of a lock) looks at each of several.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from dynbuild.declaration.loaded import Loaded, OneOfSeveral
from dynbuild.declaration.schema import Declaration
from dynbuild.declaration.syntax.tree import List, Path, Table, TableEntry, plain
from dynbuild.extending import parents_first

Inherits: TypeAlias = Literal["united", "merged", "replaced", "root", "same"]
"""What an image may say beside what it inherits: items that are added, keys that are
added or replaced, another value; nothing, since the root of the line decides it; or
only the same again."""

FIELDS: Mapping[str, Inherits] = {
    "base": "root",
    "platforms": "root",
    "user": "same",
    "sudo": "same",
    "users": "same",
    "setup": "united",
    "apt_packages": "united",
    "yum_packages": "united",
    "apk_packages": "united",
    "pip_packages": "united",
    "npm_packages": "united",
    "apt_sources": "united",
    "apt_snapshot": "root",
    "pip_index": "root",
    "npm_registry": "root",
    "apt_upgrade": "root",
    "yum_upgrade": "root",
    "apk_upgrade": "root",
    "env_scripts": "united",
    "env": "merged",
    "workdir": "replaced",
    "entrypoint": "replaced",
    "cmd": "replaced",
    "labels": "merged",
    "annotations": "merged",
    "expose": "united",
    "volumes": "united",
    "healthcheck": "replaced",
    "stop_signal": "replaced",
    "source_date_epoch": "replaced",
    "reproducible": "root",
    "shell": "root",
    "stages": "united",
}
_OF_THE_IMAGE = ("extends", "publish")
_OF_ALL = ("args", "ignore_warnings", "lock")
"""What is said at the top, and counts for each image."""


def each_whole(loaded: Loaded) -> Iterator[OneOfSeveral]:
    """Yield the images of a declaration, parents first, with all that they inherit.

    Each must extend an image that exists, without a cycle.
    """
    images = loaded.declaration.images
    whole: dict[str, Loaded] = {}
    for name in parents_first(images):
        image = images[name]
        above = Loaded(Declaration(), Table({}, loaded.tree.span), loaded.syntax)
        if image.extends is not None:
            above = whole[image.extends]
        whole[name] = _whole(loaded, name, above)
        yield OneOfSeveral(name, image.extends, image.publish, image, whole[name])


def _whole(loaded: Loaded, name: str, above: Loaded) -> Loaded:
    tables = loaded.tree.entries["images"].value
    assert isinstance(tables, Table)
    own = tables.entries[name].value
    assert isinstance(own, Table)
    tree = _joined(above.tree, own)
    top = {
        name: entry for name, entry in loaded.tree.entries.items() if name in _OF_ALL
    }
    tree = Table({**tree.entries, **top}, tree.span)
    stages = above.declaration.stages
    return Loaded(
        Declaration.model_validate(plain(tree)),
        tree,
        loaded.syntax,
        by_name=name in loaded.by_name_in,
        arguments=loaded.arguments,
        lost=above.lost | frozenset(_lost(loaded, name, len(stages))),
        inherited=len(stages),
    )


def _joined(above: Table, own: Table) -> Table:
    """Return the fields of an image beside those that it inherits."""
    entries = dict(above.entries)
    if "entrypoint" in own.entries:
        # As in Docker: what was inherited are arguments of another program.
        entries.pop("cmd", None)
    for name, entry in own.entries.items():
        if name in _OF_THE_IMAGE:
            continue
        match FIELDS[name], entries.get(name), entry.value:
            case "united", TableEntry(value=List(items)), List(more, span):
                known = [plain(item) for item in items]
                new = (item for item in more if plain(item) not in known)
                value = List((*items, *new), span)
                entries[name] = TableEntry(entry.key, value)
            case "merged", TableEntry(value=Table(pairs)), Table(more, span):
                entries[name] = TableEntry(entry.key, Table({**pairs, **more}, span))
            case _:
                entries[name] = entry
    return Table(entries, own.span)


def _lost(loaded: Loaded, name: str, inherited: int) -> Iterator[Path]:
    """Yield what an image lost of its own, as paths of the whole."""
    for path in loaded.lost:
        match path:
            case ("images", image, "stages", int(at), *rest) if image == name:
                yield ("stages", at + inherited, *rest)
            case ("images", image, *rest) if image == name:
                yield tuple(rest)
            case _:
                pass
