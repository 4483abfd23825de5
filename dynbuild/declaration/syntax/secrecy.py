"""Redaction of secrets: anything that looks like one is starred in every excerpt."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import assert_never

from dynbuild.declaration.grammar import is_secret, is_secret_key, names_a_secret
from dynbuild.declaration.syntax.tree import Leaf, List, Node, Table, TableEntry
from dynbuild.errors import Diagnostic, Label
from dynbuild.spans import Source, Span

_ENVIRONMENTS = ("env", "build_env")
_VISIBLE = re.compile(r"[^\n]")
_KEY = re.compile(r"(?<![A-Za-z0-9_])([A-Za-z0-9_]++)[\"']?[ \t]*+[:=][ \t]*+")
_QUOTED = re.compile(
    r"\"{3}(?s:.*?)(?:\"{3}|\Z)|'{3}(?s:.*?)(?:'{3}|\Z)"
    r"|\"(?:[^\"\\\n]|\\.)*\"?|'[^'\n]*+'?"
)
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*+)[ \t]*+(?:[;,}\r\n]|\Z)")
_LINE = re.compile(r"[^\n]*+")
_EXPRESSION = re.compile(
    r"(?:\"(?:[^\"\\]|\\.)*\"?|''(?:[^']|'[^'])*(?:''|\Z)|[^;,\"'\n]|')*", re.DOTALL
)
_LOGIN = re.compile(
    r"(?:(?<=//)|(?<=\\/))"
    r"(?:[^/?#@\s\"'<>]+(?:@[^/?#@\s\"'<>]+)*"
    r"|[^/?#@:\s\"'<>]+:(?![0-9]+(?:[/?#\\]|\Z))[^\s\"'<>]{0,200})(?=@)"
)
"""Who asks, and with which password, in an address of any protocol.

