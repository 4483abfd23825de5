"""The script of apk on a real busybox, with a stand-in for apk.

apk itself is in no archive that this project builds from. The stand-in keeps the list
of what was asked for as apk does, so that the script's own logic runs for real.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import Image, make_base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.space import Space

BASE = r"""
FROM @base@
COPY --chmod=755 <<'APK' /bin/apk
#!/bin/sh
set -eu
verb=$1
shift
cp /etc/apk/world /tmp/before
for word; do
  case $word in
    --no-cache | --upgrade) continue ;;
    -s) trap 'cp /tmp/before /etc/apk/world' EXIT; continue ;;
    not-there) echo "ERROR: unable to select packages: $word" >&2; exit 1 ;;
  esac
  name=${word%%[<>=~@]*}
  awk -F '[<>=~@]' -v name="$name" '$1 != name' /etc/apk/world > /tmp/world
  if [ "$verb" = add ]; then echo "$word" >> /tmp/world; fi
  sort /tmp/world > /etc/apk/world
  rm /tmp/world
done
APK
RUN mkdir -p /etc/apk /tmp && printf 'own=1\nown.lib\n' > /etc/apk/world
"""


@pytest.fixture
def image(built: Space, engine: dict[str, str], busybox_base: str) -> Iterator[Image]:
    text = BASE.replace("@base@", busybox_base)
    base = make_base(engine, text, f"managers-apk-{uuid4().hex[:12]}")
    made = Image(built, engine, base)
    yield made
    made.forget()
    Image(built, engine, base, base).forget()


def packages(*specs: str) -> str:
    return f"apk_packages = {json.dumps(specs)}"


def test_a_history_of_edits(image: Image) -> None:
    def world() -> set[str]:
        return set(image.run("cat /etc/apk/world").split())

    base = {"own=1", "own.lib"}
    image.edit(packages("g++", "nginx~1.26", "owntlib"))
    assert world() == base | {"g++", "nginx~1.26", "owntlib"}
    image.edit(packages("g++", "nginx@edge", "own~2"))
    assert world() == {"g++", "nginx@edge", "own~2", "own.lib"}
    image.edit(packages("g++"), "--upgrade-packages")
    assert world() == base | {"g++"}

    done = image.fails(packages("not-there"))
    assert "ERROR: unable to select packages: not-there" in done.err


def test_what_nobody_declares_any_more_blocks_nothing(image: Image) -> None:
    image.fails(packages("g++", "not-there"))
    image.edit(packages("g++", "nginx"))
    assert {"g++", "nginx"} <= set(image.run("cat /etc/apk/world").split())
    assert "not-there" in image.fails(packages("g++", "not-there")).err
