"""Layers that are the same whoever builds them, and when."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

DECLARATION = """\
base = "{base}"
user = "app"
apt_packages = ["python3-minimal"]

[[stages]]
name = "planted"
copy = [{{ from = "src", to = "/src" }}]
commands = [
    ": {unique}",
    "date > /var/log/alternatives.log",
    "python3 -c 'import sys; sys.path.append(\\"/src\\"); import one'",
    "test -d /src/__pycache__ && cp -r /src /code && python3 -m compileall -q /code",
    "mkdir /made && echo $SOURCE_DATE_EPOCH > /made/told && ln -s told /made/link",
    "cat /proc/sys/kernel/random/uuid > /etc/machine-id",
]
"""


def layers(space: Space, *words: str, **variables: str) -> list[str]:
    """The digests of the layers of an image that is made with nothing cached."""
    out = space.root.with_name(f"{space.root.name}-{uuid4().hex[:6]}")
    space.ok("build", "--no-cache", "-o", f"oci:{out}", *words, **variables)

    def blob(digest: str) -> dict[str, object]:
        data = (out / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_text()
        found: dict[str, object] = json.loads(data)
        return found

    index = json.loads((out / "index.json").read_text())
    manifest = blob(index["manifests"][0]["digest"])
    found = manifest["layers"]
    assert isinstance(found, list)
    return [index["manifests"][0]["digest"], *(one["digest"] for one in found)]


@pytest.mark.parametrize(
    ("fields", "time"),
    [
        ("", "315619200"),
        pytest.param(
            "source_date_epoch = 1000000000\n", "1000000000", marks=pytest.mark.slow
        ),
    ],
)
def test_two_builds_have_the_same_layers(  # noqa: PLR0913, PLR0917
    built: Space,
    debian_base: str,
    docker: Callable[..., str],
    tag: str,
    fields: str,
    time: str,
) -> None:
    declared = DECLARATION.format(base=debian_base, unique=uuid4())
    made = []
    for reproducible, checkout in ((False, 0), (True, 1_700_000_000), (True, 900)):
        said = f"reproducible = true\n{fields}" if reproducible else fields
        built.write("dynbuild.toml", said + declared)
        path = built.write("src/one.py", "one = 1\n")
        if checkout:
            os.utime(path, (checkout, checkout))
        asked = {"SOURCE_DATE_EPOCH": f"{checkout}"} if checkout else {}
        made.append(layers(built, **asked))
    usual, one, other = made
    assert one == other
    assert len(set(usual) & set(one)) == 1, "the base alone is in both"
    built.ok("realize", "-t", tag)
    show = "stat -c %Y /src/one.py /code/__pycache__/* /made /made/link /made/told;"
    show += "cat /made/told; ls /src/__pycache__/* 2>/dev/null && echo cached;"
    show += "grep UTC /var/log/alternatives.log; wc -c < /etc/machine-id"
    run = ("run", "--rm", "--network", "none", tag, "sh", "-c", show)
    assert docker(*run).split() == [*[time] * 6, "0"]


def test_what_a_tier_holds_is_taken_and_linear_is_compared(
    built: Space, debian_base: str
) -> None:
    declared = DECLARATION.format(base=debian_base, unique=uuid4())
    built.write("dynbuild.toml", "reproducible = true\n" + declared)
    built.write("src/one.py", "one = 1\n")
    built.ok("lock")
    built.ok("realize", "--compare-linear")
    assert "0 ran" in built.ok("realize").err
    assert built.ok("verify", "planted").out.startswith("planted: the same twice")
