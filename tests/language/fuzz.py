"""Throw broken sources at the language: ``python -m tests.language.fuzz COUNT [SEED]``.

The inputs are the corpus, cut up and put together wrongly, and noise. Whatever happens
must be a value or a ``DeclarationError``, within the limits.
"""

import random
import sys
from collections.abc import Iterator

from dynbuild.errors import DeclarationError, render
from dynbuild.lang import (
    Limits,
    MemoryFiles,
    evaluate,
    force_deep,
    format_source,
    to_json,
    to_nix,
)
from dynbuild.lang.scanner import scan
from dynbuild.spans import Source
from tests.language.corpus import fail_cases, memory_files, okay_cases

LIMITS = Limits(depth=500, steps=20_000)
NOISE = "".join(map(chr, range(128))) + "é€\u2028\ufeff\U0001f600\udcff"
REPEATED = ("[", "{", "(", "${", '"', "''", "a.", "x:", "-", "!", "1+", "let a=1;in ")


def inputs(count: int, seed: int) -> Iterator[str]:
    """So many broken sources, the same for the same seed."""
    generator = random.Random(seed)
    texts = [case.text for case in [*okay_cases(), *fail_cases()]]
    pieces = [piece.text for text in texts for piece in scan(text)]
    for _ in range(count):
        yield _broken(generator, texts, pieces)


def _broken(generator: random.Random, texts: list[str], pieces: list[str]) -> str:
    kind = generator.randrange(6)
    if kind == 0:
        return "".join(generator.choices(pieces, k=generator.randint(1, 30)))
    if kind == 1:
        return "".join(generator.choices(NOISE, k=generator.randint(1, 60)))
    if kind == 2:
        return generator.choice(REPEATED) * generator.randint(1, 600)
    text = generator.choice(texts)
    for _ in range(generator.randint(1, 4)):
        at = generator.randint(0, len(text))
        end = min(len(text), at + generator.randint(0, 8))
        if kind == 3:
            text = text[:at] + text[end:]
        elif kind == 4:
            text = text[:at] + generator.choice(pieces) + text[end:]
        else:
            other = generator.choice(texts)
            cut = generator.randint(0, len(other))
            text = text[:at] + other[cut : cut + 20] + text[end:]
    return text


def survive(text: str, files: MemoryFiles) -> None:
    """Put one source through all that can be done with it."""
    source = Source("fuzz.nix", text)
    try:
        result = evaluate(source, files=files, limits=LIMITS)
        force_deep(result)
        to_nix(result)
        to_json(result)
    except DeclarationError as error:
        for diagnostic in error.diagnostics:
            render(diagnostic)
    try:
        formatted = format_source(source)
    except DeclarationError:
        return
    assert format_source(Source("fuzz.nix", formatted)) == formatted


def main() -> None:
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    files = memory_files()
    for number, text in enumerate(inputs(count, seed), 1):
        try:
            survive(text, files)
        except BaseException:
            print(f"input {number} of seed {seed}: {text!r}")  # noqa: T201
            raise
    print(f"{count} inputs, nothing broke")  # noqa: T201


if __name__ == "__main__":
    main()
