"""From a file's text to a declaration, reporting all of its mistakes at once."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain

from dynbuild.declaration.advice import advise
from dynbuild.declaration.advice.images import check_equal
from dynbuild.declaration.check import check
from dynbuild.declaration.check.images import SHARED, check_images
from dynbuild.declaration.images import each_whole
from dynbuild.declaration.inputs import ROOT, Inputs
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema import Declaration, ImageFields
from dynbuild.declaration.syntax import Syntax, bounded
from dynbuild.declaration.syntax.normal import normal
from dynbuild.declaration.syntax.secrecy import redacted, shown_in, without_secrets
from dynbuild.declaration.syntax.shape import validate
from dynbuild.declaration.syntax.shape_messages import found
from dynbuild.declaration.syntax.spelling import spelled
from dynbuild.declaration.syntax.tree import Node, Table
from dynbuild.declaration.syntax.tree_codec import ReadFact, freeze, thaw
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.spans import Source, Span

_CONFLICT = re.compile(r"^<{7}(?= |\r?$)[^\r\n]*", re.MULTILINE)

MAX_REPORTED = 100
"""Mistakes reported in one run; more are likely one mistake repeated many times."""


def load(source: Source, syntax: Syntax, inputs: Inputs | None = None) -> Loaded:
    """Read a declaration. Raises DeclarationError with all its mistakes."""
    bounded(source.name, len(source.text))
    _refuse_markers(source)
    inputs = inputs or Inputs()
    try:
        if syntax == "nix":
            return _evaluated(source, inputs)
        tree = _reader(syntax)(source)
        if isinstance(tree, Table) and "args" in tree.entries:
            return _with_arguments(tree, syntax, inputs, source)
        warnings = _without_arguments(source, inputs)
    except DeclarationError as error:
        safe = redacted(source)
        told = [
            shown_in(one, safe) if syntax != "nix" else one
            for one in _told(error.diagnostics)
        ]
        raise DeclarationError(*told) from None
    return _warned(from_tree(tree, syntax), warnings)


def _with_arguments(
    tree: Table, syntax: Syntax, inputs: Inputs, source: Source
) -> Loaded:
    """Build a declaration whose ``[args]`` have their values."""
    from dynbuild.declaration.syntax import parameters  # noqa: PLC0415 - for few

    tree, arguments, warnings = parameters.put_in(tree, inputs, source)
    return _warned(replace(from_tree(tree, syntax), arguments=arguments), warnings)


def _reader(syntax: Syntax) -> Callable[[Source], Node]:
    """Return the reader of a syntax; each is imported only when needed."""
    match syntax:
        case "toml":
            from dynbuild.declaration.syntax import toml  # noqa: PLC0415

            return toml.read
        case "json":
            from dynbuild.declaration.syntax import json  # noqa: PLC0415

            return json.read
        case _:
            from dynbuild.declaration.syntax import yaml  # noqa: PLC0415

            return yaml.read


def _refuse_markers(source: Source) -> None:
    """Refuse merge conflict markers, before they fail as syntax errors."""
    match = _CONFLICT.search(source.text)
    if match:
        hint = "resolve the conflict; then run `dynbuild lock`"
        raise DeclarationError(
            Diagnostic(
                "DB0101",
                "merge conflict markers",
                Span(source, match.start(), match.end()),
                hint,
            )
        )


def from_tree(node: Node, syntax: Syntax) -> Loaded:
    """Build a declaration from a tree, whatever it was read from.

    Hints are written in the given syntax.
    """
    if not isinstance(node, Table):
        message = f"expected a table of fields, found {found(node)}"
        base = spelled(syntax, "base", str(ImageFields.model_fields["base"].default))
        hint = f"write fields, such as {base}"
        if syntax in ("nix", "json"):
            hint = f"write fields in braces: {{ {base} }}"
        raise DeclarationError(Diagnostic("DB0111", message, node.span, hint))
    tree, by_name, mistakes = normal(without_secrets(node))
    declaration, tree, lost, wrong = validate(tree)
    loaded = Loaded(declaration, tree, syntax, "" in by_name, lost=lost)
    mistakes += wrong
    if "images" in tree.entries:
        loaded = replace(loaded, by_name_in=by_name)
        between = check_images(loaded)
        mistakes += between
        if not between and not any(path[2:] == ("extends",) for path in lost):
            loaded = replace(loaded, images=tuple(each_whole(loaded)))
    mistakes += _once(check(one) for one in _each(loaded))
    if mistakes:
        raise DeclarationError(*_told(mistakes))
    ignored = declaration.ignore_warnings
    advice = [*_once(advise(one) for one in _each(loaded)), *check_equal(loaded)]
    warnings = [one for one in advice if one.code not in ignored]
    return replace(loaded, warnings=tuple(_told(warnings)))


def _each(loaded: Loaded) -> Iterator[Loaded]:
    """Yield what can be checked as one image: each of several, and what is common."""
    if "images" not in loaded.tree.entries:
        yield loaded
        return
    common = {
        name: entry for name, entry in loaded.tree.entries.items() if name in SHARED
    }
    kept = {name: getattr(loaded.declaration, name) for name in SHARED}
    alone = Declaration().model_copy(update=kept)
    yield replace(loaded, declaration=alone, tree=Table(common, loaded.tree.span))
    yield from (image.whole for image in loaded.images)


def _once(found: Iterable[Iterable[Diagnostic]]) -> list[Diagnostic]:
    """Return diagnostics without those that an image only inherits: parents first."""
    first: dict[tuple[object, ...], Diagnostic] = {}
    for one in chain.from_iterable(found):
        first.setdefault((one.code, one.message, one.span), one)
    return [*first.values()]


def _evaluated(source: Source, inputs: Inputs) -> Loaded:
    """Evaluate a declaration in the language, unless the result is cached."""
    question = (source.name, source.text, *_asked(inputs))
    known = inputs.memory.recall(question) if inputs.memory else None
    read = thaw(known) if isinstance(known, tuple) else None
    if read is None:
        read = _evaluate(source, inputs, question)
    loaded = replace(from_tree(read.tree, "nix"), arguments=read.arguments)
    return _warned(loaded, read.warnings)


def _evaluate(source: Source, inputs: Inputs, question: tuple[object, ...]) -> ReadFact:
    """Evaluate, and cache the result if it came without warnings or output."""
    from dynbuild.declaration.syntax import nix  # noqa: PLC0415 - only this needs the parser

    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        inputs.say(text)

    read = nix.read(source, replace(inputs, say=say))
    if inputs.memory and not said and not read.warnings:
        inputs.memory.remember(question, freeze(read))
    return read


def _asked(inputs: Inputs) -> tuple[object, ...]:
    """Return the cache key of an evaluation, besides the source and the files."""
    given = [
        (name, value, "") if isinstance(value, str) else (name, value.name, value.text)
        for name, value in sorted(inputs.given.items())
    ]
    recorded = repr(sorted(inputs.recorded.items()))
    return (given, recorded, inputs.directory, inputs.shown(ROOT))


def _without_arguments(source: Source, inputs: Inputs) -> tuple[Diagnostic, ...]:
    """Refuse arguments where there is no function to take them."""
    if not (inputs.given or inputs.recorded):
        return ()
    from dynbuild.declaration.syntax import arguments  # noqa: PLC0415

    names = dict.fromkeys(inputs.given, "")
    return arguments.choose(None, inputs.recorded, names, source)[1]


def _warned(loaded: Loaded, warnings: tuple[Diagnostic, ...]) -> Loaded:
    return replace(loaded, warnings=(*warnings, *loaded.warnings))


def _told(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort by location; report an unprintable value only as unprintable."""
    found = sorted(diagnostics, key=_place)
    unprintable = {one.span for one in found if one.code == "DB0143"}
    told = [one for one in found if one.code == "DB0143" or one.span not in unprintable]
    if len(told) > MAX_REPORTED:
        more = f"and {len(told) - MAX_REPORTED} more, not shown"
        severity = told[0].severity
        told[MAX_REPORTED:] = [Diagnostic("DB0109", more, severity=severity)]
    return told


def _place(diagnostic: Diagnostic) -> tuple[str, int, str]:
    span = diagnostic.span
    return (span.source.name, span.start, diagnostic.code) if span else ("", 0, "")
