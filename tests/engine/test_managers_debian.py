"""apt against the real archive: sudo, and packages that do more than lie there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.managers import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.space import Space


@pytest.fixture
def image(built: Space, engine: dict[str, str], debian_base: str) -> Iterator[Image]:
    made = Image(built, engine, debian_base)
    yield made
    made.forget()


def test_sudo_stays_while_the_user_step_needs_it(image: Image) -> None:
    user = 'user = "app"\nsudo = true'
    image.edit(f'apt_packages = ["sudo", "tree"]\n{user}')
    assert image.run("sudo -n id -u") == "0\n"
    assert image.run("visudo -c -q 2>&1", "--user=0") == ""

    image.edit(f'apt_packages = ["tree"]\n{user}')
    inside = image.look()
    assert inside.complaints == ""
    assert inside.leftovers == []
    assert image.run("id -un; sudo -n id -u") == "app\n0\n"

    # Without it, the removal that was put off is made up for.
    image.edit('apt_packages = ["tree"]\nuser = "app"')
    assert "sudo" not in image.look().installed
    assert image.run("id -un; ls /etc/sudoers.d 2>&1 || :").startswith("app\n")


def test_the_user_step_installs_sudo_itself(image: Image) -> None:
    image.edit('user = "app"\nsudo = true')
    inside = image.look()
    assert inside.complaints == ""
    assert inside.leftovers == []
    assert image.run("id; sudo -n id -u") == (
        "uid=1000(app) gid=1000(app) groups=1000(app)\n0\n"
    )
    # A respecified user is another step in the same place.
    image.edit('user = { name = "app", uid = 1234, shell = "/bin/bash" }\nsudo = true')
    assert image.run("id -u; sudo -n id -u; grep ^app: /etc/passwd") == (
        "1234\n0\napp:x:1234:1234::/home/app:/bin/bash\n"
    )


@pytest.mark.slow
def test_real_packages(image: Image) -> None:
    """Names and scripts as the archive has them."""
    image.edit('apt_packages = ["g++", "default-mta", "python3", "git=1:2.*"]')
    inside = image.look()
    assert inside.complaints == ""
    assert inside.leftovers == []
    assert {"g++", "exim4-daemon-light", "git"} <= inside.manual
    image.edit('apt_packages = ["git", "libssl3"]')
    inside = image.look()
    assert inside.complaints == ""
    assert inside.leftovers == []
    assert "exim4-daemon-light" not in inside.installed
    assert not {"g++", "cpp", "python3-minimal"} & inside.installed.keys()
    assert {"git", "libssl3"} <= inside.manual
