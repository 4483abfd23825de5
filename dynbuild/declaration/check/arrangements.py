"""Commands without meaning in their place: operators without a shell, empty lines."""

import re
from collections.abc import Iterator
from posixpath import basename

from dynbuild import quote
from dynbuild.declaration.grammar import SHELLS
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax.edits import removal, rewriting
from dynbuild.declaration.syntax.shape_messages import place
from dynbuild.declaration.syntax.spelling import spelled
from dynbuild.declaration.syntax.tree import Path
from dynbuild.errors import Diagnostic, Label
from dynbuild.steps.late import REFERENCE

_OPERATORS = frozenset(("||", "&&", "|", ";", "&", ">", ">>", "<", "2>&1"))
_OF_DOCKER = (("CMD-SHELL",), ("CMD",))
"""Prefixes of a health check in Compose and ``docker inspect``."""

_SHELL = ("/bin/sh", "-c")


def check_operators(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report commands without a shell that use shell operators."""
    for path, words in _started(loaded):
        name = place(loaded.tree, path)
        found = [word for word in words if word in _OPERATORS]
        at, rest = 0, words
        if found:
            at, message = words.index(found[0]), f"{found[0]} is an argument"
        elif len(words) == 1 and re.search(r"\s", words[0].strip()):
            message = "a program of that whole name is started"
        elif path[0] == "healthcheck" and words[:1] in _OF_DOCKER and len(words) > 1:
            message, rest = f"{words[0]} is taken for a program", words[1:]
        else:
            continue
        shell = words[0] != "CMD"
        instead = [*_SHELL, " ".join(_script(rest))] if shell else list(rest)
        yield Diagnostic(
            "DB0184",
            f"{name} runs no shell: {message}",
            loaded.span(*path, at),
            f"{'let a shell run it' if shell else 'leave it out'}: "
            + spelled(loaded.syntax, str(path[-1]), instead),
            severity="warning",
            mends=rewriting(
                loaded.span(*path),
                loaded.syntax,
                instead,
                "let a shell run it" if shell else f"leave {words[0]} out",
            ),
        )


def _script(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words without a ``sh -c`` that would run only the first of them."""
    if basename(words[0]) in SHELLS and words[1:2] == ("-c",) and len(words) > 2:  # noqa: PLR2004
        return words[2:]
    return words


def _started(loaded: Loaded) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield the programs that a container starts without a shell."""
    for path, words in _commands(loaded):
        if not isinstance(words, str):
            yield path, words


def _commands(loaded: Loaded) -> Iterator[tuple[Path, tuple[str, ...] | str]]:
    """Yield the commands that a container runs, and its health check."""
    declaration = loaded.declaration
    for name in ("entrypoint", "cmd"):
        words = getattr(declaration, name)
        yield (name,), () if words is None else words
    if declaration.healthcheck:
        yield ("healthcheck", "cmd"), declaration.healthcheck.cmd


def check_lines(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report lines for the shell that are empty, or that no instruction can hold."""
    for path, line in _commands(loaded):
        if not isinstance(line, str):
            continue
        span = loaded.span(*path)
        if not line.strip():
            message = f"{place(loaded.tree, path)} is empty"
            mends = removal(loaded.tree, loaded.syntax, path)
            yield Diagnostic("DB0129", message, span, "remove it", mends=mends)
        elif path[0] == "healthcheck" and not re.search(r"[\n\r\0]", line):
            try:
                quote.shell_line(line.strip())
            except quote.UnfitError as error:
                message = f"no Dockerfile can hold this health check: {error}"
                yield Diagnostic("DB0143", message, span, "write it as a list")


def check_ignored(loaded: Loaded) -> Iterator[Diagnostic]:
    """Warn of arguments for an entrypoint that is a line for the shell."""
    declaration = loaded.declaration
    if isinstance(declaration.entrypoint, str) and declaration.cmd:
        yield Diagnostic(
            "DB0186",
            "cmd is ignored: entrypoint is a line for the shell, which takes no "
            "arguments",
            loaded.span("cmd"),
            "write entrypoint as a list, or remove cmd",
            (Label(loaded.span("entrypoint"), "a text is for the shell"),),
            severity="warning",
            mends=removal(loaded.tree, loaded.syntax, ("cmd",), "remove cmd"),
        )


def check_pasted(loaded: Loaded) -> Iterator[Diagnostic]:
    """Warn of arguments named where a shell reads them: it has them as variables."""
    for path, text in _shell_texts(loaded):
        named = [n for n in REFERENCE.findall(text) if n in loaded.declaration.args]
        if named:
            name = named[0]
            field, whose = "env", "the image"
            if path[0] == "stages":
                field, whose = "build_env", "the commands"
            variable = spelled(
                loaded.syntax, field, {name.upper(): f"${{args.{name}}}"}
            )
            yield Diagnostic(
                "DB0187",
                f"a shell reads this: ${{args.{name}}} is not replaced here",
                loaded.span(*path),
                f"give it to {whose} as a variable: {variable}, and write "
                f"${name.upper()}",
                severity="warning",
            )


def _shell_texts(loaded: Loaded) -> Iterator[tuple[Path, str]]:
    """Yield the commands of stages, and the image's lines for the shell."""
    for at, stage in enumerate(loaded.declaration.stages):
        for index, text in enumerate(stage.commands):
            yield ("stages", at, "commands", index), text
    for path, line in _commands(loaded):
        if isinstance(line, str):
            yield path, line
