"""The generated parts of docs/language.md: ``python -m tests.language.docs``."""

import re
from pathlib import Path

from dynbuild.lang import list_builtins
from dynbuild.lang.failure import CODES

PAGE = Path(__file__).parents[2] / "docs/language.md"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _builtins() -> str:
    rows = [f"| `{row.usage}` | {_cell(row.summary)} |" for row in list_builtins()]
    return "\n".join(["| use | what it gives |", "|---|---|", *rows])


def _codes() -> str:
    rows = [f"| {code} | {_cell(text)} |" for code, text in CODES.items()]
    return "\n".join(["| code | what is wrong |", "|---|---|", *rows])


PARTS = {"built-ins": _builtins, "codes": _codes}


def generated(page: str) -> str:
    """The page with its generated parts made anew."""
    for name, make in PARTS.items():
        begin, rest = page.split(f"<!-- begin: {name} ", 1)
        title, rest = rest.split("-->\n", 1)
        end = rest.index(f"<!-- end: {name} -->")
        page = f"{begin}<!-- begin: {name} {title}-->\n{make()}\n{rest[end:]}"
    return page


def examples(page: str) -> list[tuple[str, str]]:
    """The examples of the page with their values."""
    found = []
    for block in re.findall(r"```nix\n(.*?)```", page, re.DOTALL):
        source = ""
        for line in block.splitlines():
            code, mark, value = line.partition("#=> ")
            source += code + "\n"
            if mark:
                found.append((source.strip(), value.strip()))
                source = ""
    return found


if __name__ == "__main__":
    PAGE.write_text(generated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
