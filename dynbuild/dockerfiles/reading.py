"""From text to a Dockerfile value, by BuildKit's grammar."""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from dynbuild.dockerfiles.model import (
    BuildStage,
    CommentedLine,
    Dockerfile,
    Heredoc,
    Instruction,
)
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.spans import Source, Span

if TYPE_CHECKING:
    from e2b_dockerfile_utils import DockerfileInstruction

_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$")
_OWN_SYNTAX = re.compile(r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?(?:[:@].*)?")


def read(source: Source) -> Dockerfile:
    """Read a whole file. Raises DeclarationError with the line where it is wrong."""
    # It is needed by two commands alone.
    from e2b_dockerfile_utils import (  # noqa: PLC0415
        DockerfileSyntaxError,
        parse_dockerfile_ast,
    )

    lines = source.text.removeprefix("\ufeff").split("\n")
    _refuse_syntax(source, lines)
    try:
        tree = parse_dockerfile_ast(source.text)
    except DockerfileSyntaxError as error:
        message = str(error).rpartition("parse error on line ")[2].partition(": ")[2]
        raise _wrong(source, error.line or 1, message or str(error)) from None
    instructions: list[Instruction] = []
    header: tuple[str, ...] = ()
    done = _directives(lines)
    for node in tree.instructions:
        above = lines[done : node.start_line - 1]
        comments = _comments(above)
        if not instructions:
            header, comments = _header(above)
        instructions.append(
            _instruction(source, node, lines, comments, tree.escape_token)
        )
        done = node.end_line
    arguments, stages = _stages(source, instructions)
    return Dockerfile(
        source.name,
        tree.escape_token,
        arguments,
        stages,
        header,
        _comments(lines[done:]),
    )


def at_line(source: Source, line: int) -> Span:
    """Return the span of a line, from its first character that is not blank."""
    lines = source.text.split("\n")
    number = min(max(line, 1), len(lines))
    start = sum(len(one) + 1 for one in lines[: number - 1])
    text = lines[number - 1].rstrip()
    return Span(source, start + len(text) - len(text.lstrip()), start + len(text))


def _wrong(source: Source, line: int, message: str, hint: str = "") -> DeclarationError:
    hint = hint or "`docker build --check` reads it as well, and says more"
    return DeclarationError(
        Diagnostic(
            "DB0332",
            f"not a Dockerfile: {message}",
            at_line(source, line),
            hint,
        )
    )


def _directives(lines: Sequence[str]) -> int:
    """Return how many lines of directives a file begins with."""
    return len([*takewhile(_is_directive, lines)])


def _is_directive(line: str) -> bool:
    match = _DIRECTIVE.match(line.strip())
    return match is not None and match[1].lower() in ("syntax", "escape", "check")


def _refuse_syntax(source: Source, lines: Sequence[str]) -> None:
    for number, line in enumerate(lines[: _directives(lines)], 1):
        match = _DIRECTIVE.match(line.strip())
        assert match
        if match[1].lower() == "syntax" and not _OWN_SYNTAX.fullmatch(match[2]):
            message = f"it is for another reader: # syntax={match[2]}"
            hint = (
                "only Docker's own syntax (docker/dockerfile) can be translated: "
                "remove the line if the file is an ordinary Dockerfile"
            )
            raise _wrong(source, number, message, hint)


def _header(above: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split comments before the first instruction where the last empty line is."""
    empty = [at for at, line in enumerate(above) if not line.strip()]
    border = empty[-1] if empty else 0
    return _comments(above[:border]), _comments(above[border:])


def _comments(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the comments among lines, without their signs."""
    stripped = (line.strip() for line in lines)
    return tuple(line[1:].strip() for line in stripped if line.startswith("#"))


def _instruction(
    source: Source,
    node: "DockerfileInstruction",
    lines: Sequence[str],
    comments: tuple[str, ...],
    escape: str,
) -> Instruction:
    parts = node.original.strip().split(maxsplit=1)
    rest = parts[1] if len(parts) > 1 else ""
    text = _after_flags(rest, len(node.flags), escape)
    documents = tuple(
        Heredoc(
            one.name,
            re.sub(r"^\t+", "", one.content, flags=re.MULTILINE)
            if one.chomp
            else one.content,
            one.expand,
        )
        for one in node.heredocs
    )
    words = (text,) if node.name == "ONBUILD" else tuple(node.args)
    if not words and not node.json:
        raise _wrong(source, node.start_line, f"{node.name} needs an argument")
    physical = lines[node.start_line - 1 : node.end_line]
    breaks, inner = _lines(physical, text, escape)
    return Instruction(
        node.name,
        node.start_line,
        node.end_line,
        words,
        tuple(node.flags),
        text,
        breaks,
        node.json,
        documents,
        comments,
        inner,
    )


def _after_flags(rest: str, count: int, escape: str) -> str:
    """Return what follows the flags of an instruction, as it is written."""
    word = re.compile(
        rf"\s*--(?:\"(?:{re.escape(escape)}.|[^\"])*\"|'(?:{re.escape(escape)}.|[^'])*'"
        rf"|{re.escape(escape)}.|[^\s\"'])*",
        re.DOTALL,
    )
    at = 0
    for _ in range(count):
        match = word.match(rest, at)
        at = match.end() if match else at
    return rest[at:].strip()


def _lines(
    physical: Sequence[str], text: str, escape: str
) -> tuple[tuple[int, ...], tuple[CommentedLine, ...]]:
    """Return where a text has the ends of its lines, and the comments between."""
    ends = re.compile(rf"(?<!{re.escape(escape)}){re.escape(escape)}[ \t\r]*$")
    joined = ""
    breaks: list[int] = []
    inner: list[CommentedLine] = []
    for number, line in enumerate(physical):
        stripped = line.strip()
        if stripped.startswith("#"):
            inner.append(CommentedLine(len(joined), stripped[1:].strip()))
        elif stripped or not number:
            breaks.append(len(joined))
            whole = line.rstrip("\r")
            joined += ends.sub("", whole if number else whole.lstrip())
            if not ends.search(whole):
                break
    start = joined.rfind(text)
    return (
        tuple(at - start for at in breaks if 0 <= start < at < start + len(text)),
        tuple(CommentedLine(max(0, one.at - start), one.text) for one in inner),
    )


def _stages(
    source: Source, instructions: Sequence[Instruction]
) -> tuple[tuple[Instruction, ...], tuple[BuildStage, ...]]:
    starts = [at for at, one in enumerate(instructions) if one.name == "FROM"]
    if not starts:
        message = "it has no FROM" if instructions else "it is empty"
        line = instructions[0].line if instructions else 1
        raise _wrong(source, line, message, "name the image to start from: FROM debian")
    arguments = tuple(instructions[: starts[0]])
    for one in arguments:
        if one.name != "ARG":
            raise _wrong(
                source,
                one.line,
                f"{one.name} stands before the first FROM",
                "only ARG may: move it below a FROM",
            )
    stages = []
    for index, (at, end) in enumerate(
        zip(starts, [*starts[1:], len(instructions)], strict=True)
    ):
        start = instructions[at]
        stages.append(
            BuildStage(
                index,
                _name(source, start),
                start,
                tuple(instructions[at + 1 : end]),
            )
        )
    return arguments, tuple(stages)


def _name(source: Source, start: Instruction) -> str | None:
    match [*start.words]:
        case [_]:
            return None
        case [_, word, name] if word.upper() == "AS":
            return name.lower()
        case _:
            raise _wrong(
                source, start.line, "FROM is `FROM IMAGE` or `FROM IMAGE AS NAME`"
            )
