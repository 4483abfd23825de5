"""The lines of a Dockerfile: instructions in a width that people can read."""

from collections.abc import Sequence

_WIDTH = 88


def instruction(name: str, flags: Sequence[str], rest: str) -> list[str]:
    """An instruction on one line, or on several where that would be long."""
    lines = [name]
    for word in (*flags, rest):
        longer = f"{lines[-1]} {word}"
        if len(longer) <= _WIDTH or lines[-1] == name:
            lines[-1] = longer
        else:
            lines.append(f"    {word}")
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]
