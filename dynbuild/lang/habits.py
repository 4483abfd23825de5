"""Habits from other languages that are syntax errors, recognised by several pieces.

``hints`` matches what stands at the place where the parser stopped; these look further
around it: at the statement, the line, and the opener.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from dynbuild.lang.hints import END
from dynbuild.lang.scanner import Lexeme
from dynbuild.lang.surroundings import Stop
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Habit:
    """A mistake in words, its place if it is not where the parser stopped."""

    message: str
    hint: str
    place: tuple[int, int] | None = None
    opened: int | None = None
    """Where the construct that is not closed was opened."""
    is_last: bool = False
    """Whether what is found behind it would only confuse."""
    writes: tuple[tuple[int, int], str] | None = None
    """What mends it, and the place where it is to stand."""


Recognise = Callable[[str, Stop], Habit | None]

_WORDS = {
    "def": ("a function is no statement", "write name = argument: …;"),
    "function": ("a function needs no keyword", "write name = argument: …;"),
    "fn": ("a function needs no keyword", "write name = argument: …;"),
    "func": ("a function needs no keyword", "write name = argument: …;"),
    "lambda": ("a function needs no keyword", "write (argument: …)"),
    "elif": ("there is no `elif`", "write else if … then … else …"),
    "elseif": ("there is no `elseif`", "write else if … then … else …"),
}
"""Words that other languages have, which are names here."""

_NEEDLESS = frozenset({"function", "fn", "func", "lambda"})
"""Those that only have to go."""

_ELSE_IF = frozenset({"elif", "elseif"})

_ENDING = re.compile(r"[ \t]*[\])};, \t\r]*$")
"""What follows a text on its line, where its quote is missing."""

_COMPREHENSION = "map (x: …) list, or builtins.filter (x: …) list"
_BINDS = re.compile(r"\s*[A-Za-z_][\w.'-]*\s*=(?!=)")
_SPILT = re.compile(r"[^\n\"]*;[ \t]*\n.*=\s*\Z", re.DOTALL)
_YAML = re.compile(
    r"(?:[A-Za-z_][\w-]*:(?: .*)?(?:\n|\Z)|[ \n].*(?:\n|\Z)|#.*\n|- .*\n)+"
)
_KEY = re.compile(r"^[A-Za-z_][\w-]*:(?=\s|\Z)", re.MULTILINE)
_LABEL = ["name", "open", "text", "close"]
"""The pieces before the brace of a block of HCL."""


def habit(text: str, stop: Stop) -> Habit | None:
    """Return the habit that a stop of the parser shows, if one is known."""
    for recognise in _HABITS:
        if found := recognise(text, stop):
            return found
    return None


def _statement(stop: Stop) -> list[Lexeme]:
    """Return the pieces since the last binding ended, in the innermost brackets."""
    pieces: list[Lexeme] = []
    for piece in reversed(stop.earlier):
        if piece.kind in {";", "{", "let"}:
            break
        pieces.append(piece)
    return pieces[::-1]


def _unclosed_string(text: str, stop: Stop) -> Habit | None:
    """Recognise a quote that is missing at the end of a line, wherever it shows."""
    opened: Lexeme | None = None
    for piece in (*stop.earlier, *([stop.lexeme] if stop.lexeme else [])):
        if piece.kind == "open" and piece.text == '"':
            opened = piece
        elif piece.kind == "text" and opened and piece.start == opened.end:
            body = text[piece.start : piece.end]
            if _SPILT.fullmatch(body) and text.startswith('"', piece.end):
                break
        elif piece.kind == "close":
            opened = None
    else:
        if stop.opener is None or stop.opener[0] != '"' or stop.lexeme is not None:
            return None
        opened = None
    start = opened.start if opened else stop.opener[1] if stop.opener else 0
    before = [piece for piece in stop.earlier if piece.start < start]
    signs = [piece for piece in before if piece.kind in {"${", "}", "{"}]
    if signs and signs[-1].kind == "${" and "\n" not in text[signs[-1].start : start]:
        # The quote that was to end the text around the braces begins one in them.
        sign = signs[-1]
        place = sign.start, sign.end
        hint = "end it with }; in a string, ''${…} or \\${…} leaves it to the shell"
        writes = (start, start), "}"
        message = "`${` is not closed"
        return Habit(message, hint, place, is_last=True, writes=writes)
    end = text.find("\n", start)
    place = start, end if end > 0 else len(text)
    row = text[start : place[1]]
    closed = start + len(_ENDING.sub("", row))
    return Habit(
        "this string is not closed",
        'end it with "',
        place,
        is_last=True,
        writes=((closed, closed), '"'),
    )


def _unclosed_list(text: str, stop: Stop) -> Habit | None:
    if stop.opener is None or stop.opener[0] != "[" or stop.lexeme is None:
        return None
    after = text[stop.lexeme.end :]
    goes_on = _BINDS.match(after) or re.match(r"\s*(?:\}|\Z)", after)
    if stop.found == "=" or (stop.found == ";" and goes_on):
        message = "`[` is not closed"
        hint = "end the list with ]"
        end = stop.lexeme.start
        writes: tuple[tuple[int, int], str] | None = ((end, end), " ]")
        if stop.found == "=":  # the list ends before the name that is bound here
            *front, name = stop.earlier
            writes = None
            if name.kind == "name" and front:
                at = front[-1].end
                writes = (at, at), " ];"
        opened = stop.opener[1]
        return Habit(message, hint, opened=opened, is_last=True, writes=writes)
    return None


def _unclosed_brace(text: str, stop: Stop) -> Habit | None:
    """Recognise a brace whose end is missing: one further in took its place."""
    if stop.found != END or stop.before is None or stop.before.kind != "}":
        return None
    if stop.opener is None or stop.opener[0] != "{":
        return None
    opened = stop.opener[1]
    open_braces: list[int] = []
    for piece in stop.earlier:
        if piece.kind in {"{", "${"}:
            open_braces.append(piece.start)
        elif piece.kind == "}" and open_braces:
            start = open_braces.pop()
            line = text[text.rfind("\n", 0, piece.start) + 1 : piece.start]
            if not line.strip() and len(line) < _margin(text, start):
                opened = start
                break
    return Habit("`{` is not closed", "end it with }", opened=opened, is_last=True)


def _margin(text: str, position: int) -> int:
    line = text[text.rfind("\n", 0, position) + 1 :]
    return len(line) - len(line.lstrip(" \t"))


def _ternary(text: str, stop: Stop) -> Habit | None:
    hint = "write if … then … else …"
    statement = _statement(stop)
    asked = next((piece for piece in statement if piece.kind == "?"), None)
    if asked and (stop.found == ":" or (stop.before and stop.before.kind == "?")):
        line = text[asked.end :].split("\n", 1)[0]
        if ":" in line:
            return Habit("there is no operator `? :`", hint, (asked.start, asked.end))
    if stop.found == "if" and stop.before and stop.lexeme:
        line = text[stop.before.end :].split("\n", 1)[0]
        if re.match(r"[ \t]*if\b(?!.*\bthen\b).*\belse\b", line):
            return Habit("`if` stands before its value, not behind it", hint)
    return None


def _loop(_: str, stop: Stop) -> Habit | None:
    words = [piece.text for piece in stop.earlier[-2:]]
    if stop.found != "in" or words[:1] != ["for"]:
        return None
    place = stop.earlier[-2].start, stop.earlier[-2].end
    if stop.opener and stop.opener[0] in {"[", "{"}:
        message = "a list is not made by `for … in …`"
        return Habit(message, f"write {_COMPREHENSION}", place)
    return Habit("there are no loops", f"write {_COMPREHENSION}", place)


def _word(_: str, stop: Stop) -> Habit | None:
    pieces = [*_statement(stop), *([stop.lexeme] if stop.lexeme else [])]
    for word, following in pairwise(pieces):
        if word.text in _WORDS and following.kind not in {"=", ".", ";"}:
            message, hint = _WORDS[word.text]
            place = word.start, word.end
            writes = None
            if word.text in _NEEDLESS:
                writes = (word.start, following.start), ""
            elif word.text in _ELSE_IF:
                writes = place, "else if"
            return Habit(message, hint, place, writes=writes)
    return None


def _let_in_set(_: str, stop: Stop) -> Habit | None:
    is_first = stop.before is None or stop.before.kind in {"{", ";"}
    if stop.found == "let" and is_first and stop.opener and stop.opener[0] == "{":
        message = "`let … in …` stands before a set, not among its attributes"
        return Habit(message, "write let name = …; in { … }", is_last=True)
    return None


def _inherited(_: str, stop: Stop) -> Habit | None:
    statement = _statement(stop)
    if stop.found == "," and statement and statement[0].kind == "inherit":
        message = "the names of `inherit` are separated by spaces alone"
        here = stop.position, stop.position + 1
        return Habit(message, "write inherit a b;", writes=(here, ""))
    return None


def _block(text: str, stop: Stop) -> Habit | None:
    """Recognise ``stage "app" {``, in a set or where a value is meant."""
    pieces = [*stop.earlier, *([stop.lexeme] if stop.lexeme else [])]
    writes = None
    if stop.found == "open" and stop.before and stop.before.kind == "name":
        word = stop.before
        match = re.match(r"(?:\"[\w-]+\"\s*)+\{", text[stop.position :])
        if match is None:
            return None
        labels = re.findall(r"[\w-]+", match[0])
    elif stop.found == "{" and stop.before and _begins_block(stop):
        word, labels = stop.before, []
        writes = (word.end, word.end), " ="
    else:
        end = _last_opener(stop)
        at = end - len(_LABEL)
        if at < 0 or [piece.kind for piece in pieces[at:end]] != _LABEL:
            return None
        word, labels = pieces[at], [pieces[at + 2].text]
    shown = " ".join([word.text, *(f'"{label}"' for label in labels)])
    hint = f"write {'.'.join([word.text, *labels])} = {{ … }};"
    message = f"there are no blocks like `{shown} {{`"
    return Habit(message, hint, (word.start, word.end), writes=writes)


def _begins_block(stop: Stop) -> bool:
    """Whether a brace follows the first name of a statement of a set."""
    pieces = _statement(stop)
    in_set = stop.opener is not None and stop.opener[0] == "{"
    return in_set and [piece.kind for piece in pieces] == ["name"]


def _last_opener(stop: Stop) -> int:
    """Return the number of pieces before the brace that is open; 0 if none is."""
    if stop.opener is None or stop.opener[0] != "{":
        return 0
    return [piece.start for piece in stop.earlier].index(stop.opener[1])


_SIGNS: tuple[tuple[str, str, str, str | None], ...] = (
    (
        r"<<|(?<=<)<(?=[-~]?\w)",
        "there is no `<<` for text of several lines",
        "write it between two single quotes and two more: ''…''",
        None,
    ),
    (r"<!--", "a comment is not written like this", "a comment starts with #", None),
    (r"--(?!\S)", "a comment is not written like this", "a comment starts with #", "#"),
    (
        r"<(?=[?/A-Za-z])|(?<=<)/",
        "there are no tags: this looks like XML",
        "write { name = value; }",
        None,
    ),
    (
        r"(?<![\w}\s])@",
        "`@` stands only in the pattern of a function",
        "write { a, ... }@all: …; a text stands in quotes",
        None,
    ),
    (
        r"(?:\+\+?|-|//)=",
        "a name is bound once, and never changed",
        "bind another name; lists are joined by ++, sets by //, texts by +",
        None,
    ),
    (r"(?<=\*)\*", "there is no operator `**`", "multiply: a * a", None),
    (r"=\s?>", "a function is written with a colon", "write argument: …", ":"),
    (r"(?<=;);", "one `;` is too many", "remove it", ""),
    (r"\\", "a line that goes on needs no backslash at its end", "remove it", ""),
)
"""Signs of other languages, from where the parser stopped, and what mends them."""


def _signs(text: str, stop: Stop) -> Habit | None:
    for pattern, message, hint, right in _SIGNS:
        if match := re.compile(pattern).match(text, stop.position):
            place = match.span()
            writes = None if right is None else (place, right)
            return Habit(message, hint, place, writes=writes)
    return None


def _pattern(text: str, stop: Stop) -> Habit | None:
    if stop.opener is None or stop.opener[0] != "{":
        return None
    if stop.found == ":" and "COMMA" in stop.accepts:
        message = "the pattern of a function is closed before the colon"
        hint = "write { a, b }: … for a function, { a = …; } for a set"
        return Habit(message, hint, opened=stop.opener[1])
    if stop.found == "}" and re.match(r"\}\s*:", text[stop.position :]):
        inside = [one for one in stop.earlier if one.start > stop.opener[1]]
        signs = [(one.start, one.end) for one in inside if one.kind == "="]
        return Habit(
            "a default in a pattern is written with `?`",
            "write { a ? 1 }: …",
            writes=(signs[0], "?") if len(signs) == 1 else None,
        )
    return None


def _other_syntax(text: str, stop: Stop) -> Habit | None:
    """Recognise a whole file in another of the syntaxes of a declaration."""
    if stop.opener is not None:
        return None
    if _YAML.fullmatch(text) and _KEY.search(text) and "{" not in text:
        message = "this is YAML, and is read as an expression of Nix"
        return Habit(message, "write { name = value; }, or call the file dynbuild.yaml")
    if stop.found == "=" and re.match(r"\s*\[+[\w.-]+\]+\s*\n", text):
        message = "this is TOML, and is read as an expression of Nix"
        return Habit(message, "write { name = value; }, or call the file dynbuild.toml")
    return None


_HABITS: tuple[Recognise, ...] = (
    _other_syntax,
    _unclosed_string,
    _loop,
    _ternary,
    _word,
    _unclosed_list,
    _unclosed_brace,
    _let_in_set,
    _inherited,
    _block,
    _signs,
    _pattern,
)
