"""Make the snapshots of messages again: ``python -m tests.language.messages``.

A snapshot in ``messages/`` is a source, a line ``---``, and what people read.
"""

from pathlib import Path

from dynbuild.errors import DeclarationError, render
from dynbuild.lang import MemoryFiles, evaluate, force_deep
from dynbuild.spans import Source
from tests.language.corpus import SEPARATOR, memory_files

FOLDER = Path(__file__).parent / "messages"


def read(path: Path) -> tuple[str, str]:
    """The source and the expected messages of a snapshot."""
    source, _, expected = path.read_text(encoding="utf-8").partition(SEPARATOR)
    return source, expected.removesuffix("\n")


def messages(text: str, files: MemoryFiles) -> str:
    """What people read for a source that has something wrong with it."""
    try:
        force_deep(evaluate(Source("dynbuild.nix", text), files=files))
    except DeclarationError as error:
        return "\n".join(map(render, error.diagnostics))
    return "nothing is wrong"


def main() -> None:
    files = memory_files()
    for path in sorted(FOLDER.glob("*.txt")):
        source, _ = read(path)
        text = f"{source}{SEPARATOR}{messages(source, files)}\n"
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
