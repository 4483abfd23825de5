"""What the files of package managers say: as these write them, and as strangers do."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dynbuild.inside import readers
from dynbuild.inside.model import LONGEST, Package, Reading
from dynbuild.inside.readers import READERS, reader_of, reading

STATUS = """\
Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl (3.0.11-1)
Version: 3.0.11-1~deb12u2
Depends: libc6 (>= 2.34), debconf (>= 0.5) | debconf-2.0
Description: Secure Sockets Layer toolkit
 Package: this-is-text
 Version: 9

Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.36-9

Package: cdebconf
Status: install ok triggers-pending
Architecture: amd64
Version: 0.270
Provides: debconf-2.0, libfoo (= 1)
Recommends: libc6, nothing-of-it

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: unnumbered
Status: install ok installed
"""

APK = """\
C:Q1abc=
P:busybox
V:1.36.1-r15
A:x86_64
L:GPL-2.0-only
o:busybox
D:so:libc.musl-x86_64.so.1 !conflict
p:/bin/sh cmd:busybox=1.36.1-r15
F:bin
R:busybox

P:musl
V:1.2.4-r2
A:x86_64
p:so:libc.musl-x86_64.so.1=1

P:alone
"""

METADATA = b"""\
Metadata-Version: 2.1
Name: Flask
Version: 3.0.1
License-Expression: BSD-3-Clause
Requires-Dist: Werkzeug>=3.0.0
Requires-Dist: importlib-metadata>=3.6; python_version < "3.10"
Requires-Dist: asgiref>=3.2; extra == "async"
Requires-Dist: ?

