"""Modes of copies: what is written for BuildKit."""

import pytest

from dynbuild.emit.modes import in_letters


@pytest.mark.parametrize(
    ("mode", "of_file", "of_tree"),
    [
        ("755", "755", "755"),
        ("0755", "0755", "0755"),
        ("644", "u=rw,g=r,o=r", "u=rwX,g=rX,o=rX"),
        ("0600", "u=rw,g=,o=", "u=rwX,g=,o="),
        ("700", "u=rwx,g=,o=", "u=rwx,g=,o="),
        ("331", "u=wx,g=wx,o=x", "u=wx,g=wx,o=x"),
        ("4755", "4755", "4755"),
        ("u=rwX,go=rX", "u=rwX,go=rX", "u=rwX,go=rX"),
    ],
)
def test_modes_in_letters(mode: str, of_file: str, of_tree: str) -> None:
    assert in_letters(mode, of_file=True) == of_file
    assert in_letters(mode, of_file=False) == of_tree
    assert in_letters(of_tree, of_file=False) == of_tree
