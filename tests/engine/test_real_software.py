"""Real packages of Debian and PyPI, edited step by step: the image is never broken.

After every edit the linked image is compared with a plain build of the same Dockerfile,
and asked what it thinks of itself (``software.Software``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import command, make_base
from tests.engine.software import Software, declared, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.space import Space

INSTALL = "apt-get update && apt-get install -y --no-install-recommends"
CLEAN = "rm -rf /var/lib/apt/lists/*"


@pytest.fixture
def base(engine: dict[str, str], debian_base: str) -> Iterator[str]:
    """A Debian of its own, so that BuildKit remembers nothing that was built on it."""
    dockerfile = f"FROM {debian_base}\nRUN echo {uuid4()} > /etc/own\n"
    tag = make_base(engine, dockerfile, f"software-base-{uuid4().hex[:12]}")
    yield tag
    command("docker", "image", "rm", "--force", tag, env=engine)


@pytest.fixture
def software(built: Space, engine: dict[str, str], base: str) -> Iterator[Software]:
    made = Software(built, engine, base)
    yield made
    made.forget()


def test_packages_around_a_stage_that_installs(software: Software) -> None:
    """A stage runs apt-get; packages come, go and come again behind it."""
    own = stage("own", f"{INSTALL} bc && {CLEAN}")
    other = stage("other", "useradd --system --no-create-home first-user")
    software.becomes(
        declared(own, other, apt_packages="jq tree"), "apt.1", "own", "other"
    )

    # It brings a user of its own, behind a stage that made one.
    seen = software.becomes(
        declared(own, other, apt_packages="jq tree dbus-system-bus-common"), "apt.4"
    )
    assert {"first-user", "messagebus"} <= {*seen.accounts}
    assert "bc" in seen.versions

    # What only a removed package needed goes with it; what the stage has stays.
    seen = software.becomes(
        declared(own, other, apt_packages="tree dbus-system-bus-common"), "apt.5"
    )
    assert not {"jq", "libjq1"} & seen.versions.keys()
    assert "bc" in seen.versions
    assert software.warned == []
