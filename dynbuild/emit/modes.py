"""Modes of copies in letters, which leave the directories above a copy as they are.

BuildKit gives a mode in digits to the directories that it makes on the way as well, so
that below one of 600 nobody can look.
"""

import re

_DIGITS = re.compile(r"0?([0-7])([0-7])([0-7])")


def in_letters(mode: str, *, of_file: bool) -> str:
    """A mode as chmod(1) takes it.

    Unless it is of one file, directories can be entered by whoever may read them; so
    can be executed what could be before. What has a fourth digit, or is in letters
    already, stays.
    """
    match = _DIGITS.fullmatch(mode)
    if match is None or match.groups() == ("7", "5", "5"):
        return mode
    return ",".join(
        f"{whose}={_letters(int(digit), of_file=of_file)}"
        for whose, digit in zip("ugo", match.groups(), strict=True)
    )


def _letters(digit: int, *, of_file: bool) -> str:
    reads, writes, runs = digit & 4, digit & 2, digit & 1
    enters = "X" if reads and not of_file else ""
    return f"{'r' if reads else ''}{'w' if writes else ''}{'x' if runs else enters}"
