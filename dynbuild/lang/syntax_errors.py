"""Diagnosis of the position where the parser stopped, and search for the next one.

To find several mistakes in one run, the binding that contains one is blanked out and
the rest is parsed again: all offsets stay the same.
"""

import re

from dynbuild.errors import Diagnostic, Edit, Label, Mend
from dynbuild.lang.driver import Stopped, driver
from dynbuild.lang.habits import Habit, habit
from dynbuild.lang.hints import HINTS, Hint
from dynbuild.lang.scanner import scan
from dynbuild.lang.surroundings import Stop, look_around
from dynbuild.lang.terminals import EXPRESSION_STARTERS, HUMAN, OPERATORS
from dynbuild.spans import Source, Span

MAX_ERRORS = 10
MANY_STARTERS = 8
MANY_OPERATORS = 5
"""If this many operators would fit, a message lists none of them."""
SHOWN = 20
"""Maximum characters of the found text that a message repeats."""

_WRITES = {
    "byte order mark": "",
    "colon after key": " =",
    "comma in arguments": "",
    "comma in list": "",
    "comma in set": ";",
    "comment not closed": "*/",
    "comment with slashes": "#",
    "comparison": "==",
    "dollar": "",
    "double equals": "=",
    "indented not closed": "''",
    "missing semicolon": ";",
    "one and": "&&",
    "one or": "||",
    "semicolon in list": "",
    "trailing semicolon": "",
}
"""What mends a mistake, by its name: in place of what was found, or inserted."""


_ADVICE = {
    "closes nothing": "remove it, or open it before",
    "end": "write what is missing, or remove what is begun",
    "no name after dot": "write a name after it, or remove it",
    "nothing there": "write one, or remove `{before}`",
    "power": "multiply: a * a",
    "wrong closer": "write `{closer}` before it, or remove it",
}
"""What to do about mistakes whose message says only what is wrong."""

_CLOSERS = {"{": "}", "${": "}", "[": "]", "(": ")"}

_AN_EXPRESSION = (
    'an expression is a text in quotes, "…", a number, a path, ./a, a name, a list, '
    "[ … ], or a set, { … }"
)

_AT_THE_END = frozenset({"comment not closed", "indented not closed"})
"""Those that go on to the end of the source, wherever they were meant to end."""

_OTHER_QUOTES = re.compile(r"(['`])([^'`\"\n\\$]*)\1")
"""A text in the quotes of another language, which says the same in double ones."""


def syntax_errors(source: Source, stopped: Stopped) -> list[Diagnostic]:
    """Return all syntax errors of a source in which the parser stopped."""
    text = source.text
    diagnostics: list[Diagnostic] = []
    next_stop: Stopped | None = stopped
    while next_stop and len(diagnostics) < MAX_ERRORS:
        stop = look_around(text, next_stop.position, next_stop.accepts)
        habitual = habit(text, stop)
        diagnostic = (
            _of_habit(source, stop, habitual) if habitual else _diagnose(source, stop)
        )
        if any(diagnostic.span == other.span for other in diagnostics):
            break
        diagnostics.append(diagnostic)
        if habitual and habitual.is_last:
            break
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


def _matches(hint: Hint, stop: Stop) -> bool:
    before = stop.before.kind if stop.before else ""
    opener = stop.opener[0] if stop.opener else ""
    return (
        (not hint.found or stop.found in hint.found)
        and (not hint.before or before in hint.before)
        and (not hint.opener or opener in hint.opener)
        and (not hint.accepts or bool(hint.accepts & stop.accepts))
    )


