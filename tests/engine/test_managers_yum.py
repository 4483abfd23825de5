"""Package logs of dnf in real builds: Debian's dnf, with packages that we make."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.engine.managers import Image
from tests.engine.yum_bases import dnf4_base, yum_base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.space import Space

OWN = {"own": "1", "own-lib": "1", "loose": "1"}


@pytest.fixture(scope="module")
def dnf4(engine: dict[str, str], debian_base: str) -> Iterator[str]:
    tag = dnf4_base(engine, debian_base)
    yield tag
    Image(None, engine, tag, tag).forget()  # type: ignore[arg-type]  # only removed


@pytest.fixture(scope="module")
def dnf5(engine: dict[str, str], debian_base: str) -> Iterator[str]:
    """dnf 5 is in Debian's testing suite alone."""
    apt = (
        # The first source alone: what the others have is in no suite that moves.
        "sed -i 's/^Suites: .*/Suites: sid/; /^$/,$d' /etc/apt/sources.list.d/* && "
        "apt-get update && apt-get install -y --no-install-recommends "
        "-o Dpkg::Options::=--force-overwrite dnf5 rpm createrepo-c && "
        # A plugin that would keep a repository of what was installed.
        "rm -rf /var/lib/apt/lists/* /etc/dnf/libdnf5-plugins/local.conf"
    )
    tag = yum_base(engine, apt, "dnf5 -y mark dependency loose", debian_base)
    yield tag
    Image(None, engine, tag, tag).forget()  # type: ignore[arg-type]  # only removed


def packages(*specs: str) -> str:
    return f"yum_packages = {json.dumps(specs)}"


def installed(image: Image) -> dict[str, str]:
    """Check that nothing was left behind; give what rpm finds."""
    left = image.run("ls -d /tmp/* /var/cache/*dnf*/* /var/log/*dnf* 2> /dev/null || :")
    assert left == ""
    rows = image.run("rpm -qa --qf '%{NAME} %{VERSION}\\n'").splitlines()
    return dict(row.split() for row in rows)


def _a_history(image: Image) -> None:
    image.edit(packages("app", "many-1", "c++", "agent"))
    first = {"app": "1", "lib": "1", "many": "1", "c++": "1", "plain": "1"}
    assert installed(image) == OWN | first

    # One package under another spec; one that a declared one needs; the base's own.
    image.edit(packages("app", "lib", "many-2", "own", "loose"))
    assert installed(image) == OWN | {"app": "1", "lib": "1", "many": "2"}
    image.edit(packages("app", "many"))
    assert installed(image) == OWN | {"app": "1", "lib": "1", "many": "2"}
    image.edit(packages("app", "many-1"))
    assert installed(image)["many"] == "1"

    later = "cd /repository; cp -r /later/* . ; rm -r repodata; createrepo_c -q ."
    script = f'env_scripts = ["{later}"]'
    image.edit(packages("app", "many") + f"\n{script}")
    image.edit(packages("app", "many") + f"\n{script}", "--upgrade-packages")
    assert installed(image)["many"] == "3"

    image.edit(packages("c++") + f"\n{script}")
    assert installed(image) == OWN | {"c++": "1"}
    image.edit(script)
    assert installed(image) == OWN


def test_dnf4(built: Space, engine: dict[str, str], dnf4: str) -> None:
    image = Image(built, engine, dnf4)
    _a_history(image)
    image.forget()


@pytest.mark.slow
def test_dnf5(built: Space, engine: dict[str, str], dnf5: str) -> None:
    image = Image(built, engine, dnf5)
    _a_history(image)
    image.forget()


def test_a_package_that_is_not_there(
    built: Space, engine: dict[str, str], dnf4: str
) -> None:
    done = Image(built, engine, dnf4).fails(packages("app", "not-there"))
    assert "No match for argument: not-there" in done.err


def test_what_nobody_declares_any_more_blocks_nothing(
    built: Space, engine: dict[str, str], dnf4: str
) -> None:
    """A misspelt package, and a version that the repository dropped."""
    image = Image(built, engine, dnf4)
    image.fails(packages("app", "not-there", "many-7"))
    image.edit(packages("app", "many-1"))
    assert installed(image) == OWN | {"app": "1", "lib": "1", "many": "1"}
    assert "not-there" in image.fails(packages("app", "not-there")).err
    image.forget()
