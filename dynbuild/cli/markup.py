"""Text of a lock in Markdown, HTML and Mermaid, where it can do nothing but appear.

Names, commands and paths come from a lock that anyone may have written: in a pull
request from a fork, say. Whatever they hold, they open no element, end no cell, mention
nobody.
"""

import html
import re

from dynbuild.cli.progress_text import printable

_PLAIN = re.compile(r"[^A-Za-z0-9 _.,:;/+=()^~-]")
_FENCE = re.compile("`+")


def escaped(text: str) -> str:
    """Text as HTML and XML show it, in elements and in quoted attributes.

    What neither may hold, control characters, is shown as a replacement.
    """
    return html.escape("\n".join(printable(line) for line in text.split("\n")))


def code(text: str) -> str:
    """A code span of Markdown in one line of a table: nothing in it is read as markup.

    The fence is longer than any run of backticks inside (CommonMark 0.31, 6.1); a bar
    would end the cell (GFM 4.10).
    """
    line = printable(text.replace("\n", " ")).replace("|", "\\|").strip()
    if not line:
        return ""
    longest = max(map(len, _FENCE.findall(line)), default=0)
    fence = "`" * (longest + 1)
    space = " " * (line.startswith("`") or line.endswith("`"))
    return f"{fence}{space}{line}{space}{fence}"


def fenced(language: str, text: str) -> str:
    """A fenced block of Markdown, which no run of backticks inside ends."""
    longest = max(map(len, _FENCE.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    shown = "\n".join(map(printable, text.split("\n")))
    return f"{fence}{language}\n{shown}\n{fence}"


def mermaid(text: str) -> str:
    """A quoted label of Mermaid: all but plain characters as their code points."""
    line = printable(text.replace("\n", " "))
    return '"' + _PLAIN.sub(lambda found: f"#{ord(found[0])};", line) + '"'
