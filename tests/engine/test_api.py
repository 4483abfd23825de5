"""The public interface on a real engine, by the example of its documentation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from tests.space import Space

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
DECLARED = """base = "{base}"

[[stages]]
name = "hello"
commands = ["echo hello > /hello # {unique}"]

[[stages]]
name = "bye"
commands = ["echo bye > /bye # {unique}"]
"""


def example() -> str:
    found = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    # Containers here have no network of their own.
    return found[1].replace('tags=("app",)', 'tags=("app",), network="host"')


def test_the_example_of_the_documentation(built: Space, debian_base: str) -> None:
    # The engine may have what other tests build.
    text = DECLARED.format(base=debian_base, unique=uuid4())
    built.write("dynbuild.toml", text)
    done = built.command(sys.executable, "-c", example())
    assert done.out.splitlines() == ["would run: hello bye", "ran: hello bye"], done.err
    assert built.ok("lock", "--check").err.endswith("is up to date\n")
    words = ("docker", "run", "--rm", "app", "cat", "/hello", "/bye")
    out = subprocess.check_output(words, env={**built.environment}, text=True)
    assert out == "hello\nbye\n"

    done = built.command(sys.executable, "-c", example())
    assert done.out.splitlines() == ["would run:", "ran:"], done.err

    built.write("dynbuild.toml", text.replace("echo bye", "echo why; exit 7; echo"))
    done = built.command(sys.executable, "-c", example())
    assert done.out.endswith("step bye failed: exit code 7\nwhy\n")

    built.write("dynbuild.toml", text.replace("commands", "comands"))
    done = built.command(sys.executable, "-c", example())
    assert done.out.startswith("DB0"), done.out
    assert "commands" in done.out


def test_a_failing_step_is_an_exception(built: Space, debian_base: str) -> None:
    text = DECLARED.format(base=debian_base, unique=uuid4())
    text = text.replace("echo bye > /bye", "exit 7")
    built.write("dynbuild.toml", text)
    program = (
        "from dynbuild import *\n"
        "events = []\n"
        "environment = open_environment(report=events.append)\n"
        "locked = lock(load(environment), environment)\n"
        "try:\n"
        '    realize(locked.lock, environment, RealizeOptions(network="host"))\n'
        "except BuildFailed as error:\n"
        "    print(error.step, error.exit_code, len(events) > 2)\n"
    )
    done = built.command(sys.executable, "-c", program)
    assert done.out == "bye 7 True\n", done.err
