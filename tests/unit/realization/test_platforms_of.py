"""For which platforms an image is made, where several are declared."""

from dataclasses import replace

import pytest

from dynbuild.building import Load, Nowhere, OciLayout, Output, Push
from dynbuild.errors import DeclarationError
from dynbuild.lockfile.model import Lock
from dynbuild.realization.request import (
    RealizeOptions,
    _for_all,
    platform_of,
    platforms_of,
)
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.model import Pin
from tests.pins import pinned

AMD, ARM, S390 = "linux/amd64", "linux/arm64", "linux/s390x"
BASE = pinned("debian:12")
BOTH = Lock(
    Pin(BASE.image, BASE.digest, dict.fromkeys((AMD, ARM, S390), BASE.digest)),
    config=RuntimeConfig(platforms=(ARM, AMD)),
)


def asked(_: str | None) -> str:
    return AMD


def not_asked(_: str | None = None) -> str:
    raise AssertionError


@pytest.mark.parametrize(
    ("outputs", "several", "platforms"),
    [
        ((Nowhere(),), None, (ARM, AMD)),
        ((Push(),), None, (ARM, AMD)),
        ((OciLayout("out"),), None, (ARM, AMD)),
        ((Load(),), True, (ARM, AMD)),
        ((Load(),), False, (AMD,)),
        ((OciLayout("out"), Load()), False, (AMD,)),
    ],
    ids=str,
)
def test_all_that_are_declared_where_the_outputs_can_hold_them(
    outputs: tuple[Output, ...],
    several: bool | None,  # noqa: FBT001
    platforms: tuple[str, ...],
) -> None:
    def loads_several() -> bool:
        assert several is not None, "the engine is asked for nothing"
        return several

    options = RealizeOptions(outputs)
    found, warning = platforms_of(BOTH, asked, loads_several, options)
    assert found == platforms
    assert (warning is not None) == (len(platforms) == 1)
    if warning is not None:
        assert warning.code == "DB0514"
        assert "linux/amd64 alone, of linux/arm64, linux/amd64" in warning.message


def test_the_flag_narrows_them_and_nobody_is_asked() -> None:
    options = RealizeOptions((Load(),), platforms=("linux/arm64/v8", ARM))
    assert platforms_of(BOTH, not_asked, not_asked, options) == ((ARM,), None)


def test_a_comparison_is_of_one() -> None:
    options = RealizeOptions(compare=True)
    assert platforms_of(BOTH, asked, not_asked, options) == ((AMD,), None)


def test_one_is_the_builders_if_it_is_declared_else_the_first() -> None:
    options = RealizeOptions()
    assert platform_of(BOTH, asked, options) == AMD
    assert platform_of(BOTH, lambda _: S390, options) == ARM
    alone = Lock(BOTH.base, config=RuntimeConfig(platforms=(ARM,)))
    assert platform_of(alone, not_asked, options) == ARM
    assert platform_of(Lock(BASE), not_asked, options) == AMD
    assert platform_of(Lock(BOTH.base), lambda _: S390, options) == S390


def test_one_dockerfile_is_for_one_set_of_versions() -> None:
    here = {1: {"jq": "1"}}
    lock = replace(BOTH, resolved={"apt": {AMD: here, ARM: here}})
    assert _for_all(lock, (AMD, ARM)) == lock
    for other in ({}, {ARM: {1: {"jq": "1+b1"}}}):
        differing = replace(lock, resolved={"apt": {AMD: here, **other}})
        with pytest.raises(DeclarationError, match="other packages, versions or"):
            _for_all(differing, (AMD, ARM))
