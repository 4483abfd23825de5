"""Escaping of a lock's text for Markdown, HTML and Mermaid, where it is inert.

Names, commands and paths come from a lock that anyone may have written: in a pull
request from a fork, say. Whatever they contain, they open no element, end no cell,
mention nobody.
"""

import html
import re

from dynbuild.cli.progress_text import printable

_PLAIN = re.compile(r"[^A-Za-z0-9 _.,:;/+=()^~-]")
_FENCE = re.compile("`+")


def escaped(text: str) -> str:
    """Return text escaped for elements and quoted attributes of HTML and XML.

    Control characters, which neither allows, become replacement characters.
    """
    return html.escape("\n".join(printable(line) for line in text.split("\n")))


def code(text: str) -> str:
    """Return a Markdown code span for a table cell, with nothing read as markup.

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
    """Return a fenced Markdown block that no run of backticks inside can end."""
    longest = max(map(len, _FENCE.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    shown = "\n".join(map(printable, text.split("\n")))
    return f"{fence}{language}\n{shown}\n{fence}"


def mermaid(text: str) -> str:
    """Return a quoted Mermaid label: all but plain characters as code points."""
    line = printable(text.replace("\n", " "))
    return '"' + _PLAIN.sub(lambda match: f"#{ord(match[0])};", line) + '"'
