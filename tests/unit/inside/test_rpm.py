"""rpm's database: as rpm writes it, and as a stranger would."""

import sqlite3
import struct
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.inside import rpm
from dynbuild.inside.model import Package, Reading
from dynbuild.inside.readers import reader_of, reading


def read(path: str, data: bytes) -> Reading:
    reader = reader_of(path)
    assert reader is not None, path
    return reading(reader, data)


def rpm_header(tags: dict[int, tuple[int, list[object]]]) -> bytes:
    """A header as rpm writes it, with values of its types."""
    index, data = b"", b""
    for tag, (kind, values) in sorted(tags.items()):
        if kind == 4:
            data += b"\0" * (-len(data) % 4)
        index += struct.pack(">IIII", tag, kind, len(data), len(values))
        for value in values:
            data += (
                struct.pack(">I", value)
                if isinstance(value, int)
                else str(value).encode() + b"\0"
            )
    return struct.pack(">II", len(tags), len(data)) + index + data


def rpm_database(*statements: str, headers: tuple[bytes, ...] = ()) -> bytes:
    with closing(sqlite3.connect(":memory:")) as base:
        for statement in statements or (
            "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)",
        ):
            base.execute(statement)
        for blob in headers:
            base.execute("INSERT INTO Packages (blob) VALUES (?)", (blob,))
        base.commit()
        data = bytearray(base.serialize())
    data[18:20] = b"\x02\x02"  # as rpm leaves it: with a log beside it
    return bytes(data)


BASH = {
    1000: (6, ["bash"]),
    1001: (6, ["5.2"]),
    1002: (6, ["1.fc40"]),
    1003: (4, [2]),
    1005: (9, ["of no interest"]),
    1014: (6, ["GPL-3.0-or-later"]),
    1022: (6, ["x86_64"]),
    1044: (6, ["bash-5.2-1.fc40.src.rpm"]),
    1047: (8, ["bash", "config(bash)"]),
    1049: (8, ["libc.so.6()(64bit)", "nobody-has-it"]),
    1116: (4, [0, 7]),
    1117: (8, ["sh", "lost"]),
    1118: (8, ["/bin/"]),
}
GLIBC = {
    1000: (6, ["glibc"]),
    1001: (6, ["2.39"]),
    1002: (6, ["2"]),
    1044: (6, ["(none)"]),
    1047: (8, ["libc.so.6()(64bit)"]),
    1049: (8, ["/bin/sh"]),
}
KEY = {1000: (6, ["gpg-pubkey"]), 1001: (6, ["a"]), 1002: (6, ["b"])}
RPM = "var/lib/rpm/rpmdb.sqlite"


def test_the_release_of_the_distribution() -> None:
    """What its package provides for dnf, else its version."""
    own = {**BASH, 1047: (8, ["a", "system-release"]), 1113: (8, ["", "9.4-1"])}
    dnf = {
        **GLIBC,
        1047: (8, ["x", "system-release(releasever)"]),
        1113: (8, ["1", "9"]),
    }
    for headers, said in (((BASH,), ""), ((BASH, own), "5.2"), ((own, dnf), "9")):
        data = rpm_database(headers=tuple(map(rpm_header, headers)))
        assert read(RPM, data).variable == said


def test_rpm() -> None:
    headers = tuple(map(rpm_header, (BASH, GLIBC, KEY)))
    found = read(RPM, rpm_database(headers=headers))
    assert found == Reading(
        (
            Package(
                *("rpm", "bash", "2:5.2-1.fc40", "x86_64", "bash", "5.2-1.fc40"),
                "GPL-3.0-or-later",
                ("glibc",),
            ),
            Package("rpm", "glibc", "2.39-2", needs=("bash",)),
        )
    )


