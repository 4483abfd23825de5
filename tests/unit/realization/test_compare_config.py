"""Two configs compared as a container sees them."""

import pytest

from dynbuild.realization.compare import (
    ConfigDifference,
    config_differences,
    of_managers,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"config": None}),
        ({"config": {"User": "root"}}, {"config": {"User": "0"}}),
        ({"config": {"WorkingDir": "/"}}, {"config": {}}),
        ({"config": {"WorkingDir": "/a/"}}, {"config": {"WorkingDir": "/a"}}),
        ({"config": {"Shell": ["/bin/sh", "-c"]}}, {"config": {"ArgsEscaped": True}}),
        ({"config": {"Env": ["A=1", "B=2"]}}, {"config": {"Env": ["B=2", "A=1"]}}),
        ({"config": {"Labels": {}, "Volumes": None}}, {"config": {"OnBuild": []}}),
    ],
)
def test_what_means_the_same(one: dict[str, object], other: dict[str, object]) -> None:
    assert config_differences(one, other) == ()  # type: ignore[arg-type]


def test_what_differs() -> None:
    one = {"config": {"Env": ["A=1", "B=x=y"], "User": "app", "Labels": {"a": "b"}}}
    other = {"config": {"Env": ["A=2"], "Cmd": ["x"]}}
    assert config_differences(one, other) == (
        ConfigDifference("Cmd", None, ["x"]),
        ConfigDifference("Env A", "1", "2"),
        ConfigDifference("Env B", "x=y", None),
        ConfigDifference("Label a", "b", None),
        ConfigDifference("User", "app", None),
    )


def test_what_package_managers_keep_for_themselves() -> None:
    assert of_managers("var/lib/dpkg/status-old")
    assert of_managers("var/lib/apt/lists/partial")
    assert of_managers("var/lib/apt/lists/auxfiles")
    assert not of_managers("var/lib/dpkg/status")
    assert not of_managers("etc/passwd-")
