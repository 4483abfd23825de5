"""The corpus: chunks of source with what they evaluate to, or how they fail."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from dynbuild.lang import MemoryFiles

HERE = Path(__file__).parent
FILES = HERE / "files"
SEPARATOR = "\n---\n"

_EXPECTED = re.compile(r'### ("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True)
class Case:
    """A chunk of a file of the corpus."""

    name: str
    text: str
    expected: str = ""


def _chunks(path: Path) -> list[str]:
    return path.read_bytes().decode().removesuffix("\n").split(SEPARATOR)


def okay_cases() -> list[Case]:
    cases = []
    for path in sorted((HERE / "okay").glob("*.nix")):
        sources, results = _chunks(path), _chunks(path.with_suffix(".exp"))
        for number, (text, result) in enumerate(zip(sources, results, strict=True), 1):
            cases.append(Case(f"{path.stem}-{number}", text, result))
    return cases


def fail_cases() -> list[Case]:
    return [
        Case(f"{path.stem}-{number}", text)
        for path in sorted((HERE / "fail").glob("*.nix"))
        for number, text in enumerate(_chunks(path), 1)
    ]


def expected_messages(text: str) -> list[tuple[int, str]]:
    """The lines and the messages that a failing chunk announces."""
    return [
        (number, json.loads(message))
        for number, line in enumerate(text.split("\n"), 1)
        for message in _EXPECTED.findall(line)
    ]


def memory_files() -> MemoryFiles:
    """The files beside the corpus, as if their directory were the root."""
    return MemoryFiles(
        {
            f"/{path.relative_to(FILES).as_posix()}": (
                f"-> {path.readlink()}" if path.is_symlink() else path.read_bytes()
            )
            for path in FILES.rglob("*")
            if path.is_symlink() or path.is_file()
        }
    )
