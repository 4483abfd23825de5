"""Parsing of a shell entry: whether it is complete, and which failures it hides.

An entry of ``commands`` is followed by a line that tests its status, which an
incomplete entry would swallow (POSIX.1-2017, XCU 2.3 to 2.10, and bash's additions).
Anything the parser cannot follow counts as complete and correct: nothing here decides
what runs.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from dynbuild.declaration.scripts.script import REMEMBERED
from dynbuild.declaration.scripts.shell import (
    CHECKERS,
    WORDS,
    Frame,
    Loss,
    LostTrackError,
    Reader,
    WaitsError,
    compound,
    end_branch,
    end_list,
    end_word,
    produces,
    push,
)
from dynbuild.values import dataclass

_REDIRECT = re.compile(r"&>>?|<<<|<<-|<<|<&|<>|>>|>&|>\||[<>]\(|[<>]")
_OPERATOR = re.compile(r";;&|;[;&]|&&|\|\||\|&|[;&|]")
_PLAIN = re.compile(r"[A-Za-z0-9_./=,:@%+*?~!{}\[\]^-]++")
_UNQUOTED = re.compile(r"[^\s'\"\\$`(){}#\]]++|[ \n]++(?!]])")
_BACKQUOTED = re.compile(r"`(?:[^`\\]|\\.)*`", re.DOTALL)
_ANSI_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_NO_ARGUMENTS = re.compile(r"\([ \t]*\)")
_END_OF_TEST = re.compile(r"\s]](?![^\s;&|)])")
_FARTHEST = 50
"""Maximum number of entries tried as one."""


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """An entry's missing part, as in "ends in `&&`", and the failures it hides."""

    missing: str | None = None
    losses: tuple[Loss, ...] = ()


@lru_cache(REMEMBERED)
def read_entry(text: str) -> CommandEntry:
    """Parse one entry of commands, or one environment script."""
    reader = Reader(text)
    missing = None
    try:
        while reader.at < len(reader.text):
            _step(reader, reader.stack[-1])
        missing = _missing(reader)
    except WaitsError as waits:
        missing = str(waits)
    except LostTrackError:
        return CommandEntry()
    return CommandEntry(missing, tuple(reader.losses))


