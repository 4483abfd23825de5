"""What was installed beside packages of a language that a base has no longer."""

from __future__ import annotations

import pytest

from dynbuild.link.languages import other_modules

SITE = "usr/local/lib/python3.11/dist-packages"
HAD = "usr/lib/python3/dist-packages"
GEMS = "var/lib/gems/3.1.0"


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
