"""What a person is told of a translation: every instruction, and what to do."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from dynbuild.dockerfiles.model import Note

_WIDTH = 60


def told(name: str, notes: Sequence[Note]) -> str:
    """Return the report: what needs a look, line by line, and how many do not."""
    counts = Counter(note.outcome for note in notes)
    lines = []
    for outcome, title in (
        ("left", "left to you"),
        ("differs", "translated, and something to know"),
        ("unused", "not used"),
    ):
        chosen = [note for note in notes if note.outcome == outcome]
        if chosen:
            lines.append(f"{title}:")
            for reason, group in groupby(chosen, lambda note: note.reason):
                lines += [_line(name, note) for note in group]
                lines.append(f"      {reason}")
    total = len(notes)
    done = counts["translated"] + counts["differs"]
    summary = f"{name}: {done} of {total} instructions translated"
    if counts["left"]:
        summary += f", {counts['left']} left to you"
    if counts["unused"]:
        summary += f", {counts['unused']} not used"
    return "\n".join([*lines, summary])


def _line(name: str, note: Note) -> str:
    one = note.instruction
    text = " ".join([one.name, *one.flags, one.text])
    text = " ".join(text.split())
    shown = text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
    return f"  {name}:{one.line}: {shown}"


def as_data(notes: Sequence[Note]) -> list[dict[str, object]]:
    """Return the notes for programs, in the order of the file."""
    return [
        {
            "line": note.instruction.line,
            "last_line": note.instruction.last,
            "instruction": note.instruction.name,
            "outcome": note.outcome,
            "field": note.where or None,
            "reason": note.reason or None,
        }
        for note in notes
    ]
