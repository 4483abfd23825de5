"""The text of a RUN: where its list of commands can be taken apart, and what it hides.

Only what is understood for sure is taken apart; anything else is one command.
"""

import re
from dataclasses import replace

from dynbuild.values import dataclass

_OPENS = {"if": "fi", "for": "done", "while": "done", "until": "done", "case": "esac"}
_ENDS = {"fi", "done", "esac", "}"}
_AFTER = {"then", "do", "else", "elif", "{", "!", "if", "while", "until", "time"}
_NO_COMMAND = {"then", "do", "else", "elif", *_ENDS, "esac"}
_OPERATOR = re.compile(r";;|&&|\|\||\|&|&>>?|[;&|\n]")
_ERREXIT = re.compile(r"set\s+(?:-\S+\s+)*(?:-[a-zA-Z]*e[a-zA-Z]*|-o\s+errexit)\b.*")


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a list: its text, where it begins, and the operator behind it."""

    text: str
    start: int
    operator: str


@dataclass(frozen=True, slots=True)
class Script:
    """A text as a list of commands; None where it cannot be taken apart for sure.

    ``carries_on`` tells that Docker goes on after a command that failed.
    """

    commands: tuple[Command, ...] | None
    carries_on: bool

    @property
    def entries(self) -> tuple[Command, ...] | None:
        """The commands that may stand alone, one behind the other, under ``set -e``."""
        found = self.commands
        if found and all(one.operator in ("&&", "") for one in found):
            return found
        return self.sequence if found and errexit(found[0].text) else None

    @property
    def sequence(self) -> tuple[Command, ...] | None:
        """The lists between the semicolons; None where one runs in the background."""
        lists: list[Command] = []
        for command in self.commands or ():
            if command.operator == "&":
                return None
            if lists and lists[-1].operator != ";":
                lists.append(_joined(lists.pop(), command))
            else:
                lists.append(command)
        return tuple(lists)


def _joined(one: Command, other: Command) -> Command:
    """Return a list of two; what was between them is as wide as it was."""
    gap = other.start - one.start - len(one.text)
    text = f"{one.text}{f' {one.operator} ':{gap}}{other.text}"
    return Command(text, one.start, other.operator)


def errexit(text: str) -> bool:
    """Whether a command lets the shell end at the first failure."""
    return _ERREXIT.fullmatch(text.strip()) is not None


def read_script(text: str) -> Script:
    """Take a text of a shell apart, as far as it is understood."""
    try:
        return _Reader(text).read()
    except _LostError:
        return Script(None, _may_carry_on(text))


class _LostError(Exception):
    """A text that is not understood for sure."""


def _may_carry_on(text: str) -> bool:
    """Whether a text that is not understood has what may go on after a failure."""
    first = re.split(r"[;\n]|&&", text, maxsplit=1)[0]
    return not errexit(first) and (";" in text or "\n" in text.strip())


class _Reader:
    """Reads one text; its state is what is open where it reads."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.open: list[str] = []
        self.word = ""
        self.fresh = True
        """Whether a command may begin here."""
        self.found: list[Command] = []
        self.begin = 0
        self.carries_on = False
        self.errexit = False

    def read(self) -> Script:
        while self.at < len(self.text):
            self._step(self.text[self.at])
        self._end_word()
        self._cut("", len(self.text))
        if self.open:
            raise _LostError
        return Script(tuple(self.found), self.carries_on)

    def _step(self, char: str) -> None:
        text, at = self.text, self.at
        if char == "\\":
            self._take(at + 2)
        elif char in "'\"`":
            self._take(self._quoted(at, char))
        elif text.startswith(("$(", "${", "<(", ">("), at):
            self._take(self._nested(at + 1))
        elif text.startswith("<<<", at):
            self._take(at + 3)
        elif text.startswith("<<", at) or (char == "#" and not self.word):
            raise _LostError
        elif char in " \t\r":
            self._end_word()
            self.at += 1
        elif char in "()":
            self._parenthesis(char)
        elif char in ";&|\n":
            self._operator()
        else:
            self._take(at + 1)

    def _take(self, end: int) -> None:
        self.word += self.text[self.at : end]
        self.at = end

    def _parenthesis(self, char: str) -> None:
        within = self.open[-1:]
        if char == ")" and within == ["esac"]:
            # The end of a pattern: a command begins.
            self.word = ""
            self.fresh = True
        elif char == "(" and not self.word and self.fresh:
            self.open.append(")")
        elif char == ")" and within == [")"]:
            self._end_word()
            self.open.pop()
            self.fresh = False
        else:
            raise _LostError
        self.at += 1

    def _operator(self) -> None:
        match = _OPERATOR.match(self.text, self.at)
        assert match
        sign = match[0]
        before = self.text[self.at - 1 : self.at] if self.at else ""
        if sign[:2] == "&>" or f"{before}{sign}" in ("<&", ">&", ">|"):
            self._take(match.end())
            return
        self._end_word()
        at, self.at = self.at, match.end()
        self.fresh = True
        if sign == ";;":
            if not self.open or self.open[-1] != "esac":
                raise _LostError
            return
        if not self.open and sign not in ("|", "|&"):
            self._cut(";" if sign == "\n" else sign, at)
            self.begin = self.at
        if sign in (";", "\n"):
            self._sequence()

    def _sequence(self) -> None:
        """Note a command that another follows whether it failed or not."""
        following = re.compile(r"\s*([A-Za-z{}]*)").match(self.text, self.at)
        assert following
        rest = self.text[self.at :].strip()
        done = self.text[: self.at].rstrip("; \t\n")
        loop_head = re.search(r"\b(?:for|while|until|if|elif)\b[^;\n]*$", done)
        if (
            rest
            and following[1] not in _NO_COMMAND
            and not rest.startswith(")")
            and not self.errexit
            and not loop_head
        ):
            self.carries_on = True

    def _cut(self, operator: str, end: int) -> None:
        raw = self.text[self.begin : end]
        text = raw.strip()
        if not text:
            before = self.found[-1].operator if self.found else ";"
            if operator not in (";", "") or before not in (";", "&"):
                raise _LostError
            if self.found and before == ";":
                # A semicolon at the end separates nothing.
                self.found[-1] = replace(self.found[-1], operator="")
            return
        start = self.begin + len(raw) - len(raw.lstrip())
        if errexit(text):
            self.errexit = True
        self.found.append(Command(text, start, operator))

    def _end_word(self) -> None:
        word, self.word = self.word, ""
        if not word or not self.fresh:
            return
        if word in _OPENS:
            self.open.append(_OPENS[word])
            self.fresh = word in _AFTER
        elif word == "{":
            self.open.append("}")
        elif word in _ENDS:
            if not self.open or self.open.pop() != word:
                raise _LostError
            self.fresh = False
        elif word == "function" or word.endswith("()"):
            raise _LostError
        elif word not in _AFTER and not re.match(r"[A-Za-z_]\w*=", word):
            self.fresh = False

    def _quoted(self, at: int, quote: str) -> int:
        end = at + 1
        while end < len(self.text) and self.text[end] != quote:
            if quote != "'" and self.text[end] == "\\":
                end += 1
            elif quote == '"' and self.text.startswith("$(", end):
                end = self._nested(end + 1) - 1
            end += 1
        if end >= len(self.text):
            raise _LostError
        return end + 1

    def _nested(self, at: int) -> int:
        """Return the end of what a bracket opens."""
        closes = {"(": ")", "{": "}"}[self.text[at]]
        depth, end = 1, at + 1
        while end < len(self.text) and depth:
            char = self.text[end]
            if char == "\\":
                end += 1
            elif char in "'\"`":
                end = self._quoted(end, char) - 1
            elif char == self.text[at]:
                depth += 1
            elif char == closes:
                depth -= 1
            end += 1
        if depth:
            raise _LostError
        return end
