"""The syntax of POSIX extended regular expressions, as strict as Nix's.

Nix is strict where POSIX leaves the behaviour undefined: only special characters can
be escaped, a repetition needs something to repeat, and ``{,n}`` is an error.
"""

from typing import TypeAlias

from dynbuild.lang.coerce import decode
from dynbuild.lang.failure import Failure
from dynbuild.values import dataclass

ANY = (1 << 256) - 1
MAX_NESTING = 200
MAX_REPEAT = 10_000
SPECIAL = b"^$\\.*+?()[{|"


@dataclass(frozen=True, slots=True)
class Set:
    """One byte of those whose bit is set in the mask."""

    mask: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """``start`` or ``end``."""

    kind: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """A concatenation."""

    items: "tuple[RegexNode, ...]"


@dataclass(frozen=True, slots=True)
class Alternatives:
    """An alternation."""

    items: "tuple[RegexNode, ...]"


@dataclass(frozen=True, slots=True)
class CaptureGroup:
    """A capture group."""

    index: int
    body: "RegexNode"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A repetition, with its minimum and maximum count."""

    body: "RegexNode"
    least: int
    most: int | None


RegexNode: TypeAlias = Set | Anchor | Sequence | Alternatives | CaptureGroup | Repeat


def _mask(data: bytes) -> int:
    return sum(1 << byte for byte in set(data))


_LOWER = b"abcdefghijklmnopqrstuvwxyz"
_DIGIT = b"0123456789"
_PUNCT = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
CLASSES = {
    b"alpha": _mask(_LOWER + _LOWER.upper()),
    b"digit": _mask(_DIGIT),
    b"d": _mask(_DIGIT),
    b"alnum": _mask(_LOWER + _LOWER.upper() + _DIGIT),
    b"w": _mask(_LOWER + _LOWER.upper() + _DIGIT + b"_"),
    b"upper": _mask(_LOWER.upper()),
    b"lower": _mask(_LOWER),
    b"space": _mask(b" \t\n\r\f\v"),
    b"s": _mask(b" \t\n\r\f\v"),
    b"blank": _mask(b" \t"),
    b"punct": _mask(_PUNCT),
    b"print": _mask(_LOWER + _LOWER.upper() + _DIGIT + _PUNCT + b" "),
    b"graph": _mask(_LOWER + _LOWER.upper() + _DIGIT + _PUNCT),
    b"cntrl": _mask(bytes(range(32)) + b"\x7f"),
    b"xdigit": _mask(_DIGIT + b"abcdefABCDEF"),
}


def is_nullable(node: RegexNode) -> bool:
    """Whether a pattern can match the empty string."""
    match node:
        case Set():
            return False
        case Anchor():
            return True
        case Sequence(items):
            return all(is_nullable(item) for item in items)
        case Alternatives(items):
            return any(is_nullable(item) for item in items)
        case CaptureGroup(_, body):
            return is_nullable(body)
        case Repeat(body, least, _):
            return not least or is_nullable(body)


def has_groups(node: RegexNode) -> bool:
    """Whether a pattern has capture groups."""
    match node:
        case CaptureGroup():
            return True
        case Sequence(items) | Alternatives(items):
            return any(has_groups(item) for item in items)
        case Repeat(body, _, _):
            return has_groups(body)
        case Set() | Anchor():
            return False


def too_complex() -> Failure:
    """Return the failure for a pattern whose program would be too large."""
    return Failure("DB0221", "the regular expression is too complex")


@dataclass(slots=True)
class _RegexReader:
    """A pattern being read."""

    data: bytes
    position: int = 0
    groups: int = 0
    nesting: int = 0

    def peek(self, token: bytes) -> bool:
        return self.data.startswith(token, self.position)

    def accept(self, token: bytes) -> bool:
        if not self.peek(token):
            return False
        self.position += len(token)
        return True

    def byte(self) -> int:
        if self.position >= len(self.data):
            raise self.wrong("it ends too early")
        self.position += 1
        return self.data[self.position - 1]

    def wrong(self, what: str) -> Failure:
        pattern = decode(self.data)
        return Failure("DB0221", f"the regular expression '{pattern}' is wrong: {what}")


def parse_regex(pattern: bytes) -> tuple[RegexNode, int]:
    """Return the tree of a pattern and its number of groups."""
    reader = _RegexReader(pattern)
    node = _alternatives(reader)
    if reader.position < len(pattern):
        raise reader.wrong("a ')' closes nothing")
    return node, reader.groups


def _alternatives(reader: _RegexReader) -> RegexNode:
    items = [_sequence(reader)]
    while reader.accept(b"|"):
        items.append(_sequence(reader))
    return items[0] if len(items) == 1 else Alternatives(tuple(items))


def _sequence(reader: _RegexReader) -> RegexNode:
    items: list[RegexNode] = []
    while reader.position < len(reader.data) and not (
        reader.peek(b"|") or reader.peek(b")")
    ):
        items.append(_term(reader))
    return Sequence(tuple(items))


def _term(reader: _RegexReader) -> RegexNode:
    char = reader.data[reader.position : reader.position + 1]
    if char in {b"*", b"+", b"?", b"{"}:
        raise reader.wrong(f"there is nothing for '{decode(char)}' to repeat")
    if reader.accept(b"^"):
        return Anchor("start")
    if reader.accept(b"$"):
        return Anchor("end")
    return _repeated(reader, _atom(reader))


def _repeated(reader: _RegexReader, node: RegexNode) -> RegexNode:
    while True:
        if reader.accept(b"*"):
            node = Repeat(node, 0, None)
        elif reader.accept(b"+"):
            node = Repeat(node, 1, None)
        elif reader.accept(b"?"):
            node = Repeat(node, 0, 1)
        elif reader.accept(b"{"):
            node = _counted(reader, node)
        else:
            return node
        reader.nesting += 1
        if reader.nesting > MAX_NESTING:
            raise too_complex()


def _counted(reader: _RegexReader, node: RegexNode) -> RegexNode:
    least = _number(reader)
    if least is None:
        raise reader.wrong("a number must follow '{'")
    most: int | None = least
    if reader.accept(b","):
        most = _number(reader)
    if not reader.accept(b"}"):
        raise reader.wrong("a '{' is not closed")
    if most is not None and most < least:
        raise reader.wrong(f"{{{least},{most}}} is the wrong way round")
    return Repeat(node, least, most)


def _number(reader: _RegexReader) -> int | None:
    start = reader.position
    while reader.data[reader.position : reader.position + 1].isdigit():
        reader.position += 1
    if reader.position - start > len(str(MAX_REPEAT)):
        raise too_complex()
    return (
        int(reader.data[start : reader.position]) if reader.position > start else None
    )


def _atom(reader: _RegexReader) -> RegexNode:
    if reader.accept(b"("):
        return _group(reader)
    if reader.accept(b"["):
        return _bracket(reader)
    if reader.accept(b"."):
        return Set(ANY & ~1)
    if reader.accept(b"\\"):
        byte = reader.byte()
        if byte not in SPECIAL:
            raise reader.wrong(
                f"'{decode(bytes([byte]))}' cannot be escaped; use a class like "
                "[[:digit:]], or [ ] around what is meant as it is"
            )
        return Set(1 << byte)
    return Set(1 << reader.byte())


def _group(reader: _RegexReader) -> RegexNode:
    reader.groups += 1
    reader.nesting += 1
    if reader.nesting > MAX_NESTING:
        raise too_complex()
    index = reader.groups
    body = _alternatives(reader)
    if not reader.accept(b")"):
        raise reader.wrong("a '(' is not closed")
    reader.nesting -= 1
    return CaptureGroup(index, body)


# Bracket expressions


def _bracket(reader: _RegexReader) -> RegexNode:
    negated = reader.accept(b"^")
    mask = 0
    first = True
    while first or not reader.accept(b"]"):
        first = False
        item = _bracket_item(reader)
        if isinstance(item, int):
            mask |= item
            continue
        start = item[0]
        if reader.peek(b"-") and not reader.peek(b"-]"):
            reader.position += 1
            end = _bracket_item(reader)
            if isinstance(end, int) or end[0] < start:
                raise reader.wrong("a range in [ ] is the wrong way round")
            if reader.peek(b"-") and not reader.peek(b"-]"):
                raise reader.wrong("two ranges in [ ] share an end")
            mask |= (1 << end[0] + 1) - (1 << start)
        else:
            mask |= 1 << start
    return Set(ANY & ~mask if negated else mask)


def _bracket_item(reader: _RegexReader) -> int | tuple[int]:
    """Return the mask of a class, or a single byte as a tuple."""
    if reader.accept(b"[:"):
        name = _named(reader, b":]").lower()
        if name not in CLASSES:
            raise reader.wrong(f"there is no class [:{decode(name)}:]")
        return CLASSES[name]
    for opening, closing in ((b"[.", b".]"), (b"[=", b"=]")):
        if reader.accept(opening):
            name = _named(reader, closing)
            if len(name) != 1:
                raise reader.wrong(f"'{decode(name)}' is not one character")
            return (name[0],)
    return (reader.byte(),)


def _named(reader: _RegexReader, closing: bytes) -> bytes:
    end = reader.data.find(closing, reader.position)
    if end < 0:
        raise reader.wrong("a '[' is not closed")
    name = reader.data[reader.position : end]
    reader.position = end + len(closing)
    return name
