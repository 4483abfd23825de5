"""The cursor in JSON, in flow style of YAML, and in values of TOML: brackets."""

import re
from collections.abc import Iterable

from dynbuild.declaration.syntax.tree import Path
from dynbuild.editor.cursor import Cursor, Frame
from dynbuild.values import dataclass

_PIECE = re.compile(
    r"""(?P<space>[\s]+)
      | (?P<comment>\#[^\r\n]*|//[^\r\n]*)
      | (?P<text>"{3}(?:[^"\\]|\\.|"(?!""))*(?:"{3})?|'{3}(?:[^']|'(?!''))*(?:'{3})?
          |"(?:[^"\\\r\n]|\\.)*"?|'[^'\r\n]*'?)
      | (?P<mark>[{}\[\],:=.])
      | (?P<word>[^\s{}\[\],:="'\#.]+|\#)""",
    re.VERBOSE | re.DOTALL,
)
_REST_OF_WORD = re.compile(r"[\w./*-]*")
_QUOTES = ('"""', "'''", '"', "'")


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, text or mark of a source."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def quote(self) -> str:
        if self.kind != "text":
            return ""
        return next(one for one in _QUOTES if self.text.startswith(one))

    @property
    def inner(self) -> tuple[int, int]:
        """The offsets of the word in its quotes."""
        quote = self.quote
        closed = len(self.text) >= 2 * len(quote) and self.text.endswith(quote)
        shut = len(quote) if quote and closed else 0
        return self.start + len(quote), self.end - shut

    @property
    def value(self) -> str:
        return self.text[len(self.quote) : self.inner[1] - self.start]


def pieces(text: str, start: int, end: int) -> Iterable[Piece]:
    """Yield the pieces that begin before an end, the last one whole."""
    at = start
    while at < end and (match := _PIECE.match(text, at)):
        yield Piece(match.lastgroup or "", match[0], at)
        at = match.end()


def cursor_in_flow(
    text: str, start: int, at: int, path: Path | None, frame: Frame | None = None
) -> Cursor:
    """Return the cursor at an offset, where a value begins at ``start``.

    ``frame`` is given where not a value begins there, but keys.
    """
    frames = [frame or Frame("value", path, is_value=True)]
    last: Piece | None = None
    for piece in pieces(text, start, at):
        last = piece
        if piece.end >= at and piece.kind != "mark":
            break
        _step(frames, piece)
    top = frames[-1]
    if last is None or last.end < at or last.kind in ("space", "mark"):
        return top.at(at, at)
    if last.kind == "comment":
        return Cursor(None, "value", at, at)
    begin, end = last.inner
    # A text that is not closed goes on to the next quote: its word ends before.
    rest = _REST_OF_WORD.match(text, at)
    assert rest
    return top.at(min(begin, at), max(min(end, rest.end()), at), last.quote)


def _step(frames: list[Frame], piece: Piece) -> None:
    top = frames[-1]
    match piece.kind, piece.text:
        case "mark", ("{" | "[") as opener:
            frames.append(Frame(opener, top.inside))
        case "mark", "}" | "]":
            if len(frames) > 1:
                frames.pop()
        case "mark", ",":
            top.index += 1
            top.key, top.is_value = (), top.kind == "value"
        case "mark", ":" | "=":
            if top.kind != "[" and not top.is_value:
                top.is_value = True
                top.keys.update(top.key[:1])
        case (("text" | "word"), _):
            if top.kind not in ("[", "value") and not top.is_value:
                top.key = (*top.key, piece.value)
        case _:
            pass
