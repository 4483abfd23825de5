"""A self-contained HTML page: style and script inline, no network requests.

Its content security policy allows only the digests of its own style and script, so
that whatever a name or a command contains, no browser runs it.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import TypeAlias

from dynbuild.cli.markup import escaped


def page(title: str, body: Iterable[str]) -> str:
    """Return a whole page; ``body`` is markup with all text escaped."""
    style, script = _part("page.css"), _part("page.js")
    policy = (
        f"default-src 'none'; style-src '{_sum(style)}'; script-src '{_sum(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escaped(title)}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *body,
            f"<script>{script}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


Attribute: TypeAlias = str | float | bool | None
"""An attribute's value: True for a bare attribute, None and False for none."""


def element(name: str, *content: str, **attributes: Attribute) -> str:
    """Return an element around markup; escape attributes, map underscores to dashes."""
    shown = "".join(_attribute(key, told) for key, told in attributes.items())
    return f"<{name}{shown}>{''.join(content)}</{name}>"


def _attribute(key: str, told: Attribute) -> str:
    name = key.strip("_").replace("_", "-")
    if told is None or told is False:
        return ""
    return f" {name}" if told is True else f' {name}="{escaped(str(told))}"'


def text(name: str, content: str, **attributes: Attribute) -> str:
    """Return an element around text."""
    return element(name, escaped(content), **attributes)


def table(
    caption: str, head: Iterable[str], rows: Iterable[Iterable[str]], numbers: int = 0
) -> str:
    """Return a table of texts; the last ``numbers`` columns hold numbers."""
    names = list(head)
    right = {len(names) - 1 - at for at in range(numbers)}

    def cells(row: Iterable[str], kind: str, **attributes: str) -> str:
        return "".join(
            text(kind, cell, class_="number" if at in right else None, **attributes)
            for at, cell in enumerate(row)
        )

    lines = [element("tr", cells(row, "td")) for row in rows]
    return element(
        "div",
        element(
            "table",
            text("caption", caption),
            element("thead", element("tr", cells(names, "th", scope="col"))),
            element("tbody", *lines),
        ),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def tiles(facts: Mapping[str, str]) -> str:
    """Return key figures in large type, each under its name."""
    cells = [
        element("div", text("dt", name), text("dd", told))
        for name, told in facts.items()
    ]
    return element("dl", *cells, class_="tiles")


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _sum(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
