"""Package logs of pip in real builds, on Debian's Python, against an index we make."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import Image, make_base, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.space import Space


def wheel(
    index: Path, name: str, version: str, *requires: str, extra: str = ""
) -> None:
    """Put a wheel of one module into an index."""
    module = name.lower().replace("-", "_").replace(".", "_")
    info = f"{module}-{version}.dist-info"
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {requirement}" for requirement in requires),
        *([f"Provides-Extra: {extra}"] if extra else []),
    ]
    kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content = {
        f"{module}.py": f"version = {version!r}\n",
        f"{info}/METADATA": "\n".join(lines) + "\n",
        f"{info}/WHEEL": kind,
    }
    content[f"{info}/RECORD"] = "".join(
        f"{path},,\n" for path in [*content, f"{info}/RECORD"]
    )
    folder = index / module.replace("_", "-")
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(place, "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    made = tmp_path_factory.mktemp("index")
    for version in ("1.0", "1.1", "2.0"):
        wheel(made, "App", version, "dep>=1")
        wheel(made, "dep", version)
    wheel(made, "Odd.Name", "1.0", 'plus; extra == "more"', extra="more")
    wheel(made, "wants-old-dep", "1.0", "dep<1.1")
    for name in ("plus", "marked", "base-tool", "lone"):
        wheel(made, name, "1.0")
    wheel(made, "base-tool", "2.0")
    wheel(made, "wheel", "99.0")
    with served(made) as address:
        yield made, address


@pytest.fixture(scope="module")
def base(
    engine: dict[str, str], debian_base: str, index: tuple[Path, str]
) -> Iterator[str]:
    """A Debian with its own pip, and something of its own that pip installed."""
    dockerfile = f"""\
FROM {debian_base}
RUN apt-get update && \
    apt-get install -y --no-install-recommends python3-pip && \
    rm -rf /var/lib/apt/lists/* /var/log/apt/* /var/log/*.log /var/lib/dpkg/*-old \
      /var/cache/debconf/*-old
RUN printf '[global]\\nindex-url = {index[1]}\\n' > /etc/pip.conf && \
    pip install --break-system-packages --no-cache-dir base-tool==1.0
"""
    tag = make_base(engine, dockerfile, f"managers-pip-{uuid4().hex[:12]}")
    yield tag
    Image(None, engine, tag, tag).forget()  # type: ignore[arg-type]  # only removed


@pytest.fixture
def image(built: Space, engine: dict[str, str], base: str) -> Iterator[Image]:
    made = Image(built, engine, base)
    yield made
    made.forget()


def packages(*specs: str) -> str:
    return f"pip_packages = {json.dumps(specs)}"


def kept(count: int) -> str:
    """Stages that came one by one: each stands on a group, which so never folds."""
    return "".join(
        f'\n[[stages]]\nname = "s{one}"\ncommands = ["true"]\n' for one in range(count)
    )


def versions(image: Image) -> dict[str, str]:
    """Check that all is consistent; give what pip finds, by normal name."""
    inside = image.look()
    assert inside.complaints == ""
    assert inside.leftovers == []
    listed = json.loads(image.run("pip list --format=json"))
    return {
        row["name"].lower().replace(".", "-"): row["version"]
        for row in listed
        if row["name"].lower() not in ("pip", "setuptools")
    }


def test_a_history_of_edits(image: Image) -> None:
    image.edit(
        packages(
            "App==1.0",
            "DEP~=1.0,!=1.1",
            "odd_name[more]",
            "marked; python_version < '3'",
        )
        + kept(1)
    )
    own = {"base-tool": "1.0", "wheel": "0.38.4"}
    first = {"app": "1.0", "dep": "1.0", "odd-name": "1.0", "plus": "1.0"}
    assert versions(image) == own | first

    # Respecify, remove one that a declared one needs, declare what the base has: one
    # that pip installed there, one that Debian did.
    image.edit(packages("app<2", "odd-name", "base_tool==2.0", "wheel") + kept(2))
    assert versions(image) == {
        "app": "1.0",
        "dep": "2.0",
        "odd-name": "1.0",
        "plus": "1.0",
        "base-tool": "2.0",
        "wheel": "0.38.4",
    }

    # What the base had stays; what nobody declares goes.
    image.edit(packages("app<2", "wheel>90") + kept(3))
    second = versions(image)
    assert second.keys() == {"app", "dep", "plus", "base-tool", "wheel"}
    assert (second["base-tool"], second["wheel"]) == ("2.0", "99.0")

    image.edit(packages("app<2") + kept(4), "--upgrade-packages")
    third = versions(image)
    assert (third["app"], third["wheel"]) == ("1.1", "0.38.4")

    # Without anything declared, and with all of it again.
    image.edit(kept(5))
    assert versions(image).keys() == {"dep", "plus", "base-tool", "wheel"}
    image.edit(packages("App==1.0") + kept(6))
    assert versions(image)["app"] == "1.0"


@pytest.mark.parametrize(
    ("specs", "said"),
    [
        (("wants-old-dep", "dep>1"), "ResolutionImpossible"),
        (("not-there",), "No matching distribution found for not-there"),
    ],
)
def test_what_cannot_be(image: Image, specs: tuple[str, ...], said: str) -> None:
    assert said in image.fails(packages(*specs)).err


def test_what_nobody_declares_any_more_blocks_nothing(image: Image) -> None:
    """A misspelt package, and a version that the index dropped."""
    image.fails(packages("app<2", "not-there", "dep==7"))
    image.edit(packages("app<2", "dep==1.0"))
    found = versions(image)
    assert (found["app"][:2], found["dep"]) == ("1.", "1.0")
    assert "not-there" in image.fails(packages("app<2", "not-there")).err


def test_no_pip(built: Space, engine: dict[str, str], debian_base: str) -> None:
    done = Image(built, engine, debian_base).fails(packages("app"))
    said = 'pip_packages need pip, and it is not there: add "python3-pip" to'
    assert said in done.err
