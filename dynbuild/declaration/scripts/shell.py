"""The commands of a shell text: constructs, lists, and what ``set -e`` ignores.

The words come from ``entry``; here they become commands. A list such as ``a && b``
hides the failure of ``a`` unless it is the last list, and so does a compound command
that ends in such a list (POSIX.1-2017, XCU 2.14, set -e).
"""

import re
from dataclasses import field
from typing import Literal

from dynbuild.values import dataclass

Loss = Literal["list", "loop", "pipe", "assignment"]
"""Kinds of failures that no exit status shows."""

WORDS = ('"', "${", "paren", "[[")
"""Constructs that contain words, not commands."""

_DEEPEST = 200
_TESTS = frozenset(("[", "[[", "test", "((", "!", "command", "which", "type", "grep"))
"""Commands used before ``&&`` as a condition, so that their failure is intended."""

_PRODUCERS = re.compile(
    r"(?:.*/)?(?:curl|wget|git|gpg|openssl|ssh|aws|gsutil|tar|unzip|gzip|gunzip|zcat|xz"
    r"|xzcat|bzip2|zstd|base64|make|cmake|cargo|go|npm|pip3?|python3?|mvn|gradle)"
)
"""Commands before a pipe whose failure leaves the rest with partial input."""

CHECKERS = frozenset(
    ("tar", "gunzip", "zcat", "xz", "unxz", "bunzip2", "zstd", "cpio", "gpg", "patch")
) | {"sha256sum", "sha512sum", "rpm2cpio", "jq", "apt-key"}
"""Commands after a pipe that fail themselves on truncated input."""

_SETTERS = frozenset(("export", "readonly", "local", "declare", "typeset"))
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_OPENS = {
    "if": "if",
    "while": "loop",
    "until": "loop",
    "for": "for",
    "select": "for",
    "case": "case",
    "{": "{",
}
_GOES_ON = {
    ("then", "if"): "then",
    ("elif", "then"): "if",
    ("else", "then"): "else",
    ("do", "loop"): "do",
}
_CLOSES = {"fi": ("then", "else"), "done": ("do",), "esac": ("body",), "}": ("{",)}
_RESERVED = frozenset(("then", "elif", "else", "do", *_CLOSES))
_CONDITIONS = ("if", "loop")


@dataclass(slots=True)
class Frame:
    """An open construct, and the parsing state of the command in it."""

    kind: str
    opened: str
    depth: int = 1
    defines: bool = False
    """Whether it is a function's body, whose failures show at the call."""
    start: bool = True
    """Whether a command or a reserved word may begin here."""
    word: str = ""
    quoted: bool = False
    substituted: bool = False
    name: str = ""
    words: int = 0
    pending: str = ""
    """The token that requires a command after it: an operator, ``!``, ``name()``."""
    redirect: str = ""
    # The list being read: its first command, and the operators that join its parts.
    first: str = ""
    ands: bool = False
    ors: bool = False
    fed: bool = False
    tail: bool = False
    """Whether a compound command of the list ends in a failure ``set -e`` ignores."""
    hides: bool = False
    """Whether the previous list does."""
    branch: bool = False
    """Whether another branch of this compound command does."""


class LostTrackError(Exception):
    """Text in an unknown shell dialect, or not shell at all."""


class WaitsError(Exception):
    """The end of the text within an open construct."""


@dataclass(frozen=True, slots=True)
class Document:
    """A pending here-document: its delimiter, and how its lines are read."""

    name: str
    tabs: bool
    is_quoted: bool


@dataclass(slots=True)
class Reader:
    """A text, the current offset, and the constructs open there."""

    text: str
    at: int = 0
    stack: list[Frame] = field(default_factory=lambda: [Frame("top", "")])
    documents: list[Document] = field(default_factory=list)
    losses: dict[Loss, None] = field(default_factory=dict)


def push(
    reader: Reader,
    kind: str,
    opened: str,
    depth: int = 1,
    *,
    defines: bool = False,
) -> None:
    if len(reader.stack) >= _DEEPEST:
        raise LostTrackError
    reader.stack.append(Frame(kind, opened, depth, defines))
    reader.at += len(opened)


def produces(name: str) -> bool:
    return _PRODUCERS.fullmatch(name) is not None


