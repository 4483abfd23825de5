"""The history of real builds: kept whatever comes of them, told by ``status``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from tests.space import Space

DECLARATION = """\
base = "{base}"

[[stages]]
name = "first"
commands = ["echo {unique} > /first"]

[[stages]]
name = "second"
dependencies = ["first"]
commands = ["{second}"]
"""


def test_builds_are_told(built: Space, busybox_base: str) -> None:
    unique = str(uuid4())

    def declare(second: str) -> None:
        text = DECLARATION.format(base=busybox_base, unique=unique, second=second)
        built.write("dynbuild.toml", text)
        built.ok("lock")

    declare("false")
    assert "nothing was realized here yet" in built.ok("status").err
    assert built.run("realize").status == 1
    declare("echo > /second")
    built.ok("realize")
    built.ok("realize")
    past = json.loads(built.ok("status", "--json").out)["history"]
    (day,) = past["days"]
    assert (day["builds"], day["failed"]) == (3, 1)
    assert day["steps"] == {"built": 2, "local": 3}
    assert day["hit_rates"]["local"] == 0.6
    assert [one["step"] for one in past["slowest"]] != []
    assert past["most_moved"] == [{"stage": "second", "moves": 1}]
    told = built.ok("status").out
    assert told.splitlines()[-1] == "second      1"


def test_what_fails_beside_the_steps_failed(built: Space, busybox_base: str) -> None:
    """All steps are there, and the image cannot be given."""
    text = DECLARATION.format(base=busybox_base, unique=uuid4(), second="true")
    built.write("dynbuild.toml", text)
    built.ok("lock")
    built.ok("realize")
    assert built.run("realize", "--push", "-t", "127.0.0.1:1/a/b").status == 4
    past = json.loads(built.ok("status", "--json").out)["history"]
    (day,) = past["days"]
    assert (day["builds"], day["failed"]) == (2, 1)