Name: of-the-description
"""


def read(path: str, data: bytes) -> Reading:
    reader = reader_of(path)
    assert reader is not None, path
    return reading(reader, data)


def test_dpkg() -> None:
    found = read("var/lib/dpkg/status", STATUS.encode())
    assert found.packages == (
        Package(
            "deb", "cdebconf", "0.270", "amd64", "cdebconf", "0.270", "", ("libc6",)
        ),
        Package("deb", "libc6", "2.36-9", "amd64", "glibc", "2.36-9"),
        Package(
            "deb",
            "libssl3",
            "3.0.11-1~deb12u2",
            "amd64",
            "openssl",
            "3.0.11-1",
            needs=("cdebconf", "libc6"),
        ),
    )


def test_a_package_of_a_distroless_image_has_a_file_of_its_own() -> None:
    text = b"Package: base\nVersion: 12\nDepends: libc6 | musl, tzdata (>= 1)\n"
    found = read("var/lib/dpkg/status.d/base", text)
    needs = ("libc6", "musl", "tzdata")
    assert found.packages == (
        Package("deb", "base", "12", source="base", source_version="12", needs=needs),
    )


def test_a_field_may_be_continued() -> None:
    text = b"Package: a\nVersion: 1\nDepends: b,\n c\n .\nOther: x\n y"
    (package,) = read("var/lib/dpkg/status.d/a", text).packages
    assert package.needs == ("b", "c")


def test_a_copyright_file_of_a_machine() -> None:
    path = "usr/share/doc/curl/copyright"
    text = b"Format: https://x\n\nFiles: *\nLicense: curl\n text\n\nLicense: ISC\n"
    again = b"\nFiles: a\nLicense: curl\n"
    assert read(path, text + again).licence == "curl AND ISC"
    assert read(path, b"This is free software.\nLicense: x\n") == Reading()


def test_apk() -> None:
    found = read("lib/apk/db/installed", APK.encode())
    assert found.packages == (
        Package(
            *("apk", "busybox", "1.36.1-r15", "x86_64", "busybox", "1.36.1-r15"),
            "GPL-2.0-only",
            ("musl",),
        ),
        Package("apk", "musl", "1.2.4-r2", "x86_64", "musl", "1.2.4-r2"),
    )


def test_python() -> None:
    found = read(
        "usr/lib/python3/dist-packages/flask-3.0.1.dist-info/METADATA", METADATA
    )
    needs = ("importlib-metadata", "werkzeug")
    assert found.packages == (
        Package("pypi", "Flask", "3.0.1", licence="BSD-3-Clause", needs=needs),
    )


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        ("License: MIT", "MIT"),
        ("Summary: of\n two lines\nLicense: MIT", "MIT"),
        (f"License: {'long ' * 50}", ""),
        ("Classifier: License :: OSI Approved :: MIT License", "MIT License"),
        (
            "\n".join(
                (
                    f"License: {'x' * 99}",
                    "Classifier: License :: A",
                    "Classifier: License :: B",
                    "Classifier: Topic :: C",
                )
            ),
            "A OR B",
        ),
        ("", ""),
    ],
)
def test_the_licence_of_a_distribution(lines: str, licence: str) -> None:
    text = f"Name: x\nVersion: 1\n{lines}\n"
    found = read("opt/lib/x-1.dist-info/METADATA", text.encode())
    assert [one.licence for one in found.packages] == [licence]


def test_a_distribution_without_a_version_is_told() -> None:
    assert read("srv/x.egg-info", b"Name: x\n").problem == (
        "it names no version of a package"
    )


NPM = {
    "name": "@scope/tool",
    "version": "1.2.3",
    "license": "MIT",
    "dependencies": {"left-pad": "^1"},
    "optionalDependencies": {"fsevents": "*"},
    "devDependencies": {"jest": "*"},
}


def test_npm() -> None:
    data = b"\xef\xbb\xbf" + json.dumps(NPM).encode()
    found = read("usr/lib/node_modules/@scope/tool/package.json", data)
    needs = ("fsevents", "left-pad")
    assert found.packages == (
        Package("npm", "@scope/tool", "1.2.3", licence="MIT", needs=needs),
    )


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ({"license": {"type": "ISC"}}, "ISC"),
        ({"licenses": [{"type": "MIT"}, "BSD", 7]}, "MIT OR BSD"),
        ({"license": 7}, ""),
        ({}, ""),
    ],
)
def test_the_licence_of_an_npm_package(said: dict[str, object], licence: str) -> None:
    data = json.dumps({"name": "x", "version": "1", "dependencies": 7, **said}).encode()
    found = read("node_modules/x/package.json", data)
    assert [one.licence for one in found.packages] == [licence]


@pytest.mark.parametrize(
    "data",
    [
        b'{"type": "module"}',
        b'{"name": 7, "version": "1"}',
        b'{"name": "", "version": "1"}',
    ],
)
def test_a_package_json_without_a_name_is_of_no_package(data: bytes) -> None:
    assert read("node_modules/x/package.json", data) == Reading()


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"[" * 100_000, b"7", b"\xff"])
def test_a_package_json_that_is_none_is_told(data: bytes) -> None:
    assert read("node_modules/x/package.json", data).problem


def test_a_distribution_is_named() -> None:
    text = b'NAME="Debian"\nID=debian\nVERSION_ID="12"\n'
    assert read("etc/os-release", text).distribution == ("debian", "12")
    assert read("usr/lib/os-release", b"ID='void'\n").distribution == ("void", "")
    assert read("etc/os-release", b"NAME=x\n") == Reading()


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("var/lib/dpkg/status", True),
        ("srv/rootfs/var/lib/dpkg/status", False),
        ("var/lib/dpkg/status.d/base-files", True),
        ("var/lib/dpkg/status.d/base-files.md5sums", False),
        ("var/lib/dpkg/status.d/a/b", False),
        ("usr/lib/apk/db/installed", True),
        ("usr/lib/sysimage/rpm/rpmdb.sqlite", True),
        ("usr/lib/python3/dist-packages/six-1.egg-info", True),
        ("usr/lib/python3/dist-packages/six.egg-info/PKG-INFO", True),
        ("usr/lib/python3/dist-packages/six.egg-info/SOURCES.txt", False),
        ("opt/venv/lib/python3.12/site-packages/x-1.dist-info/METADATA", True),
        ("var/task/x-1.dist-info/METADATA", True),
        ("x-1.dist-info/METADATA", True),
        ("lib/site-packages/setuptools/_vendor/x-1.dist-info/METADATA", False),
        ("node_modules/a/package.json", True),
        ("usr/lib/node_modules/npm/node_modules/@npmcli/arborist/package.json", True),
        ("app/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json", True),
        ("app/node_modules/a/package.json", True),
        ("app/node_modules/a/test/node_modules/b/package.json", False),
        ("app/node_modules/a/dist/package.json", False),
        ("app/node_modules/.cache/a/package.json", False),
        ("app/package.json", False),
        ("usr/share/doc/curl/copyright", True),
        ("usr/share/doc/curl/examples/copyright", False),
        ("etc/os-release", True),
        ("usr/bin/curl", False),
        ("srv/status", False),
    ],
)
def test_which_files_are_read(path: str, read: bool) -> None:  # noqa: FBT001 - a case
    assert (reader_of(path) is not None) == read


def test_what_a_layer_says_is_safe_to_show() -> None:
    text = f"Package: a\x1b[31m\u202eb\nVersion: {'1' * 9999}\n\n"
    (package,) = read("var/lib/dpkg/status", text.encode()).packages
    assert package.name == "a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}b"
    assert len(package.version) == LONGEST


def test_a_file_is_read_within_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = reader_of("node_modules/x/package.json")
    assert reader is not None
    assert (
        reading(reader, b" " * (reader.largest + 1)).problem == "it has 4194305 bytes"
    )
    monkeypatch.setattr(readers, "MOST", 2)
    text = "".join(f"Package: p{n}\nVersion: 1\n\n" for n in range(3))
    found = read("var/lib/dpkg/status", text.encode())
    assert len(found.packages) == 2
    assert found.problem == "it names 3 packages"


@example(reader=READERS[0], data=b"Package\n:\n Version")
@given(reader=st.sampled_from(READERS), data=st.binary(max_size=400))
def test_no_file_of_a_stranger_is_more_than_a_problem(
    reader: readers.Reader, data: bytes
) -> None:
    found = reading(reader, data)
    assert all(one.name.isprintable() for one in found.packages)
    assert found.problem.isprintable()