def incomplete(texts: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield incomplete entries: start, end (exclusive), and what the first lacks.

    A range extends until its entries are complete together, if they ever are.
    """
    start = 0
    while start < len(texts):
        end = start + 1
        missing = read_entry(texts[start]).missing
        if missing is not None:
            last = min(len(texts), start + _FARTHEST)
            while end < last and read_entry("\n".join(texts[start:end])).missing:
                end += 1
            yield start, end, missing
        start = end


def _missing(reader: Reader) -> str | None:
    if reader.stack[-1].kind not in WORDS:
        end_word(reader)
    frame = reader.stack[-1]
    if frame.redirect or frame.pending not in ("", "function"):
        return f"ends in `{frame.redirect or frame.pending}`"
    if reader.documents:
        return _open_document(reader.documents[0].name)
    if frame.kind == "top":
        end_list(reader, frame)
        return None
    return f"opens `{frame.opened}` and does not close it"


def _open_document(name: str) -> str:
    return f"opens a here-document and has no line {name!r} to end it"


def _step(reader: Reader, frame: Frame) -> None:
    """Read a character, or the token that begins with it."""
    char = reader.text[reader.at]
    while char in "<>;&|($" and reader.text.startswith("\\\n", reader.at + 1):
        reader.text = reader.text[: reader.at + 1] + reader.text[reader.at + 3 :]
    if char == "\\":
        _escape(reader, frame)
    elif frame.kind in WORDS:
        _step_in_text(reader, frame, char)
    elif char in "'\"$`":
        frame.quoted = True
        _quote(reader, frame, char)
    elif char in " \t\r":
        end_word(reader)
        reader.at += 1
    elif char == "\n":
        _new_line(reader)
    elif char == "#" and not (frame.word or frame.quoted):
        _comment(reader)
    elif char in "<>;&|()":
        _between_words(reader, frame, char)
    else:
        match = _PLAIN.match(reader.text, reader.at)
        frame.word += match[0] if match else char
        reader.at += len(match[0]) if match else 1


def _between_words(reader: Reader, frame: Frame, char: str) -> None:
    if char in "<>" or reader.text.startswith("&>", reader.at):
        _redirect(reader, frame)
    elif char == "(":
        _open_parenthesis(reader, frame)
    elif char == ")":
        _close_parenthesis(reader)
    else:
        _operator(reader)


def _comment(reader: Reader) -> None:
    end = reader.text.find("\n", reader.at)
    reader.at = len(reader.text) if end < 0 else end


def _escape(reader: Reader, frame: Frame) -> None:
    following = reader.text[reader.at + 1 : reader.at + 2]
    if reader.at + 2 >= len(reader.text) and following in ("", "\n"):
        raise WaitsError("ends in a backslash")
    if following != "\n":
        frame.word += following
        frame.quoted = True
    reader.at += 2


def _step_in_text(reader: Reader, frame: Frame, char: str) -> None:
    if char == {'"': '"', "${": "}"}.get(frame.kind):
        reader.stack.pop()
        reader.at += 1
        if frame.kind == '"':
            reader.stack[-1].word += frame.word
    elif char == "'" and frame.kind == "${" and _in_double_quotes(reader):
        raise LostTrackError  # shells differ on its meaning there
    elif char in "$`" or (char in "'\"" and frame.kind != '"'):
        _quote(reader, frame, char)
    elif frame.kind == "paren":
        _step_in_parentheses(reader, frame, char)
    elif frame.kind == "[[" and _END_OF_TEST.match(reader.text, reader.at):
        reader.stack.pop()
        reader.at += 3
    else:
        match = _UNQUOTED.match(reader.text, reader.at)
        read = match[0] if match else char
        if frame.kind == '"':
            frame.word += read
        reader.at += len(read)


def _step_in_parentheses(reader: Reader, frame: Frame, char: str) -> None:
    """Read arithmetic, an array or a pattern: only its end matters."""
    if char == "#" and reader.text[reader.at - 1] in " \t\n":
        _comment(reader)
        return
    frame.depth += {"(": 1, ")": -1}.get(char, 0)
    reader.at += 1
    if not frame.depth:
        reader.stack.pop()


def _in_double_quotes(reader: Reader) -> bool:
    return any(frame.kind == '"' for frame in reader.stack)


def _quote(reader: Reader, frame: Frame, char: str) -> None:
    """Read a quotation, an expansion or a substitution."""
    text, at = reader.text, reader.at
    if char == "'":
        end = text.find("'", at + 1)
        if end < 0:
            raise WaitsError("opens `'` and does not close it")
        frame.word += text[at + 1 : end]
        reader.at = end + 1
    elif char == '"':
        push(reader, '"', char)
    elif char == "`":
        _substituted(reader)
        _skip(reader, _BACKQUOTED, at, char)
    elif text.startswith("$((", at):
        push(reader, "paren", "$((", depth=2)
    elif text.startswith("$(", at):
        _substituted(reader)
        push(reader, "(", "$(")
    elif text.startswith("${", at):
        push(reader, "${", "${")
    elif text.startswith("$'", at) and frame.kind != '"':
        _skip(reader, _ANSI_QUOTED, at + 1, "$'")
    else:
        frame.word += char
        reader.at += 1


def _skip(reader: Reader, pattern: re.Pattern[str], at: int, opened: str) -> None:
    match = pattern.match(reader.text, at)
    if match is None:
        raise WaitsError(f"opens {opened} and does not close it")
    reader.at = match.end()


def _substituted(reader: Reader) -> None:
    """Record that a word of the enclosing command holds the output of another."""
    around = next(one for one in reversed(reader.stack) if one.kind not in WORDS)
    around.substituted = True


def _new_line(reader: Reader) -> None:
    end_word(reader)
    frame = reader.stack[-1]
    if frame.redirect:
        raise LostTrackError
    while reader.documents:
        document = reader.documents.pop(0)
        indent = "\t*" if document.tabs else ""
        # Without quoting, a backslash joins a line to the next, even a delimiter.
        line = "." if document.is_quoted else r"[^\\]|\\."
        name = re.escape(document.name)
        end = re.compile(rf"(?s:{line})*?\n{indent}{name}(?=\n|\Z)")
        match = end.match(reader.text, reader.at)
        if match is None:
            raise WaitsError(_open_document(document.name))
        reader.at = match.end()
    reader.at += 1
    if frame.kind == "for":
        frame.kind = "loop"
    if frame.kind not in ("case", "pattern") and not frame.pending:
        end_list(reader, frame)


def _redirect(reader: Reader, frame: Frame) -> None:
    match = _REDIRECT.match(reader.text, reader.at)
    assert match
    if match[0][1:] == "(":
        frame.quoted = True
        push(reader, "(", match[0])
        return
    if frame.word.isdecimal() and not frame.quoted:
        frame.word = ""
    end_word(reader)
    frame = reader.stack[-1]
    frame.first = frame.first or match[0]
    frame.name = frame.name or match[0]
    frame.redirect = match[0]
    frame.pending = ""
    reader.at = match.end()


def _operator(reader: Reader) -> None:
    match = _OPERATOR.match(reader.text, reader.at)
    assert match
    end_word(reader)
    frame, sign = reader.stack[-1], match[0]
    reader.at = match.end()
    if frame.kind == "pattern" and sign == "|":
        return
    if frame.redirect or frame.pending or frame.kind in ("case", "pattern"):
        raise LostTrackError
    if sign[0] == ";" and sign != ";":
        if frame.kind != "body":
            raise LostTrackError
        end_branch(reader, frame, "pattern")
    elif sign == ";" and frame.kind == "for":
        frame.kind, frame.start = "loop", True
    elif sign in ";&":
        if sign == "&":
            frame.ands = frame.tail = False
        end_list(reader, frame)
    else:
        _join_commands(frame, sign)


def _join_commands(frame: Frame, sign: str) -> None:
    """Read an operator that joins two commands of one list."""
    if not frame.first:
        raise LostTrackError
    frame.ands |= sign == "&&"
    frame.ors |= sign == "||"
    if sign in ("|", "|&"):
        frame.fed |= produces(frame.name)
    elif frame.name in CHECKERS:
        frame.fed = False
    frame.pending, frame.start, frame.name = sign, True, ""


def _open_parenthesis(reader: Reader, frame: Frame) -> None:
    empty = _NO_ARGUMENTS.match(reader.text, reader.at)
    if frame.kind == "pattern":
        reader.at += 1
    elif empty and (frame.word or frame.name):
        frame.pending = f"{frame.word or frame.name}()"
        frame.word, frame.quoted, frame.name, frame.start = "", False, "", True
        frame.first = frame.first or "function"
        reader.at = empty.end()
    elif frame.word or frame.quoted:
        frame.quoted = True  # an array, or a pattern of bash
        push(reader, "paren", "(")
    elif reader.text.startswith("((", reader.at) and (
        frame.start or frame.kind == "for"
    ):
        compound(frame, "((")
        push(reader, "paren", "((", depth=2)
    elif frame.start:
        defines = compound(frame, "(")
        push(reader, "(", "(", defines=defines)
    else:
        raise LostTrackError


def _close_parenthesis(reader: Reader) -> None:
    end_word(reader)
    frame = reader.stack[-1]
    reader.at += 1
    if frame.kind == "pattern":
        frame.kind, frame.start = "body", True
    elif frame.kind != "(" or frame.pending or frame.redirect:
        raise LostTrackError
    else:
        end_list(reader, frame)
        reader.stack.pop()
