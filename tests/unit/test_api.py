"""The public interface: what it exports, and when that is imported."""

import subprocess
import sys

import pytest

import dynbuild


def test_all_that_is_exported_is_there() -> None:
    for name in dynbuild.__all__:
        assert getattr(dynbuild, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'relaize'"):
        _ = dynbuild.relaize  # type: ignore[attr-defined]


def test_functions_are_functions_whatever_was_imported_before() -> None:
    """No folder of the package has the name of one of them."""
    program = (
        "import dynbuild.cli.commands.realize, dynbuild.cli.commands.why\n"
        "from dynbuild import load, lock, realize, why\n"
        "print(*(callable(one) for one in (load, lock, realize, why)))"
    )
    words = (sys.executable, "-c", program)
    assert subprocess.check_output(words, text=True) == "True True True True\n"


def test_the_package_itself_imports_nothing_heavy() -> None:
    program = "import dynbuild, sys; print(*sys.modules)"
    words = (sys.executable, "-c", program)
    imported = {*subprocess.check_output(words, text=True).split()}
    assert not {"click", "pydantic", "dynbuild.api", "dynbuild.errors"} & imported
