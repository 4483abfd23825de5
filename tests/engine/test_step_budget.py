"""An image of more steps than an image may have layers."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from dynbuild.link.budget import BUDGET

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

STEPS = 150


def declare(space: Space, base: str, texts: dict[str, str]) -> None:
    lines = [f'base = "{base}"']
    for name, text in texts.items():
        command = f"mkdir -p /own; echo {text} > /own/{name}; echo x >> /own/all-{name}"
        lines += ["[[stages]]", f'name = "{name}"', f'commands = ["{command}"]']
    space.write("dynbuild.toml", "\n".join(lines) + "\n")
    space.ok("lock")


@pytest.mark.slow
def test_many_steps_stay_within_the_budget(
    built: Space, busybox_base: str, docker: Callable[..., str]
) -> None:
    tag = f"dynbuild-test-budget-{os.getpid()}"
    texts = {f"s{number:03}": "first" for number in range(STEPS)}
    declare(built, busybox_base, texts)
    built.ok("realize", "-t", tag)
    try:
        for turn in range(60):
            name = f"s{turn * 7 % STEPS:03}"
            texts[name] = f"turn-{turn}"
            declare(built, busybox_base, texts)
            done = built.ok("realize", "-t", tag)
            assert f"{STEPS} steps: 1 ran, {STEPS - 1} cached" in done.err
            image = json.loads(docker("image", "inspect", tag))[0]
            assert len(image["RootFS"]["Layers"]) <= BUDGET
            if turn % 10 == 0:
                script = (
                    "cd /own; for f in s*; do echo $f $(cat $f) $(cat all-$f); done"
                )
                said = docker("run", "--rm", "--network=none", tag, "sh", "-c", script)
                found = [line.split() for line in said.splitlines()]
                assert found == [[n, text, "x"] for n, text in sorted(texts.items())]
    finally:
        docker("image", "rm", tag)