ENDLESS = """CREATE VIEW Packages AS WITH RECURSIVE r(hnum) AS
(SELECT 1 UNION ALL SELECT hnum + 1 FROM r) SELECT hnum, 'text' AS blob FROM r"""
TWICE = """CREATE VIEW Packages AS SELECT a.hnum, a.blob FROM Real a, Real b"""
REAL = "CREATE TABLE Real (hnum INTEGER PRIMARY KEY, blob BLOB)"
MADE = """CREATE TABLE Packages (hnum, blob AS (zeroblob(500000000)))"""
ROWS = "INSERT INTO Packages (hnum) VALUES (1), (2), (3)"
SAME = """CREATE TABLE Packages (hnum, blob AS (zeroblob(9000)))"""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SQLite format 3\0",
        b"SQLite format 3\0" + bytes(4096),
        rpm_database("CREATE TABLE other (x)"),
        rpm_database(ENDLESS),
        rpm_database(REAL, "INSERT INTO Real VALUES (1, x'00')", TWICE),
        rpm_database(MADE, ROWS),
        rpm_database(SAME, ROWS),
        rpm_database(headers=(b"1234",)),
        rpm_database(headers=(struct.pack(">II", 1 << 31, 8),)),
        rpm_database(headers=(struct.pack(">II", 1, 1 << 31) + bytes(16),)),
        rpm_database(headers=(rpm_header({1000: (7, ["x"])}),)),
        rpm_database(headers=(struct.pack(">IIIIII", 1, 4, 1047, 8, 0, 1 << 30),)),
        rpm_database(headers=(rpm_header({1003: (4, [1])})[:-2],)),
    ],
    ids=range(14),
)
def test_a_database_of_rpm_that_is_none_is_told(data: bytes) -> None:
    found = read(RPM, data)
    assert found.packages == ()
    assert found.problem


def test_values_of_rpm_of_other_types_are_left_out() -> None:
    odd = {
        **BASH,
        1014: (8, ["x"]),
        1047: (6, ["x"]),
        1116: (6, ["x"]),
        1003: (6, ["x"]),
    }
    found = read(RPM, rpm_database(headers=(rpm_header(odd), b"\0" * 8)))
    (package,) = found.packages
    assert (package.version, package.licence) == ("5.2-1.fc40", "")


def test_an_offset_beyond_a_header_is_no_value() -> None:
    blob = bytearray(rpm_header(BASH))
    blob[8 + 8 : 8 + 12] = struct.pack(">I", 1 << 30)
    assert read(RPM, rpm_database(headers=(bytes(blob),))).packages == ()


def test_the_first_of_many_values_of_a_header_counts() -> None:
    """So the time that a header takes does not grow with what it repeats."""
    many = 1_000_000
    entries = b"".join(struct.pack(">IIII", 1000, 6, at, 1) for at in range(many))
    blob = struct.pack(">II", many, many) + entries + b"a" * many
    assert rpm.header(blob) == {1000: "a" * many}


def test_headers_have_as_many_values_as_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rpm, "_VALUES", 3)
    data = rpm_database(headers=(rpm_header({1047: (8, ["a", "b"])}),) * 2)
    assert "more than the file has room for" in read(RPM, data).problem


def test_a_header_has_not_more_values_than_can_be() -> None:
    blob = bytearray(rpm_header({1047: (8, ["a"])}))
    blob[8 + 12 : 8 + 16] = struct.pack(">I", 1 << 31)
    data = rpm_database(headers=(bytes(blob),))
    assert "values in one place" in read(RPM, data).problem


def test_a_text_among_the_headers_is_none() -> None:
    both = rpm_database(
        "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob)",
        "INSERT INTO Packages (blob) VALUES ('text')",
    )
    assert read(RPM, both) == Reading()


@pytest.mark.parametrize(
    "path", ["var/lib/rpm/Packages", "usr/lib/sysimage/rpm/Packages.db"]
)
def test_older_formats_of_rpm_are_told(path: str) -> None:
    assert "4.16" in read(path, b"x").problem


@given(
    st.dictionaries(
        st.integers(995, 1120),
        st.tuples(
            st.sampled_from([4, 6, 7, 8, 9]),
            st.lists(st.integers(0, 1 << 31) | st.text(max_size=9), max_size=3),
        ),
        max_size=8,
    ),
    st.integers(0, 200),
)
def test_no_header_of_rpm_is_more_than_a_problem(
    tags: dict[int, tuple[int, list[object]]], cut: int
) -> None:
    blob = rpm_header(tags)
    read(RPM, rpm_database(headers=(blob, blob[:cut])))
