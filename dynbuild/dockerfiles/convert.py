"""A Dockerfile's text as a declaration's, and what became of each instruction."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from textwrap import wrap

from dynbuild.declaration.schema_stage import Stage
from dynbuild.dockerfiles.gathering import Walk
from dynbuild.dockerfiles.layout import Image, lay_out, slug
from dynbuild.dockerfiles.model import Dockerfile, Instruction, Note, Outcome
from dynbuild.dockerfiles.parameters import values_of, with_arguments
from dynbuild.dockerfiles.reading import at_line, read
from dynbuild.dockerfiles.scope import UnknownError
from dynbuild.dockerfiles.sources import Sources
from dynbuild.dockerfiles.state import Setting
from dynbuild.dockerfiles.translate import finished, walk
from dynbuild.dockerfiles.writing import written
from dynbuild.errors import DeclarationError, Diagnostic, did_you_mean
from dynbuild.reference import parse
from dynbuild.spans import Source
from dynbuild.values import dataclass

_WINDOWS = re.compile(
    r"^mcr\.microsoft\.com/windows|\b(?:nanoserver|windowsservercore)"
)


@dataclass(frozen=True, slots=True)
class Conversion:
    """The text of a declaration, and a note for each instruction, in their order.

    ``dropped`` are pairs of stages that do not depend on one another.
    """

    text: str
    notes: tuple[Note, ...]
    dropped: tuple[tuple[str, str], ...]


_RANK: tuple[Outcome, ...] = ("left", "differs", "translated", "unused")
STAGE_FIELDS = frozenset(
    field.alias or name for name, field in Stage.model_fields.items()
)


def convert(
    source: Source,
    targets: Sequence[str] = (),
    arguments: Mapping[str, str] | None = None,
    fields: frozenset[str] = STAGE_FIELDS,
    more: Mapping[str, Setting] | None = None,
) -> Conversion:
    """Translate a Dockerfile to what stages with some fields can say.

    ``more`` is what is known of each image from elsewhere.
    Each of several ``targets`` becomes an image of its own; without any, the last build
    stage is the only one. Raises DeclarationError with the line that is wrong.
    """
    dockerfile = read(source)
    last = len(dockerfile.stages) - 1
    indices = dict.fromkeys(_target(dockerfile, one) for one in targets) or {last: None}
    given = arguments or {}

    def laid_out(marks: Mapping[str, str]) -> list[tuple[Walk, Image]]:
        found = []
        for index in indices:
            walked = _walked(source, dockerfile, index, {**given, **marks}, fields)
            image = lay_out(walked, index)
            known = replace(image, fields={**image.fields, **(more or {})})
            found.append((walked, known))
        return found

    def write(marks: Mapping[str, str], declared: Mapping[str, str]) -> str:
        return _text(source, dockerfile, laid_out(marks), declared)

    plain = laid_out({})
    for walked, _ in plain:
        _refuse_names(source, dockerfile, walked.sources)
    text = with_arguments(
        _text(source, dockerfile, plain, {}),
        values_of(walked for walked, _ in plain),
        write,
    )
    dropped = [pair for _, image in plain for pair in image.dropped]
    return Conversion(text, _notes(plain), tuple(dict.fromkeys(dropped)))


def _walked(
    source: Source,
    dockerfile: Dockerfile,
    index: int,
    given: Mapping[str, str],
    fields: frozenset[str],
) -> Walk:
    try:
        sources = Sources.of(dockerfile, index, given, fields)
    except UnknownError as error:
        message = f"an image to start from cannot be told: {error}"
        span = at_line(source, error.line or 1)
        hint = "give the value of an argument with --build-arg NAME=VALUE"
        raise DeclarationError(Diagnostic("DB0333", message, span, hint)) from None
    _refuse_bases(source, dockerfile, sources)
    return walk(dockerfile, sources, given)


def _notes(images: Sequence[tuple[Walk, Image]]) -> tuple[Note, ...]:
    """Return a note for each instruction: of several images what matters most."""
    found: dict[int, Note] = {}
    for walked, image in images:
        for noted in walked.notes:
            note = finished(noted, image.names)
            before = found.setdefault(note.instruction.line, note)
            if _RANK.index(note.outcome) < _RANK.index(before.outcome):
                found[note.instruction.line] = note
    return tuple(found[line] for line in sorted(found))


def _text(
    source: Source,
    dockerfile: Dockerfile,
    images: Sequence[tuple[Walk, Image]],
    args: Mapping[str, str],
) -> str:
    left = [note for note in _notes(images) if note.outcome == "left"]
    above = [f"From {source.name}, by `dynbuild init --from`."]
    for reason, group in groupby(left, lambda note: note.reason):
        above += wrap(
            f"TODO {_lines([note.instruction for note in group])}: {reason}", 84
        )
    above += ["", *dockerfile.header] if dockerfile.header else []
    named = {_name(walked): image for walked, image in images}
    if len(images) == 1:
        named = {"": images[0][1]}
    return written(named, args, above, dockerfile.footer)


def _lines(instructions: Sequence[Instruction]) -> str:
    """Return where some instructions are, and of a single one what it is."""
    lines = ", ".join(str(one.line) for one in instructions)
    if len(instructions) > 1:
        return f"lines {lines}"
    return f"line {lines}, {instructions[0].name}"


def _name(walked: Walk) -> str:
    """Return the name of an image: that of its build stage."""
    stage = walked.dockerfile.stages[walked.sources.chain[-1]]
    return slug(stage.name or f"stage-{stage.index}")


def _refuse_bases(source: Source, dockerfile: Dockerfile, sources: Sources) -> None:
    for index in sorted(sources.needed):
        image = sources.images[index]
        message = hint = ""
        if _WINDOWS.search(image):
            message = f"{image} is an image of Windows"
            hint = "dynbuild builds images of Linux alone"
        if message:
            span = at_line(source, dockerfile.stages[index].start.line)
            raise DeclarationError(Diagnostic("DB0333", message, span, hint))


def _refuse_names(source: Source, dockerfile: Dockerfile, sources: Sources) -> None:
    """Refuse what no image can be called; arguments have their values here."""
    for index in sorted(sources.needed):
        image = sources.images[index]
        try:
            parse(image)
        except DeclarationError as error:
            (wrong,) = error.diagnostics
            span = at_line(source, dockerfile.stages[index].start.line)
            refusal = Diagnostic("DB0333", wrong.message, span, wrong.hint)
            raise DeclarationError(refusal) from None


def _target(dockerfile: Dockerfile, target: str) -> int:
    for stage in dockerfile.stages:
        if target.lower() == stage.name or target == str(stage.index):
            return stage.index
    names = [stage.name for stage in dockerfile.stages if stage.name]
    raise DeclarationError(
        Diagnostic(
            "DB0334",
            f"{dockerfile.name} has no build stage {target!r}",
            hint=did_you_mean(target, names) or f"it has {', '.join(names) or 'none'}",
        )
    )