def compound(frame: Frame, name: str) -> bool:
    """Record a compound command; return whether it is the body of a function."""
    defines = frame.pending.endswith("()")
    frame.pending, frame.start, frame.name = "", False, name
    frame.first = frame.first or name
    return defines


def end_word(reader: Reader) -> None:
    frame = reader.stack[-1]
    word, plain = frame.word, not frame.quoted
    substituted = frame.substituted
    frame.word, frame.quoted, frame.substituted = "", False, False
    if not word and plain:
        return
    frame.words += 1
    if frame.redirect:
        if frame.redirect in ("<<", "<<-"):
            # A dollar sign in a delimiter is not expanded, and does not quote it.
            is_quoted = not plain and "$" not in word
            document = Document(word, frame.redirect == "<<-", is_quoted)
            reader.documents.append(document)
        frame.redirect = ""
    elif frame.kind in ("case", "pattern", "for"):
        _header(reader, frame, word if plain else "")
    elif frame.pending == "function":
        frame.pending = f"{word}()"
    elif frame.start:
        _begin(reader, frame, word, plain=plain)
    elif frame.name in _SETTERS and substituted:
        reader.losses["assignment"] = None


def _header(reader: Reader, frame: Frame, word: str) -> None:
    """Read a word in a position other than a command's."""
    match frame.kind, word:
        case "case", "in" if frame.words > 1:
            frame.kind = "pattern"
        case "pattern", "esac":
            _close(reader)
        case "for", "do" if frame.words == 2:  # noqa: PLR2004 - for NAME do
            frame.kind = frame.opened = "do"
        case _:
            pass


def _begin(reader: Reader, frame: Frame, word: str, *, plain: bool) -> None:
    """Read the first word of a command; after ``A=b`` or ``> f``, none is reserved."""
    plain = plain and not frame.name
    word = word or '""'  # a command whose name is in quotes
    if plain and (word in _OPENS or word == "[["):
        defines = compound(frame, word)
        reader.at -= len(word)
        push(reader, _OPENS.get(word, word), word, defines=defines)
    elif plain and word in _RESERVED:
        if frame.pending:
            raise LostTrackError
        end_list(reader, frame)
        if frame.kind in _CLOSES.get(word, ()):
            _close(reader)
        elif (kind := _GOES_ON.get((word, frame.kind))) is not None:
            end_branch(reader, frame, kind)
            frame.opened = word
        else:
            raise LostTrackError
    elif plain and word in ("!", "function"):
        frame.pending, frame.first = word, frame.first or word
    elif word == "time":
        frame.pending, frame.first = "", frame.first or word
    elif _ASSIGNMENT.match(word):
        frame.pending, frame.name, frame.first = "", word, frame.first or word
    elif not (frame.kind == "loop" and frame.opened != "while" and word == "in"):
        frame.pending, frame.start, frame.name = "", False, word
        frame.first = frame.first or word
    else:
        frame.start = False  # for NAME, and "in" on the next line


def _close(reader: Reader) -> None:
    """End a compound command: its status is that of the last list in it."""
    frame = reader.stack.pop()
    if frame.kind == "do":
        if frame.hides:
            reader.losses["loop"] = None
    elif not frame.defines:
        reader.stack[-1].tail |= frame.hides or frame.branch


def end_branch(reader: Reader, frame: Frame, kind: str) -> None:
    end_list(reader, frame)
    frame.branch |= frame.hides
    frame.hides, frame.kind, frame.start = False, kind, True


def end_list(reader: Reader, frame: Frame) -> None:
    """Check a list that ended, and the one before it, which is no longer the last."""
    if frame.first:
        asked = any(one.kind in _CONDITIONS for one in reader.stack)
        hides = frame.ands and frame.first not in _TESTS
        if frame.hides:
            reader.losses["list"] = None
        if frame.fed and not (asked or frame.ors or frame.name in CHECKERS):
            reader.losses["pipe"] = None
        quiet = asked or frame.ors or frame.opened == "$("
        frame.hides = (hides or frame.tail) and not quiet
    frame.first = frame.name = ""
    frame.start = True
    frame.ands = frame.ors = frame.fed = frame.tail = False
