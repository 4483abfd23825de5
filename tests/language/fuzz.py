"""Throw broken sources at the language: ``python -m tests.language.fuzz COUNT [SEED]``.

The inputs are the corpus, cut up and put together wrongly, and noise. Whatever happens
must be a value or a ``DeclarationError``, within the limits; what parses has one
layout, which means the same.
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
    parse,
    to_json,
    to_nix,
)
from dynbuild.lang.scanner import scan
from dynbuild.lang.syntax import Expression, Refused, SyntaxNode, children
from dynbuild.spans import Source
from tests.language.corpus import fail_cases, memory_files, okay_cases
from tests.language.layouts import layout, tokens

LIMITS = Limits(depth=500, calls=20_000, elements=20_000)
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
    run(text, files)
    reformat(text)


def run(text: str, files: MemoryFiles) -> None:
    source = Source("fuzz.nix", text)
    try:
        result = evaluate(source, files=files, limits=LIMITS)
        force_deep(result)
        to_nix(result)
        to_json(result)
    except DeclarationError as error:
        for diagnostic in error.diagnostics:
            render(diagnostic)


def reformat(text: str) -> None:
    source = Source("fuzz.nix", text)
    try:
        tree = parse(source)
    except DeclarationError:
        return
    formatted = Source("fuzz.nix", format_source(source))
    assert parse(formatted) == tree
    assert format_source(formatted) == formatted.text
    _lay_out(text, tree)


def _lay_out(text: str, tree: Expression) -> None:
    """Format two other layouts of a source, which are the same for the same text.

    What the parser takes only to refuse it has one layout: ``./a ${b}`` is refused for
    its space.
    """
    if any(isinstance(node, Refused) for node in nodes(tree)):
        return
    generator = random.Random(repr(text))
    parts = tokens(text, generator, generator.choice((0.0, 0.05, 0.5)))
    one, other = (Source("fuzz.nix", layout(parts, generator)) for _ in range(2))
    formatted = format_source(one)
    assert parse(Source("fuzz.nix", formatted)) == tree
    assert format_source(other) == formatted


def nodes(tree: SyntaxNode) -> Iterator[SyntaxNode]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += children(node)


def main() -> None:
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    files = memory_files()
    for number, text in enumerate(inputs(count, seed), 1):
        try:
            survive(text, files)
        except BaseException:
            print(f"input {number} of seed {seed}: {text!r}")  # noqa: T201
            raise
        if number % 50_000 == 0:
            print(f"{number} inputs", flush=True)  # noqa: T201
    print(f"{count} inputs, nothing broke")  # noqa: T201


if __name__ == "__main__":
    main()
