"""Diagnosis of the position where the parser stopped, and search for the next one.

To find several mistakes in one run, the binding that contains one is blanked out and
the rest is parsed again: all offsets stay the same.
"""

import re
from dataclasses import dataclass

from dynbuild.errors import Diagnostic, Label
from dynbuild.lang.driver import Stopped, driver
from dynbuild.lang.hints import END, HINTS, Hint
from dynbuild.lang.scanner import Lexeme, scan
from dynbuild.lang.terminals import EXPRESSION_STARTERS, HUMAN, OPERATORS
from dynbuild.spans import Source, Span

MAX_ERRORS = 10
MANY_STARTERS = 8
MANY_OPERATORS = 5
"""If this many operators would fit, a message lists none of them."""
SHOWN = 20
"""Maximum characters of the found text that a message repeats."""

_BRACKETS = {"}": ("{", "${"), "]": ("[",), ")": ("(",)}
_WORDS = {"let": "in", "if": "then", "then": "else", "with": ";", "assert": ";"}


@dataclass(frozen=True, slots=True)
class _Stop:
    """The position where the parser stopped, and its surroundings."""

    position: int
    lexeme: Lexeme | None
    before: Lexeme | None
    earlier: tuple[Lexeme, ...]
    opener: tuple[str, int] | None
    accepts: frozenset[str]

    @property
    def lexeme_kind(self) -> str:
        if self.lexeme is None:
            return END
        return self.lexeme.text if self.lexeme.kind == "bad" else self.lexeme.kind


def syntax_errors(source: Source, stopped: Stopped) -> list[Diagnostic]:
    """Return all syntax errors of a source in which the parser stopped."""
    text = source.text
    diagnostics: list[Diagnostic] = []
    next_stop: Stopped | None = stopped
    while next_stop and len(diagnostics) < MAX_ERRORS:
        stop = _look_around(text, next_stop.position, next_stop.accepts)
        diagnostic = _diagnose(source, stop)
        if any(diagnostic.span == other.span for other in diagnostics):
            break
        diagnostics.append(diagnostic)
        blanked = _without_binding(text, stop)
        if blanked is None:
            break
        text = blanked
        next_stop = _next_stop(text)
    return diagnostics


def _next_stop(text: str) -> Stopped | None:
    try:
        driver().parse(text)
    except Stopped as stopped:
        return stopped
    return None


def _look_around(text: str, position: int, accepts: frozenset[str]) -> _Stop:
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
    return _Stop(start, lexeme, before, tuple(pieces), _opener(pieces), accepts)


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


def _matches(hint: Hint, stop: _Stop) -> bool:
    before = stop.before.kind if stop.before else ""
    opener = stop.opener[0] if stop.opener else ""
    return (
        (not hint.found or stop.lexeme_kind in hint.found)
        and (not hint.before or before in hint.before)
        and (not hint.opener or opener in hint.opener)
        and (not hint.accepts or bool(hint.accepts & stop.accepts))
    )


def _diagnose(source: Source, stop: _Stop) -> Diagnostic:
    before = stop.before
    opener = stop.opener
    length = len(stop.lexeme.text) if stop.lexeme else 1
    span = Span(source, stop.position, stop.position + max(1, length))
    hint = next((row for row in HINTS if _matches(row, stop)), None)
    if hint is None:
        return Diagnostic("DB0201", _plain(stop), span)
    if hint.after_previous:
        end = _end_of_value(stop)
        span = Span(source, end, end + 1)
    labels: tuple[Label, ...] = ()
    if opener and hint.shows_opener:
        word = "if" if opener[0] == "then" else opener[0]
        place = Span(source, opener[1], opener[1] + len(word))
        labels = (Label(place, f"`{word}` stands here"),)
    words = {
        "{found}": stop.lexeme.text if stop.lexeme else "",
        "{before}": before.text if before else "",
        "{opener}": opener[0] if opener else "",
    }
    message, advice = hint.message, hint.hint
    for word, text in words.items():
        message = message.replace(word, text)
        advice = advice and advice.replace(word, text)
    return Diagnostic("DB0201", message, span, advice, labels)


def _end_of_value(stop: _Stop) -> int:
    """Return the end of the previous binding: at ``=``, before the name it binds."""
    pieces = list(stop.earlier)
    if stop.lexeme_kind == "=":
        while pieces and pieces[-1].kind in {"name", "text", "open", "close", "or"}:
            last = pieces.pop()
            if last.kind in {"name", "or"} or (last.kind == "open"):
                if not pieces or pieces[-1].kind != ".":
                    break
                pieces.pop()
    return pieces[-1].end if pieces else stop.position


def _plain(stop: _Stop) -> str:
    """Return the generic message: what was found, and what would fit."""
    description = "the end of the source"
    if stop.lexeme:
        text = stop.lexeme.text
        shown = text if len(text) <= SHOWN else text[:SHOWN] + "…"
        description = (
            f"'{shown}'" if shown.isprintable() else f"character {ord(text[0]):#x}"
        )
    wanted = _wanted(stop.accepts)
    return f"unexpected {description}" + (f"; expected {wanted}" if wanted else "")


def _wanted(accepts: frozenset[str]) -> str:
    names: list[str] = []
    rest = accepts
    if len(accepts & EXPRESSION_STARTERS) >= MANY_STARTERS:
        rest = accepts - EXPRESSION_STARTERS - OPERATORS
        if len(accepts & OPERATORS) < MANY_OPERATORS:
            names.append("an expression")
    elif len(accepts & OPERATORS) >= MANY_OPERATORS:
        rest = accepts - OPERATORS
    names += [HUMAN[name] for name in HUMAN if name in rest]
    *front, last = names[:3] or [""]
    return f"{', '.join(front)} or {last}" if front else last


def _without_binding(text: str, stop: _Stop) -> str | None:
    """Return the text with the stop's binding blanked out; None outside a binding."""
    inside = stop.lexeme.inside if stop.lexeme else None
    while inside and inside.kind != "{":
        inside = inside.outer
    if not inside:
        return None
    ends = [
        piece
        for piece in scan(text)
        if piece.kind in {";", "}"}
        and piece.inside
        and piece.inside.start == inside.start
    ]
    start = max(
        [inside.start + 1, *(end.end for end in ends if end.end <= stop.position)]
    )
    last = next((end for end in ends if end.start >= stop.position), None)
    if last is None:
        return None
    end = last.end if last.kind == ";" else last.start
    if not text[start:end].strip():
        return None
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
