"""The YAML reader: PyYAML's events, restricted to a plain subset of YAML.

The subset: text, numbers, Booleans, dates, null, lists and tables. Anchors and aliases
are supported, bounded in total size, and so is the merge key ``<<``, with which people
share them. Any other tag, a second document, and a non-text key are refused. Values
are those of YAML 1.1, as most tools read it (``no`` is false); where text is expected,
the error says what was read instead, with a hint to quote.
"""

import re
from collections.abc import Callable, Iterator

import yaml

from dynbuild.declaration.syntax.tree import (
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_VALUES,
    MIN_INTEGER,
    Leaf,
    List,
    Node,
    Scalar,
    Table,
    TableEntry,
    too_deep,
    too_large,
    too_many,
    twice,
)
from dynbuild.errors import DeclarationError, Diagnostic, Label
from dynbuild.spans import Source, Span
from dynbuild.values import dataclass

MAX_ALIASED = 100_000
"""Values that aliases may repeat in total: far above any use, far below a bomb."""

_TAG = "tag:yaml.org,2002:"
_SCALARS = {"str", "int", "float", "bool", "null", "timestamp"}
_MERGE = "merge"
_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SURROGATES = re.compile("[\ud800-\udfff]+")
_JSON_FLOAT = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?[eE][-+]?\d+", re.ASCII)
_WORDS: tuple[tuple[str, str, str | None], ...] = (
    (
        r"mapping values are not allowed",
        "a key cannot stand here",
        "check the indentation, and quote a text that holds ': '",
    ),
    (
        r"'\\t' that cannot start",
        "a tab in the indentation",
        "YAML indents with blanks",
    ),
    (
        r"'[@`%]' that cannot start",
        "a text cannot start with this character",
        "put the text in quotes",
    ),
    (r"could not find expected ':'", "expected : after the key", "write key: value"),
    (
        r"expected <block end>, but found",
        "this does not line up with what it stands in",
        "check the indentation, and quote a text that starts with a quote or a bracket",
    ),
    (
        r"expected ',' or '([\]}])'",
        r"expected , or \1",
        "separate items by commas, and close what is open",
    ),
    (
        r"unexpected end of stream",
        "this text is not closed before the end of the file",
        "end it with the quote that it begins with",
    ),
    (
        r"unknown escape character|expected escape sequence",
        "this is not an escape of YAML",
        r"write \\ for a backslash, or use 'single quotes'",
    ),
    (
        r"expected alphabetic or numeric",
        "expected the name of an anchor or alias",
        "put a text that starts with * or & in quotes",
    ),
    (
        r"special characters are not allowed|unacceptable character",
        "this control character is not allowed",
        r'in "double quotes" it can be written \xXX',
    ),
)