A password may have what it may not have there: an @, a slash.
"""

_STARS = re.compile(r"\*[* ]*")
_LEAST = 4
"""Characters of a text that a message does not repeat; fewer may be any word."""
_GLANCE = 200
"""Leading characters of a value that decide whether it looks like a secret."""


def without_secrets(tree: Table) -> Table:
    """Return the tree with secrets starred in the sources that its spans show."""
    hidden: dict[Source, list[Span]] = {}
    for span in _secrets(tree):
        hidden.setdefault(span.source, []).append(span)
    for source in {span.source for span in _addresses(tree)}:
        hidden.setdefault(source, []).extend(_logins(source))
    if not hidden:
        return tree
    table = _moved(tree, {old: _starred(old, spans) for old, spans in hidden.items()})
    assert isinstance(table, Table)
    return table


def redacted(source: Source) -> Source:
    """Star likely secrets in a text that could not be read as a tree."""
    return _redacted(source, _LINE)


def redacted_expression(source: Source) -> Source:
    """Star likely secrets in a source of the language, and no more."""
    return _redacted(source, _EXPRESSION)


def starred_texts(source: Source) -> Iterator[str]:
    """Yield the texts that ``redacted_expression`` stars, without their quotes."""
    shown = redacted_expression(source).text
    for run in _STARS.finditer(shown):
        text = source.text[run.start() : run.end()].strip("\"'; \t")
        if text != run[0] and len(text) >= _LEAST:
            yield text


def _redacted(source: Source, value: re.Pattern[str]) -> Source:
    keys = [*_KEY.finditer(source.text)]
    names: set[str] = set()
    logins = list(_logins(source))
    spans = [*_written(source, keys, (), value), *logins]
    texts = [source.text[one.start : one.end] for one in spans]
    waiting = [other[1] for text in texts if (other := _NAME.match(text))]
    bound = _bound(source, keys) if waiting else {}
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting += bound.get(name, ())
    # A secret that is first bound to another name is starred there as well.
    if names:
        spans = [*_written(source, keys, names, value), *logins]
    return _starred(source, spans)


def _bound(source: Source, keys: Iterable[re.Match[str]]) -> dict[str, set[str]]:
    """Return the names that each key is bound to."""
    bound: dict[str, set[str]] = {}
    for key in keys:
        if other := _NAME.match(source.text, key.end()):
            bound.setdefault(key[1], set()).add(other[1])
    return bound


def _written(
    source: Source,
    keys: Iterable[re.Match[str]],
    names: Collection[str],
    value: re.Pattern[str],
) -> Iterator[Span]:
    """Yield values after keys, in any syntax or none; ``value`` if not quoted."""
    done = 0
    for key in keys:
        if key.start() < done:
            continue
        start = key.end()
        if not (key[1] == "value" or key[1] in names or _begins_secret(source, key)):
            continue
        bare = _EXPRESSION if key[1] in names else value
        found = None if bare is _EXPRESSION else _QUOTED.match(source.text, start)
        found = found or bare.match(source.text, start)
        assert found  # it may be empty
        done = found.end()
        yield Span(source, start, done)


def _begins_secret(source: Source, key: re.Match[str]) -> bool:
    """Whether what follows a key seems to be a secret; few names are of one."""
    return names_a_secret(key[1]) and is_secret(
        key[1],
        source.text[key.end() : key.end() + _GLANCE].strip("\"' \n").split("\n")[0],
    )


def without_logins(text: str) -> str:
    """Return a text that a message may repeat, without passwords in addresses."""
    return _LOGIN.sub("***", text)


def shown_in(diagnostic: Diagnostic, source: Source) -> Diagnostic:
    """Return the diagnostic with its spans in another text of the same layout."""
    return replace(
        diagnostic,
        span=diagnostic.span and replace(diagnostic.span, source=source),
        labels=tuple(
            Label(replace(label.span, source=source), label.text)
            for label in diagnostic.labels
        ),
        # What a mend would write around starred text could be of a secret.
        mends=diagnostic.mends
        if diagnostic.span and diagnostic.span.source.text == source.text
        else (),
    )


def _starred(source: Source, spans: list[Span]) -> Source:
    pieces, done = [], 0
    for span in sorted(spans, key=lambda span: span.start):
        start = max(done, span.start)
        pieces.append(source.text[done:start])
        pieces.append(_VISIBLE.sub("*", source.text[start : span.end]))
        done = max(start, span.end)
    return Source(source.name, "".join(pieces) + source.text[done:])


def _secrets(tree: Table) -> Iterator[Span]:
    """Yield the spans of likely secrets: in environments, secrets and keys.

    ``secret`` is the id of one.
    """
    waiting: list[Table | List] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, List):
            waiting += [item for item in node.items if not isinstance(item, Leaf)]
        else:
            for name, entry in node.entries.items():
                value = entry.value
                if name == "secrets":
                    yield from _in_secrets(value)
                elif isinstance(value, Leaf):
                    if name != "secret" and is_secret(name, str(value.value)):
                        yield value.span
                elif name in _ENVIRONMENTS and isinstance(value, Table):
                    yield from _in_environment(value)
                elif name == "trusted_keys" and isinstance(value, List):
                    yield from _in_keys(value)
                else:
                    waiting.append(value)


def _logins(source: Source) -> Iterator[Span]:
    if "@" not in source.text:
        return
    for match in _LOGIN.finditer(source.text):
        yield Span(source, match.start(), match.end())


def _addresses(tree: Table) -> Iterator[Span]:
    """Yield the spans of texts that have an address with a login in it."""
    waiting: list[Node] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Leaf):
            text = node.value
            if isinstance(text, str) and "@" in text and _LOGIN.search(text):
                yield node.span
        elif isinstance(node, List):
            waiting += node.items
        else:
            waiting += [entry.value for entry in node.entries.values()]


def _in_environment(table: Table) -> Iterator[Span]:
    for name, entry in table.entries.items():
        if isinstance(entry.value, Leaf) and is_secret(name, str(entry.value.value)):
            yield entry.value.span


def _in_secrets(node: Node) -> Iterator[Span]:
    match node:
        case Table(entries):
            # The model is slow to import, and most declarations have no secrets.
            from dynbuild.declaration.schema_stage import Secret  # noqa: PLC0415

            for name, entry in entries.items():
                if name not in Secret.model_fields:
                    yield entry.value.span
        case List(items):
            for item in items:
                yield from _in_secrets(item)
        case _:
            pass


def _in_keys(keys: List) -> Iterator[Span]:
    for item in keys.items:
        if isinstance(item, Leaf) and is_secret_key(str(item.value)):
            yield item.span


def _moved(node: Node, starred: dict[Source, Source]) -> Node:
    """Return the node with its spans in the starred sources."""

    def moved(span: Span) -> Span:
        return replace(span, source=starred.get(span.source, span.source))

    match node:
        case Leaf(value, span, literal):
            return Leaf(value, moved(span), literal)
        case List(items, span):
            return List(tuple(_moved(item, starred) for item in items), moved(span))
        case Table(entries, span):
            return Table(
                {
                    name: TableEntry(moved(entry.key), _moved(entry.value, starred))
                    for name, entry in entries.items()
                },
                moved(span),
            )
        case _:
            assert_never(node)