def _diagnose(source: Source, stop: Stop) -> Diagnostic:
    before = stop.before
    opener = stop.opener
    length = len(stop.lexeme.text) if stop.lexeme else 1
    span = Span(source, stop.position, stop.position + max(1, length))
    hint = next((row for row in HINTS if _matches(row, stop)), None)
    if hint is None:
        return _unforeseen(stop, span)
    if hint.after_previous:
        end = _end_of_value(stop)
        span = Span(source, end, end + 1)
    labels: tuple[Label, ...] = ()
    if opener and hint.shows_opener:
        word = "if" if opener[0] == "then" else opener[0]
        place = Span(source, opener[1], opener[1] + len(word))
        told = f"`{word}` stands here" if word.isalpha() else "opened here"
        labels = (Label(place, told),)
    words = {
        "{found}": stop.lexeme.text if stop.lexeme else "",
        "{before}": before.text if before else "",
        "{opener}": opener[0] if opener else "",
        "{closer}": _CLOSERS.get(opener[0], "") if opener else "",
    }
    right = _WRITES.get(hint.name)
    message, advice = hint.message, hint.hint or _advice(hint, right)
    for word, text in words.items():
        message = message.replace(word, text)
        advice = advice and advice.replace(word, text)
    mends: tuple[Mend, ...] = ()
    if stop.found == "url":  # name:value, without a blank
        sign = source.text.index(":", span.start)
        mends = (_writing(Span(source, sign, sign + 1), " = "),)
    elif stop.found == "=" and hint.name == "double equals":
        mends = (_writing(span, ""),)
    elif right is not None:
        at = Span(source, span.start, span.start) if hint.after_previous else span
        if hint.name in _AT_THE_END:
            at = Span(source, len(source.text), len(source.text))
        mends = (_writing(at, right),)
    elif match := _OTHER_QUOTES.match(source.text, span.start):
        at = Span(source, match.start(), match.end())
        mends = (Mend("use double quotes", (Edit(at, f'"{match[2]}"'),)),)
    return Diagnostic("DB0201", message, span, advice, labels, mends=mends)


def _unforeseen(stop: Stop, span: Span) -> Diagnostic:
    """Return the diagnostic for what no row is about: what would fit."""
    message = _plain(stop)
    advice = _AN_EXPRESSION if "an expression" in message else None
    if stop.opener and stop.opener[0] == "{" and "expected a name" in message:
        advice = "a set is written { name = value; }"
    return Diagnostic("DB0201", message, span, advice)


def _advice(hint: Hint, right: str | None) -> str | None:
    """Return what to do about a mistake whose row says nothing of that."""
    if right is not None:
        return f"write `{right}`"
    if hint.message.endswith("is not closed"):
        return "end it with {closer}"
    return _ADVICE.get(hint.name)


def _of_habit(source: Source, stop: Stop, found: Habit) -> Diagnostic:
    length = len(stop.lexeme.text) if stop.lexeme else 1
    start, end = found.place or (stop.position, stop.position + max(1, length))
    labels: tuple[Label, ...] = ()
    if found.opened is not None:
        opened = Span(source, found.opened, found.opened + 1)
        labels = (Label(opened, "opened here"),)
    mends: tuple[Mend, ...] = ()
    if found.writes is not None:
        (first, last), right = found.writes
        mends = (_writing(Span(source, first, last), right),)
    span = Span(source, start, end)
    return Diagnostic("DB0201", found.message, span, found.hint, labels, mends=mends)


def _writing(at: Span, right: str) -> Mend:
    wrong = at.source.text[at.start : at.end].strip()
    title = f"write `{right.strip()}`" if right else f"remove `{wrong}`"
    return Mend(title, (Edit(at, right),))


def _end_of_value(stop: Stop) -> int:
    """Return the end of the previous binding: at ``=``, before the name it binds."""
    pieces = list(stop.earlier)
    if stop.found == "=":
        while pieces and pieces[-1].kind in {"name", "text", "open", "close", "or"}:
            last = pieces.pop()
            if last.kind in {"name", "or"} or (last.kind == "open"):
                if not pieces or pieces[-1].kind != ".":
                    break
                pieces.pop()
    return pieces[-1].end if pieces else stop.position


def _plain(stop: Stop) -> str:
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


def _without_binding(text: str, stop: Stop) -> str | None:
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
