"""Renaming, which is made only where the declaration means the same afterwards."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from dynbuild.cli.server.asking import Asked
from dynbuild.cli.server.checking import Checked, checked
from dynbuild.declaration.check.stages import refusal
from dynbuild.editor.infer import NixFile
from dynbuild.editor.scopes import Binder, Use
from dynbuild.editor.stages import images_of, is_renamed, renaming
from dynbuild.errors import Edit
from dynbuild.lang.printing import attribute_literal
from dynbuild.lang.scanner import KEYWORDS
from dynbuild.lang.syntax import (
    AttrSet,
    Binding,
    Call,
    Function,
    Identifier,
    Inherit,
    Name,
    PathLiteral,
    SyntaxNode,
    children,
)
from dynbuild.project.discovery import read_source
from dynbuild.spans import Span


class NotRenamedError(Exception):
    """A reason why something is not renamed, as people read it."""


def renamed(asked: Asked, new: str) -> tuple[Edit, ...]:
    """Return the edits that rename what is named here. Raises NotRenamedError."""
    valid = asked.valid
    if (
        valid is None
        or valid.loaded is None
        or valid.texts.get(asked.path) != asked.text
    ):
        raise NotRenamedError("correct the mistakes of the declaration first")
    if (place := asked.stage_place()) is not None:
        old = place.stage
        if (reason := refusal(new)) is not None:
            raise NotRenamedError(f"a stage cannot be called {new!r}: {reason}")
        images = images_of(valid.loaded, place)
        edits = renaming(valid.loaded, place, new)
        if edits is None:
            raise NotRenamedError(f"the name {old!r} is computed: change what makes it")
    else:
        old, images = "", frozenset[str]()
        edits = tuple(_of_name(asked, new))
    after = checked(valid.place, _edited(valid, edits))
    before = valid.loaded.each
    if after.loaded is None:
        first = after.diagnostics[0].message
        raise NotRenamedError(f"the declaration would have a mistake: {first}")
    found = after.loaded.each
    if before.keys() != found.keys() or not all(
        is_renamed(
            one.declaration,
            found[name].declaration,
            old if name in images else "",
            new,
        )
        for name, one in before.items()
    ):
        raise NotRenamedError(
            f"with the name {new!r} the declaration would mean another"
        )
    return edits


def _edited(valid: Checked, edits: Iterable[Edit]) -> dict[Path, str]:
    """Return the texts after edits, of files that are not open as well."""
    texts = dict(valid.texts)
    last_first = sorted(edits, key=lambda edit: -edit.span.start)
    for edit in last_first:
        path = valid.path(edit.span.source)
        if path not in texts:
            texts[path] = read_source(str(path)).text
        text = texts[path]
        texts[path] = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return texts


def _of_name(asked: Asked, new: str) -> Iterator[Edit]:
    """Yield the edits of a name of the language, in its file and in calls of it."""
    file = asked.file() if asked.syntax == "nix" else None
    binder = file.names.binder_at(asked.at) if file else None
    if file is None or binder is None:
        raise NotRenamedError("nothing here has a name of its own")
    if new in KEYWORDS or attribute_literal(new) != new:
        raise NotRenamedError(f"{new!r} is no name")
    if binder.kind == "attribute":
        raise NotRenamedError(
            "an attribute may be taken by name anywhere; rename what is bound by `let`"
        )
    scope = file.names.scope_at(binder.start)
    if scope is not None and scope.find(new) is not None:
        raise NotRenamedError(f"{new!r} is taken")
    if file.names.confuses(file.tree, binder, new):
        raise NotRenamedError(f"{new!r} means something else where it would be read")
    yield from _binding(file, binder, new)
    for use in file.names.uses_of(binder):
        yield from _use(file, use, new)
    if binder.kind == "parameter":
        yield from _calls(asked, file, binder, new)


def _binding(file: NixFile, binder: Binder, new: str) -> Iterator[Edit]:
    """Yield the edits where a name is bound; paths bind it several times."""
    places = {(binder.start, binder.end)}
    for binding in getattr(binder.of, "bindings", ()):
        match binding:
            case Binding(path=(Name(start, end, text), *_)) if text == binder.name:
                places.add((start, end))
            case Inherit(names=names) if any(
                isinstance(name, Name) and name.text == binder.name for name in names
            ):
                raise NotRenamedError(f"{binder.name!r} is inherited from elsewhere")
            case _:
                pass
    yield from (Edit(Span(file.source, *place), new) for place in sorted(places))


def _use(file: NixFile, use: Use, new: str) -> Iterator[Edit]:
    if use.around is None:
        yield Edit(Span(file.source, use.start, use.end), new)
        return
    # The set goes on to have an attribute of the old name.
    old = use.binder.name
    start, end = use.around.start, use.around.end
    if len(use.around.names) == 1:
        # What is between the words, as a comment, stays.
        word = Span(file.source, start, start + len("inherit"))
        yield Edit(word, f"{old} =")
        yield Edit(Span(file.source, use.start, use.end), new)
    else:
        before = file.source.text[use.start - 1]
        begin = use.start - (before == " ")
        yield Edit(Span(file.source, begin, use.end), "")
        yield Edit(Span(file.source, end, end), f" {old} = {new};")


def _calls(asked: Asked, file: NixFile, binder: Binder, new: str) -> Iterator[Edit]:
    """Yield the edits of arguments that calls give to a parameter by name."""
    function = binder.of
    assert isinstance(function, Function)
    if function.pattern is None or (
        function.whole and function.whole.text == binder.name
    ):
        return
    is_config = asked.valid is not None and asked.path == asked.valid.config
    if is_config and file.tree is function:
        raise NotRenamedError(
            f"{binder.name!r} is an argument of the declaration: command lines and "
            "the lock name it"
        )
    for other in _project_files(asked):
        for call in _all_calls(other.tree):
            if _called(asked, other, call) == (file.source.name, function.start):
                yield from _argument(other, call, binder.name, new)


def _project_files(asked: Asked) -> Iterator[NixFile]:
    assert asked.valid is not None
    for path in sorted({*asked.valid.read, asked.valid.config}):
        if path.suffix == ".nix" and (path.is_file() or path in asked.valid.texts):
            text = asked.valid.texts.get(path)
            text = read_source(str(path)).text if text is None else text
            if (file := asked.files.of(path, asked.root, text)) is not None:
                yield file


def _all_calls(tree: SyntaxNode) -> Iterator[Call]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            yield node
        waiting += children(node)


def _called(asked: Asked, file: NixFile, call: Call) -> tuple[str, int] | None:
    """Return the function that a call is of: its file, and where it begins there."""
    match call.function, call.arguments:
        case Identifier(name="import"), (PathLiteral(parts=(str(path),)), *_):
            target = asked.files.imported_by(asked.valid, file, path)
            return (target.source.name, target.tree.start) if target else None
        case Identifier(start=start), _:
            binder = file.names.binder_at(start)
            value = binder.value if binder else None
            if isinstance(value, Function):
                return file.source.name, value.start
            if isinstance(value, Call):
                return _called(asked, file, value)
            return None
        case _:
            return None


def _argument(file: NixFile, call: Call, old: str, new: str) -> Iterator[Edit]:
    for given in call.arguments:
        if not isinstance(given, AttrSet):
            continue
        for binding in given.bindings:
            match binding:
                case Binding(path=(Name(start, end, text), *_)) if text == old:
                    yield Edit(Span(file.source, start, end), new)
                case Inherit(start, end, None, (Name(text=text),)) if text == old:
                    yield Edit(Span(file.source, start, end), f"{new} = {old};")
                case _:
                    pass
