"""A second opinion on what a Dockerfile says: read as BuildKit reads, by other means.

After moby/buildkit, frontend/dockerfile/{parser,shell,instructions}: lines and their
continuations, comments, parser directives, heredocs, flags, words, variables. What
would be expanded, cut off or run instead of taken as text is an error here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 64 * 1024 - 1


class MisreadError(AssertionError):
    """The text means something that no emitted Dockerfile may mean."""


@dataclass(frozen=True)
class Instruction:
    keyword: str
    flags: tuple[str, ...]
    rest: str
    documents: tuple[str, ...] = ()
    """The contents of its heredocs."""

    @property
    def texts(self) -> list[str]:
        """The list in JSON."""
        words = json.loads(self.rest)
        assert isinstance(words, list)
        assert all(isinstance(word, str) for word in words)
        return words

    @property
    def paths(self) -> tuple[str, str]:
        """The source and the target of COPY."""
        literal = self.texts if self.rest.startswith("[") else self.rest.split()
        source, target = map(expanded, literal)
        if re.match(r"\d*<<", source) or re.match(r"\w+://|[^:\[]*@[^:\[]*:", source):
            raise MisreadError(f"COPY takes {source!r} for something else")
        return globbed(source), target

    @property
    def fetched(self) -> tuple[str, str]:
        """The address and the target of ADD."""
        literal = self.texts if self.rest.startswith("[") else self.rest.split()
        source, target = map(expanded, literal)
        if not re.match(r"https?://[^/?#@]+([/?]|$)", source):
            raise MisreadError(f"ADD takes {source!r} for something else")
        if "#" in source or re.search(r"\.git/*([?]|$)", source):
            raise MisreadError(f"ADD would clone {source!r}")
        return source, target

    @property
    def pairs(self) -> dict[str, str]:
        """The names and values of ENV and LABEL."""
        words = list(split(self.rest))
        if not all("=" in word for word in words):
            raise MisreadError(f"no pairs: {self.rest!r}")
        pairs = (word.partition("=") for word in words)
        return {expanded(name): expanded(value) for name, _, value in pairs}

    @property
    def argument(self) -> str:
        return expanded(self.rest)

    def flag(self, name: str) -> str:
        """The value of the one flag of a name."""
        (flag,) = (flag for flag in self.flags if flag.startswith(f"{name}="))
        return expanded(flag.removeprefix(f"{name}="))

    def options(self, kind: str) -> dict[str, str]:
        """The options of the one mount of a kind."""
        (mount,) = self.all_options(kind)
        return mount

    def all_options(self, kind: str) -> list[dict[str, str]]:
        """The options of the mounts of a kind."""
        found = []
        for flag in self.flags:
            name, _, value = flag.partition("=")
            if name == "--mount":
                pairs = (option.partition("=") for option in value.split(","))
                found.append({key: expanded(text) for key, _, text in pairs})
        return [options for options in found if options["type"] == kind]


def read(text: str) -> dict[str, list[Instruction]]:
    """The instructions of each build stage."""
    if re.match(r"#\s*[a-zA-Z][a-zA-Z0-9]*\s*=|#!|//|\{|\ufeff", text):
        raise MisreadError("the first line may be a parser directive")
    stages: dict[str, list[Instruction]] = {}
    for instruction in _instructions(text.split("\n")):
        if instruction.keyword == "FROM":
            match = re.fullmatch(r"\S+ AS ([a-z][a-z0-9._-]*)", instruction.rest)
            if match is None or match[1] in stages:
                raise MisreadError(f"no stage: {instruction.rest!r}")
            stages[match[1]] = []
            current = stages[match[1]]
        current.append(instruction)
    return stages


def _instructions(lines: list[str]) -> Iterator[Instruction]:
    for line in lines:
        if len(line.encode()) > LONGEST:
            raise MisreadError("a line is too long")
    pending = ""
    at = 0
    while at < len(lines):
        line = lines[at].removesuffix("\r")
        at += 1
        bare = line.lstrip()
        if bare.startswith("#") or not bare:
            continue
        pending += line if pending else bare
        if re.search(r"(^|[^\\])\\[ \t]*$", pending):
            pending = re.sub(r"\\[ \t]*$", "", pending)
            continue
        keyword, _, rest = pending.strip().partition(" ")
        pending = ""
        documents = []
        if keyword in ("RUN", "COPY", "ADD"):
            for name in _heredocs(rest):
                start = at
                while lines[at].rstrip("\r") != name:
                    at += 1
                documents.append("".join(f"{line}\n" for line in lines[start:at]))
                at += 1
        flags, rest = _flags(rest)
        yield Instruction(keyword, flags, rest, tuple(documents))
    if pending:
        raise MisreadError("the last line goes on")


def _heredocs(rest: str) -> Iterator[str]:
    for word in split(rest):
        match = re.fullmatch(r"\d*<<(-?)([^<]*)", word)
        if match:
            quoted = re.fullmatch(r"(['\"])(\w+)\1", match[2])
            if match[1] or quoted is None:
                raise MisreadError(f"a heredoc that expands: {word!r}")
            yield quoted[2]


def split(text: str) -> Iterator[str]:
    """Words between blanks, quotes and backslashes still in them."""
    word, quote, at = "", "", 0
    while at < len(text):
        char = text[at]
        if char == "\\" and quote != "'":
            word += text[at : at + 2]
            at += 2
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char.isspace():
            if word:
                yield word
            word = ""
            at += 1
            continue
        word += char
        at += 1
    if quote:
        raise MisreadError(f"a quote stays open: {text!r}")
    if word:
        yield word


def _flags(rest: str) -> tuple[tuple[str, ...], str]:
    flags = []
    while rest.startswith("--"):
        flag, _, rest = rest.partition(" ")
        if re.search(r"[\"'\\]", flag):
            raise MisreadError(f"a flag with quotes: {flag!r}")
        flags.append(flag)
        rest = rest.lstrip()
    return tuple(flags), rest


def expanded(word: str) -> str:
    """What is left of a word when quotes, backslashes and variables were read."""
    out, quote, at = "", "", 0
    while at < len(word):
        char = word[at]
        if char == "\\" and quote != "'":
            following = word[at + 1 : at + 2]
            keeps = quote == '"' and following not in ('"', "$", "\\")
            out += f"\\{following}" if keeps else following
            at += 2
            continue
        if char == "$" and quote != "'" and word[at:] != "$TARGETARCH":
            raise MisreadError(f"a variable: {word!r}")
        if quote:
            out += "" if char == quote else char
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        else:
            out += char
        at += 1
    return out


def globbed(pattern: str) -> str:
    """The one text that a pattern means to Go's filepath.Match and to moby's."""
    plain = re.sub(r"\[(?:\\(.)|([\s\ufeff]))\]", "\0", pattern, flags=re.DOTALL)
    if re.search(r"[*?\[\\^<:]|^[!\ufeff]", plain) or plain != plain.strip():
        raise MisreadError(f"a pattern: {pattern!r}")
    return re.sub(
        r"\[(?:\\(.)|([\s\ufeff]))\]", lambda m: m[1] or m[2], pattern, flags=re.DOTALL
    )
