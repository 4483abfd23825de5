"""The arguments of a declaration in its lock: what changed, and what is no data."""

from dataclasses import replace

import pytest

from dynbuild.errors import LockError
from dynbuild.lockfile.changes import Change, compare
from dynbuild.lockfile.codec import dumps, loads
from tests.unit.lockfile.test_merged import lock_of

NESTED = {"list": [1, "two", [True, 2.5]], "set": {"in": {"a": "b"}, "none": []}}


def test_every_kind_of_data_is_read_back() -> None:
    lock = lock_of(arguments=NESTED)
    assert loads(dumps(lock)).arguments == NESTED


def test_a_date_is_no_data() -> None:
    text = "version = 1\n[arguments]\nday = [2026-01-01]\n[base]\nimage = 'x'\n"
    with pytest.raises(LockError, match="'day' should hold data, found"):
        loads(text)


def test_changes_of_arguments_are_told_by_name() -> None:
    before = lock_of(arguments={"gone": 1, "other": [1], "same": "x"})
    after = replace(before, arguments={"new": 1, "other": [2], "same": "x"})
    assert compare(before, after) == (
        Change("removed", "argument", "gone"),
        Change("added", "argument", "new"),
        Change("changed", "argument", "other"),
    )
