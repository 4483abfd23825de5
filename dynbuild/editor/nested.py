"""The cursor in the language: braces, lists, bindings, and what is in scope."""

from dynbuild.editor.cursor import Cursor, Frame
from dynbuild.lang.scanner import KEYWORDS, Lexeme, scan
from dynbuild.values import dataclass

_APPLIED = {"name", "close", "}", ")", "]", "number"}
"""After one of these, what follows is an argument: nothing is known of it."""

_WORDS = {"name", "number", *KEYWORDS}


@dataclass(frozen=True, slots=True)
class NixCursor:
    """A cursor, the names of the expression selected from, and names around it.

    ``subject`` is ``("a", "b")`` in ``a.b.|``; ``in_text`` where no code is written.
    """

    cursor: Cursor
    subject: tuple[str, ...]
    names: frozenset[str]
    in_text: bool


def cursor_in_nix(text: str, at: int) -> NixCursor:
    """Return the cursor at an offset of a source in the language."""
    frames = [Frame("value", (), is_value=True)]
    before: list[Lexeme] = []
    last: Lexeme | None = None
    for lexeme in scan(text):
        if lexeme.start >= at:
            break
        last = lexeme
        if lexeme.end >= at and (lexeme.kind in _WORDS or lexeme.kind == "text"):
            break
        if lexeme.kind in ("comment", "unclosed") and lexeme.end >= at:
            return _nowhere(at, frames)
        if lexeme.kind not in ("space", "comment"):
            _step(frames, lexeme, before[-1].kind if before else "")
            before.append(lexeme)
            del before[:-64]
    top = frames[-1]
    names = frozenset(name for frame in frames for name in frame.keys)
    in_text = top.kind in ('"', "''", "path")
    start = end = at
    if last is not None and last.end >= at and last.kind in _WORDS | {"text"}:
        start, end = last.start, last.end
        if in_text:
            start = max(start, text.rfind("\n", 0, at) + 1)
            end = min(end, _line_end(text, at))
    if in_text:
        outer = frames[-2]
        cursor = outer.at(start, end, top.kind)
        return NixCursor(cursor, (), names, in_text=True)
    return NixCursor(top.at(start, end), _subject(before), names, in_text=False)


def _nowhere(at: int, frames: list[Frame]) -> NixCursor:
    names = frozenset(name for frame in frames for name in frame.keys)
    return NixCursor(Cursor(None, "value", at, at), (), names, in_text=True)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _subject(before: list[Lexeme]) -> tuple[str, ...]:
    """Return the names before the dot that ends what was read."""
    names: list[str] = []
    rest = list(before)
    while rest and rest[-1].kind == "." and len(rest) > 1 and rest[-2].kind == "name":
        names.insert(0, rest[-2].text)
        del rest[-2:]
    return tuple(names)


def _step(  # noqa: C901, PLR0912 - one case a token
    frames: list[Frame], lexeme: Lexeme, before: str
) -> None:
    """Follow one piece of the source."""
    top = frames[-1]
    match lexeme.kind:
        case "open":
            quote = "''" if lexeme.text[0] == "'" else '"'
            frames.append(Frame(quote, None, is_value=True))
        case "close":
            _close(frames, ('"', "''"))
        case "{":
            applied = before in _APPLIED and top.kind not in ("[", "{")
            frames.append(Frame("{", None if applied else top.inside))
        case "[":
            frames.append(Frame("[", top.inside))
        case "(":
            frames.append(Frame("(", top.inside, is_value=True))
        case "${":
            frames.append(Frame("(", None, is_value=True))
        case "let":
            frames.append(Frame("let", None))
        case "}" | "]" | ")":
            _close(frames, ("{", "[", "(", "let"))
        case "in" if top.kind == "let":
            # What follows is what the whole is; names of the let stay known.
            above = frames[-2].inside
            top.kind, top.path, top.key, top.is_value = "in", above, (), True
        case ";":
            while len(frames) > 1 and frames[-1].kind == "in":
                _leave(frames)
            frames[-1].key, frames[-1].is_value = (), frames[-1].kind == "value"
        case "=":
            top.is_value = True
            top.keys.update(top.key[:1])
        case "name" | "text":
            _named(frames, lexeme)
        case _:
            pass


def _named(frames: list[Frame], lexeme: Lexeme) -> None:
    top = frames[-1]
    if top.kind in ("{", "let") and not top.is_value:
        top.key = (*top.key, lexeme.text)
    elif top.kind in ('"', "''") and len(frames) > 1:
        outer = frames[-2]
        if outer.kind in ("{", "let") and not outer.is_value:
            outer.key = (*outer.key, lexeme.text)


def _close(frames: list[Frame], kinds: tuple[str, ...]) -> None:
    while len(frames) > 1 and frames[-1].kind == "in":
        _leave(frames)
    if len(frames) > 1 and frames[-1].kind in kinds:
        frames.pop()
        if frames[-1].kind == "[":
            frames[-1].index += 1


def _leave(frames: list[Frame]) -> None:
    frames.pop()
