"""Random layouts of a source: the same tokens, comments and kept breaks.

What docs/language.md says the formatter keeps is drawn once; all else is drawn anew
for each layout.
"""

from dataclasses import dataclass, replace
from random import Random

from dynbuild.lang.scanner import Lexeme, scan

SPACES = (" ", "  ", "\t", " \t ")
BREAKS = ("\n", " \n", "\n    ", "\n\t", "\r\n  ", "  \n \t")
LITERALS = {'"', "''", "path"}
COMMENTS = ("# note", "#", "# x = 1;  # y", "/* aside */", "/**/")
LONG = ("/* of\n   two lines */", "/**\n    A doc.\n\n      more\n  */")


@dataclass(frozen=True)
class Gap:
    """What is kept of the space before a token."""

    beside: str = ""
    above: tuple[str, ...] = ()
    before: str = ""
    breaks: bool = False
    """Whether the bracket or ``inherit`` before it ends its line."""


@dataclass(frozen=True)
class Token:
    text: str
    gap: Gap | None
    """None inside of literals, where nothing may come between."""
    follows: str
    """What is before it; a bracket or ``inherit`` if its line break is kept."""


def tokens(text: str, random: Random, dense: float) -> list[Token]:
    """The tokens of a source, each with a random gap before it."""
    result: list[Token] = []
    before = ""
    opens: list[str] = []
    for piece in scan(text):
        if piece.kind in {"space", "comment"}:
            continue
        is_free = piece.inside is None or piece.inside.kind not in LITERALS
        gap = _gap(random, before, dense) if is_free else None
        result.append(Token(piece.text, gap, before))
        before = _keeps(piece, before, opens)
    # At the end there is nothing that a comment could stand before.
    end = replace(_gap(random, before, dense), before="")
    return [*result, Token("", end, before)]


def _keeps(piece: Lexeme, before: str, opens: list[str]) -> str:
    """The word of which it is kept whether its line ends with it, if it is one."""
    if piece.kind == "(":
        opens.append(before)
    if piece.kind == ")":
        return "inherit" if opens.pop() == "inherit" else ""
    return piece.kind if piece.kind in {"{", "[", "inherit"} else ""


def _gap(random: Random, before: str, dense: float) -> Gap:
    breaks = bool(before) and random.random() < 0.5
    if random.random() > dense:
        return Gap(breaks=breaks)
    beside = random.choice(("", "", *COMMENTS))
    above = tuple(random.choices(("", *COMMENTS, *LONG), k=random.randrange(3)))
    before_it = random.choice(("", "", "", "/* here */"))
    return Gap(beside, above, before_it, breaks or bool(beside or above))


def layout(parts: list[Token], random: Random) -> str:
    """One of the layouts of these tokens."""
    texts = []
    for part in parts:
        if part.gap:
            texts.append(_space(part.gap, part.follows, random))
        texts.append(part.text)
    return "".join(texts)


def _space(gap: Gap, follows: str, random: Random) -> str:
    some = random.choice(SPACES)
    if not gap.beside and not gap.above:
        broken = random.choice(BREAKS)
        if follows:
            space = broken if gap.breaks else some
        else:
            space = random.choice((some, broken))
        return f"{space}{gap.before}{random.choice(SPACES)}" if gap.before else space
    lines = [f"{some}{gap.beside}"]
    for line in gap.above:
        lines.append(random.choice(SPACES) + line if line else "")
        if not line:
            lines += [""] * random.randrange(2)
    lines.append(random.choice(SPACES) + gap.before)
    end = random.choice(("\n", "\r\n"))
    return end.join(lines) + random.choice(SPACES)
