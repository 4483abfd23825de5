"""Build output made safe to show, and times and sizes in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.building import StepResult
from dynbuild.cli.progress_text import duration, outcome, printable, size, transfer

ESC = "\x1b"
BAD = "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain", "plain"),
        (f"{ESC}[31mred{ESC}[0m", "red"),
        (f"{ESC}[2J{ESC}[1;1Hwiped", "wiped"),
        (f"{ESC}]0;title\x07after", "after"),
        (f"{ESC}]8;;http://x{ESC}\\link{ESC}]8;;{ESC}\\", "link"),
        (f"{ESC}(Bcharset{ESC}7{ESC}=", "charset"),
        (f"unfinished {ESC}[3", "unfinished 3"),
        (" 10%\r 50%\r100%", "100%"),
        ("dos\r", "dos"),
        ("a\tb", "a       b"),
        ("bell\x07 null\0 c1\x9b31m", f"bell{BAD} null{BAD} c1{BAD}31m"),
        ("\u202egnp.exe", f"{BAD}gnp.exe"),
        ("gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n", "grün"),
        ("\udc80", BAD),
    ],
)
def test_printable(line: str, shown: str) -> None:
    assert printable(line) == shown


@given(st.text())
def test_nothing_printable_controls_a_terminal(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


def test_words() -> None:
    assert duration(12.345) == "12.3 s"
    assert [size(count) for count in (999, 1000, 60_430_763, 12_300_000_000)] == [
        "999 B",
        "1.0 kB",
        "60.4 MB",
        "12.3 GB",
    ]
    assert transfer(0, 0) == ""
    assert transfer(5, 0) == "5 B"
    assert transfer(5, 10) == "5 B of 10 B"
    assert transfer(10, 10) == "10 B"


def test_outcome() -> None:
    titles = {"apt.1": "apt: curl"}
    ran = StepResult("apt.1", 1.25, ran=True, platform="linux/arm64")
    assert outcome(ran, titles) == "ran        1.2 s  apt: curl (linux/arm64)"
    assert outcome(StepResult("x", 0, ran=False), titles) == "cached            x"
