"""Where package managers are told to take more from, in files of theirs."""

import pytest

from dynbuild.inside.model import Archive
from dynbuild.inside.readers import reader_of
from tests.unit.inside.test_rpm import read

SOURCES = b"""\
# deb http://commented/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://one/debian bookworm main contrib # more
  deb\thttp://two/apt ./
deb-src http://three/debian bookworm main
deb http://nothing
"""

PARAGRAPHS = b"""\
# Debian's own
Types: deb deb-src
URIs: http://one/debian http://mirror/debian
# another comment
Suites: bookworm
 bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .

Types: deb
Enabled: no
URIs: http://off/debian
Suites: bookworm

Types: deb-src
URIs: http://sources/debian
Suites: bookworm
"""


@pytest.mark.parametrize(
    "path", ["etc/apt/sources.list", "etc/apt/sources.list.d/a.list"]
)
def test_sources_of_apt_in_lines(path: str) -> None:
    assert read(path, SOURCES).archives == (
        Archive("http://one/debian", "bookworm", ("main", "contrib")),
        Archive("http://two/apt", "./"),
    )


def test_sources_of_apt_in_stanzas() -> None:
    assert read("etc/apt/sources.list.d/debian.sources", PARAGRAPHS).archives == tuple(
        Archive(uri, suite, ("main",))
        for uri in ("http://one/debian", "http://mirror/debian")
        for suite in ("bookworm", "bookworm-updates")
    )
    for path in (
        "etc/apt/sources.list.d/a.list~",
        "etc/apt/a.list",
        "etc/a/sources.list",
    ):
        assert reader_of(path) is None


def test_repositories_of_apk() -> None:
    text = b"https://one/v3.20/main\n# https://no/\n\n@edge https://two/edge\n /local\n"
    assert read("etc/apk/repositories", text).archives == (
        Archive("https://one/v3.20/main", "", kind="apk"),
        Archive("/local", "", kind="apk"),
    )
    assert all(one.kind == "apk" for one in read("etc/apk/repositories", text).archives)
    assert reader_of("etc/repositories") is None


REPO = b"""[main]
baseurl=http://no
[base]
name=a: b
BaseURL = http://one/$releasever/$basearch/os, http://two/os
  http://three/os
gpgcheck=1

[listed]
mirrorlist=https://lists/$basearch
enabled=1
[both]
mirrorlist=https://lists/no
metalink=https://links/${basearch}
[off]
baseurl=http://no
enabled=False
[nothing]
enabled
"""


@pytest.mark.parametrize(
    "path",
    [
        *("etc/yum.repos.d/a.repo", "etc/distro.repos.d/a b.repo"),
        *("etc/dnf/dnf.conf", "etc/yum.conf"),
    ],
)
def test_repositories_of_dnf(path: str) -> None:
    mirrors = ("http://two/os", "http://three/os")
    assert read(path, REPO).archives == (
        Archive("http://one/$releasever/$basearch/os", "", mirrors, "rpm"),
        Archive("https://lists/$basearch", "", kind="rpm", listed=True),
        Archive("https://links/${basearch}", "", kind="rpm", listed=True),
    )
    assert read(path, b"junk\n").problem.startswith("it cannot be read")
    for other in ("etc/yum.repos.d/a.repo~", "etc/a.repo", "etc/a/dnf.conf"):
        assert reader_of(other) is None


def test_variables_of_dnf() -> None:
    assert read("etc/dnf/vars/stream", b"9-stream\nmore\n").variable == "9-stream"
    assert read("etc/yum/vars/infra", b"").variable == ""
    assert reader_of("etc/dnf/vars/a.b") is None