def read(source: Source) -> Node:
    """Return the tree of a document. Raises DeclarationError with its mistakes.

    An empty document is an empty table.
    """
    try:
        return _document(source, _FAST)
    except yaml.YAMLError:
        pass  # retried in Python, so that errors have one wording
    try:
        return _document(source, yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise DeclarationError(_explain(source, error)) from None


@dataclass(slots=True)
class _Read:
    """A complete value, with the size and height that an alias to it adds."""

    node: Node
    size: int = 1
    height: int = 0
    key: bool = False
    """Whether it can be a key: a scalar without alias."""
    merge: bool = False
    """Whether it is the plain key ``<<``."""


def _document(source: Source, loader: type[yaml.SafeLoader]) -> Node:
    return _Composer(source, yaml.parse(source.text, Loader=loader)).document()


class _Composer:
    """A composer of events to a tree; collects mistakes that are not fatal."""

    def __init__(self, source: Source, events: Iterator[yaml.Event]) -> None:
        self.source = source
        self.events = events
        self.anchors: dict[str, _Read] = {}
        self.count = self.aliased = 0
        self.mistakes: list[Diagnostic] = []
        self.values = yaml.SafeLoader("")
        self._resolve: Callable[..., str] = self.values.resolve

    def document(self) -> Node:
        node: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent) and node:
                hint = "a file holds one declaration"
                self._mistake("DB0104", "a second document", self._span(event), hint)
                break
            if isinstance(event, yaml.NodeEvent):
                node = self._value(event, 0).node
        if self.mistakes:
            raise DeclarationError(*self.mistakes)
        start = Span(self.source, 0, 0)
        if node is None or (
            isinstance(node, Leaf) and node.span.start == node.span.end
        ):
            return Table({}, start)
        return node

    def _span(self, event: yaml.Event) -> Span:
        assert event.start_mark
        assert event.end_mark
        return Span(self.source, event.start_mark.index, event.end_mark.index)

    def _value(self, event: yaml.Event, depth: int) -> _Read:
        span = self._span(event)
        if depth > MAX_DEPTH:
            raise DeclarationError(*self.mistakes, too_deep(span))
        self.count += 1
        if self.count > MAX_VALUES:
            raise DeclarationError(*self.mistakes, too_many(span))
        match event:
            case yaml.AliasEvent():
                return self._alias(event.anchor or "", span, depth)
            case yaml.ScalarEvent():
                read = self._scalar(event, span)
            case yaml.SequenceStartEvent():
                self._tag(event.tag, "seq", span)
                read = self._list(span, depth)
            case _:
                assert isinstance(event, yaml.MappingStartEvent)
                self._tag(event.tag, "map", span)
                read = self._table(span, depth)
        if event.anchor:
            self.anchors[event.anchor] = read
        return read

    def _alias(self, name: str, span: Span, depth: int) -> _Read:
        known = self.anchors.get(name)
        if known is None:
            message = f"no anchor &{name} is finished before this alias"
            self._mistake("DB0101", f"not valid YAML: {message}", span)
            return _Read(Leaf(None, span))
        self.aliased += known.size
        if self.aliased > MAX_ALIASED:
            message = f"aliases repeat more than {MAX_ALIASED} values"
            raise DeclarationError(*self.mistakes, Diagnostic("DB0103", message, span))
        if depth + known.height > MAX_DEPTH:
            raise DeclarationError(*self.mistakes, too_deep(span))
        return _Read(known.node, known.size, known.height)

    def _list(self, start: Span, depth: int) -> _Read:
        items: list[_Read] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._value(event, depth + 1))
        span = self._extent(start, event)
        return _Read(
            List(tuple(item.node for item in items), span),
            1 + sum(item.size for item in items),
            1 + max((item.height for item in items), default=0),
        )

    def _table(self, start: Span, depth: int) -> _Read:
        entries: dict[str, TableEntry] = {}
        merged: list[tuple[Span, Node]] = []
        size, height = 1, 0
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            value = self._value(next(self.events), depth + 1)
            size, height = size + value.size, max(height, value.height)
            match key:
                case _Read(merge=True):
                    merged.append((key.node.span, value.node))
                case _Read(Leaf(str(name), span), key=True):
                    if name in entries:
                        self.mistakes.append(twice(name, span, entries[name].key))
                    else:
                        entries[name] = TableEntry(span, value.node)
                case _Read(Leaf(_, span), key=True):
                    said = self.source.text[span.start : span.end]
                    hint = f"put the key in quotes: {said!r}".replace("'", '"')
                    self._mistake("DB0105", "a key must be text", span, hint)
                case _:
                    hint = "put a text that starts with { or [ in quotes"
                    self._mistake(
                        "DB0105", "a key must be plain text", key.node.span, hint
                    )
        for span, node in merged:
            for name, entry in self._merged(span, node):
                entries.setdefault(name, entry)
        return _Read(Table(entries, self._extent(start, event)), size, 1 + height)

    def _merged(self, span: Span, node: Node) -> Iterator[tuple[str, TableEntry]]:
        """Yield the entries that a merge key adds; of several tables the first wins."""
        for table in node.items if isinstance(node, List) else (node,):
            if isinstance(table, Table):
                yield from table.entries.items()
            else:
                message = "<< takes an alias to a table, or a list of them"
                self._mistake("DB0104", message, span)

    def _scalar(self, event: yaml.ScalarEvent, span: Span) -> _Read:
        plain, _ = event.implicit
        tag = self._tag(event.tag, "str", span)
        if plain and event.tag is None:
            tag = self._resolve(yaml.ScalarNode, event.value, (True, False))
            tag = tag.removeprefix(_TAG)
            if tag == "str" and _JSON_FLOAT.fullmatch(event.value):
                tag = "float"
        if tag == _MERGE:
            return _Read(Leaf(event.value, span), key=True, merge=True)
        if tag not in _SCALARS:  # "=", YAML 1.1's default value
            tag = "str"
        value: Scalar
        if tag == "str":
            value = self._text(event.value, span)
        else:
            value = self._typed(event, tag, span)
        return _Read(Leaf(value, span), key=True)

    def _text(self, text: str, span: Span) -> str:
        """Return the text with JSON's surrogate pairs combined into one character."""
        try:
            return _SURROGATES.sub(
                lambda found: (
                    found[0].encode("utf-16", "surrogatepass").decode("utf-16")
                ),
                text,
            )
        except UnicodeDecodeError:
            message = "half of a surrogate pair, which is not a character"
            self._mistake("DB0101", f"not valid YAML: {message}", span)
            return ""

    def _typed(self, event: yaml.ScalarEvent, tag: str, span: Span) -> Scalar:
        node = yaml.ScalarNode(_TAG + tag, event.value)
        try:
            value: Scalar = self.values.construct_object(node)
        except (ValueError, LookupError, AttributeError, yaml.YAMLError):
            message = f"not valid YAML: this is no {tag}"
            self._mistake("DB0101", message, span, "put a text in quotes")
            return None
        if type(value) is int and not MIN_INTEGER <= value <= MAX_INTEGER:
            self.mistakes.append(too_large(span))
        return value

    def _tag(self, written: str | None, kind: str, span: Span) -> str:
        """Return the tag without YAML's prefix, if it is a core tag of this kind."""
        if written is None or written == "!":
            return kind
        tag = written.removeprefix(_TAG)
        if tag == kind or (kind == "str" and tag in _SCALARS):
            return tag
        shown = written.replace(_TAG, "!!")
        self._mistake(
            "DB0104", f"the tag {shown} is not allowed here", span, "remove it"
        )
        return kind

    def _extent(self, start: Span, end: yaml.Event) -> Span:
        """Return the span from the start of a collection to its last character."""
        text = self.source.text[start.start : self._span(end).end].rstrip()
        return Span(self.source, start.start, start.start + max(1, len(text)))

    def _mistake(
        self, code: str, message: str, span: Span, hint: str | None = None
    ) -> None:
        self.mistakes.append(Diagnostic(code, message, span, hint))


def _explain(source: Source, error: yaml.YAMLError) -> Diagnostic:
    """Return the diagnostic for an error of PyYAML, at its location."""
    labels: tuple[Label, ...] = ()
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", error))
    mark = getattr(error, "problem_mark", None)
    offset = mark.index if mark else getattr(error, "position", 0)
    context = getattr(error, "context_mark", None)
    if context and context.index < offset:
        started = Span(source, context.index, context.index + 1)
        labels = (Label(started, "what it stands in starts here"),)
    message, hint = problem, None
    for pattern, words, advice in _WORDS:
        if match := re.search(pattern, problem):
            message, hint = match.expand(words), advice
            break
    end = max(0, len(source.text.rstrip()) - 1)
    span = Span(source, min(offset, end), min(offset, end) + 1)
    return Diagnostic("DB0101", f"not valid YAML: {message}", span, hint, labels)
