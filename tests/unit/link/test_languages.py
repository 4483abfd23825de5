"""What files are for, or were installed beside, that a base has no longer."""

from __future__ import annotations

import pytest

from dynbuild.link.languages import other_language, other_modules
from dynbuild.link.model import Written

SITE = "usr/local/lib/python3.11/dist-packages"
HAD = "usr/lib/python3/dist-packages"
GEMS = "var/lib/gems/3.1.0"
FILE = Written("file", 0o644, content="file")
OTHER = Written("file", 0o644, content="other")
NOWHERE = Written("symlink", content="/opt/gone")


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (f"{SITE}/flask-3.0.dist-info/METADATA", f"{HAD}/click-8.1.egg-info/PKG-INFO"),
        (f"{SITE}/flask.egg-info", f"{HAD}/click-8.1.3.dist-info"),
        (
            f"{GEMS}/specifications/rack-3.gemspec",
            "usr/lib/ruby/specifications/default/json-2.gemspec",
        ),
    ],
)
def test_what_an_installer_found_is_another(mine: str, theirs: str) -> None:
    told = f"its file /{mine} was installed beside /{theirs}"
    assert other_modules(["opt/x", mine], ["etc/x", theirs]) == told
    assert other_modules(["opt/x"], [theirs]) is None
    assert other_modules([mine], ["etc/x", f"{HAD}/click/__init__.py"]) is None


def test_languages_are_apart() -> None:
    gem = f"{GEMS}/specifications/rack-3.gemspec"
    assert other_modules([gem], [f"{HAD}/click-8.1.3.dist-info"]) is None


def test_a_link_to_nowhere_is_no_program() -> None:
    """What loads a module is then any program of the language, as where none is."""
    dangling = {"usr/bin/python3.11": NOWHERE, "usr/bin/python": FILE}
    module = ["usr/lib/python3.11/x.py"]
    assert other_language(module, (), dangling, dangling) is None
    told = other_language(module, (), dangling, {"usr/bin/python": OTHER})
    assert told == "its file /usr/lib/python3.11/x.py is for /usr/bin/python"
