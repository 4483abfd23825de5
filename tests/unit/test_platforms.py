"""Names of platforms."""

import pytest

from dynbuild.platforms import each_once, normal


@pytest.mark.parametrize(
    ("name", "usual"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("linux/riscv64", "linux/riscv64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux", "linux"),
        ("", ""),
    ],
)
def test_the_usual_name(name: str, usual: str) -> None:
    assert normal(name) == usual
    assert normal(usual) == usual


def test_each_counts_once_in_the_order_given() -> None:
    names = ("linux/arm64/v8", "linux/amd64", "linux/arm64")
    assert each_once(names) == ("linux/arm64", "linux/amd64")
