"""Content that does not tell when it was written."""

from __future__ import annotations

import importlib.util
import py_compile
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.link.timeless import HEAD, is_of_its_run, may_tell_time, timeless

if TYPE_CHECKING:
    from pathlib import Path

LATEST = 1_000_000_000
DAY = 11_574
SHADOW = b"root:*:%d:0:99999:7:::\napp:!:12000:0:99999:7:::\nold:*::::\nshort\n"


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("var/log/dpkg.log", True),
        ("var/log/apt/term.log", True),
        ("var/cache/ldconfig/aux-cache", True),
        ("var/log/lastlog", True),
        ("var/lib/dbus/machine-id", True),
        ("var/log/app.log", False),
        ("srv/var/log/dpkg.log", False),
        ("etc/machine-id", False),
        ("app/__pycache__/main.cpython-311.pyc", False),
    ],
)
def test_what_is_left_out(path: str, *, gone: bool) -> None:
    assert is_of_its_run(path) == gone


@pytest.mark.parametrize(
    ("path", "tells"),
    [
        ("etc/shadow", True),
        ("etc/shadow-", True),
        ("etc/machine-id", True),
        ("a.pyc", True),
        ("etc/passwd", False),
        ("srv/etc/shadow", False),
    ],
)
def test_what_is_looked_at(path: str, *, tells: bool) -> None:
    assert may_tell_time(path) == tells


def test_passwords_that_changed_later() -> None:
    said = SHADOW % 20_000
    assert timeless("etc/shadow", said, LATEST) == (SHADOW % DAY).replace(
        b"12000", b"%d" % DAY
    )
    earlier = SHADOW.replace(b"12000", b"9") % 8
    assert timeless("etc/shadow-", earlier, LATEST) == earlier
    assert timeless("etc/shadow", b"a:b:" + b"9" * 5000, LATEST) == b"a:b:%d" % DAY


def test_a_machine_has_no_identity_before_it_starts() -> None:
    assert timeless("etc/machine-id", b"c0ffee\n", LATEST) == b""


def test_byte_code(tmp_path: Path) -> None:
    """What Python keeps for itself is left out, what was compiled on purpose is not."""
    source = tmp_path / "one.py"
    source.write_text("one = 1\n")
    modes = py_compile.PycInvalidationMode
    for mode, changes in ((modes.TIMESTAMP, True), (modes.CHECKED_HASH, False)):
        made = py_compile.compile(str(source), invalidation_mode=mode)
        assert made
        with open(made, "rb") as file:  # noqa: PTH123
            data = file.read()
        assert is_of_its_run("a/__pycache__/one.pyc", data[:HEAD]) == changes
        assert not is_of_its_run("a/one.pyc", data[:HEAD]), "it may have no source"
        settled = timeless("one.pyc", data, LATEST)
        assert (settled != data) == changes
        assert settled[16:] == data[16:]
        if changes:
            assert struct.unpack_from("<I", settled, 8) == (LATEST,)
            assert settled[:8] == data[:8] == importlib.util.MAGIC_NUMBER + b"\0" * 4


@given(st.sampled_from(["etc/shadow", "a.pyc", "etc/machine-id"]), st.binary())
def test_anything_is_settled_once(path: str, data: bytes) -> None:
    settled = timeless(path, data, LATEST)
    assert timeless(path, settled, LATEST) == settled


@given(st.binary(max_size=15) | st.binary(min_size=16).map(lambda b: b[:2] + b"no" + b))
def test_what_is_no_byte_code_stays(data: bytes) -> None:
    assert timeless("a.pyc", data, LATEST) == data
