"""What steps are called where people read of them."""

import pytest

from dynbuild.steps.model import (
    AptSource,
    Group,
    Install,
    Remove,
    Script,
    Stage,
    Step,
    Upgrade,
    User,
)
from dynbuild.steps.title import label, title

STEPS: list[tuple[Step, str]] = [
    (Stage("app"), "app"),
    (
        Group(
            "apt",
            {"git": Install("git=1"), "jq": Remove(), "curl": Upgrade()},
            {"git": "git=1", "curl": "curl"},
        ),
        "apt: git=1, newest curl, without jq",
    ),
    (
        AptSource("https://a/apt", ("stable",), ("main",)),
        "source: https://a/apt stable",
    ),
    (Script("\nlocale-gen\necho done\n"), "script: locale-gen"),
    (User("app", 1000, "/bin/sh"), "user: app"),
    (User("app", 1000, "/bin/sh", sudo=True), "user: app with sudo"),
]


@pytest.mark.parametrize(("step", "told"), STEPS)
def test_label(step: Step, told: str) -> None:
    assert label(step) == told
    assert told.endswith(title(step))


def test_a_long_title_is_cut() -> None:
    assert title(Script("x" * 61)) == "x" * 59 + "…"
    assert title(Script("x" * 60)) == "x" * 60
