"""What stands around the position where the parser stopped."""

from dynbuild.lang.hints import END
from dynbuild.lang.scanner import Lexeme, scan
from dynbuild.values import dataclass

_BRACKETS = {"}": ("{", "${"), "]": ("[",), ")": ("(",)}
_WORDS = {"let": "in", "if": "then", "then": "else", "with": ";", "assert": ";"}


@dataclass(frozen=True, slots=True)
class Stop:
    """The position where the parser stopped, and its surroundings."""

    position: int
    lexeme: Lexeme | None
    before: Lexeme | None
    earlier: tuple[Lexeme, ...]
    opener: tuple[str, int] | None
    accepts: frozenset[str]

    @property
    def found(self) -> str:
        if self.lexeme is None:
            return END
        return self.lexeme.text if self.lexeme.kind == "bad" else self.lexeme.kind


def look_around(text: str, position: int, accepts: frozenset[str]) -> Stop:
    pieces: list[Lexeme] = []
    lexeme = None
    for piece in scan(text):
        if piece.kind == "unclosed" or piece.end > position:
            lexeme = piece
            break
        if piece.kind not in {"space", "comment"}:
            pieces.append(piece)
    if lexeme is not None and lexeme.kind in {"space", "comment"}:
        lexeme = None
    if lexeme is not None and lexeme.start < position and lexeme.kind == "text":
        lexeme = Lexeme("bad", text[position], position, lexeme.inside)
    start = lexeme.start if lexeme else position
    before = pieces[-1] if pieces else None
    return Stop(start, lexeme, before, tuple(pieces), _opener(pieces), accepts)


def _opener(pieces: list[Lexeme]) -> tuple[str, int] | None:
    """Return the innermost open construct: a bracket, a string, a keyword."""
    stack: list[tuple[str, int]] = []
    for piece in pieces:
        kind = piece.kind
        if kind in {"{", "[", "(", "${"}:
            stack.append((kind, piece.start))
        elif kind == "open":
            stack.append((piece.text.strip(" \n"), piece.start))
        elif kind == "close" and piece.text:
            _pop(stack, (piece.text,))
        elif kind in _BRACKETS:
            _pop(stack, _BRACKETS[kind])
        elif stack and _WORDS.get(stack[-1][0]) == kind:
            _, start = stack.pop()
            if kind == "then":
                stack.append(("then", start))
        elif kind == ";" and stack and stack[-1][0] in {"then", "if"}:
            _pop(stack, ("with", "assert"))
        if kind in {"let", "if", "with", "assert"}:
            stack.append((kind, piece.start))
    return stack[-1] if stack else None


def _pop(stack: list[tuple[str, int]], openers: tuple[str, ...]) -> None:
    """Close the nearest of these openers, and everything still open inside it."""
    for index in range(len(stack) - 1, -1, -1):
        if stack[index][0] in openers:
            del stack[index:]
            return
        if stack[index][0] in {"{", "[", "(", "${", '"', "''"}:
            return
