"""Repositories of rpm as they answer: on mirrors, packed, moved, wrong."""

import bz2
import gzip
import lzma
from collections.abc import Callable

import pytest

from dynbuild.commands.archives import Archives
from dynbuild.compression import zstd
from dynbuild.digest import sha256
from dynbuild.explain.archives import Fix, Offered
from dynbuild.inside.model import Archive
from tests.unit.explain.test_repodata import UPDATES, package, primary

BASE = Archive("http://a/$releasever/os/", "", kind="rpm")
AT = "http://a/9/os"
PRIMARY = primary(
    package("a", "x86_64", ver="1", rel="9"), package("c", "noarch", ver="1", rel="1")
)
FOUND = Offered(
    {"a": "1-9", "c": "1-1"},
    security=False,
    fixes={
        "a": (Fix("1-2", ("A-1", "CVE-1", "CVE-2")), Fix("1-3", ("A-2",))),
        "b": (Fix("2:1-2", ("A-1", "CVE-1", "CVE-2")),),
    },
)

Files = dict[str, bytes]


def files(
    end: str = "", pack: Callable[[bytes], bytes] = bytes, **more: bytes
) -> Files:
    """What lies in a repository: documents, and the index that names them."""
    there = {"primary": pack(PRIMARY), **more}
    named = "".join(
        f'<data type="{kind}"><checksum type="sha256">{sha256(data)[7:]}</checksum>'
        f'<location href="repodata/{kind}.xml{end}"/></data>'
        for kind, data in there.items()
    )
    index = f"<repomd>{named}</repomd>".encode()
    return {
        "repodata/repomd.xml": index,
        **{f"repodata/{kind}.xml{end}": data for kind, data in there.items()},
    }


def told(at: Files, archive: Archive = BASE) -> list[Offered] | str:
    asked: list[str] = []

    def get(url: str) -> bytes | None:
        asked.append(url)
        return at.get(url)

    archives = Archives(get)
    for _ in range(2):
        found, failed = archives.offers(
            [archive, Archive("http://apt", "x")],
            ["i686", "x86_64"],
            kind="rpm",
            variables={"releasever": "9"},
        )
    assert len(asked) == len({*asked})
    if failed:
        return next(iter(failed.values()))
    assert found["i686"] == [Offered({}, security=False)]
    return found["x86_64"]


def under(address: str, of: Files) -> Files:
    return {f"{address}/{path}": data for path, data in of.items()}


@pytest.mark.parametrize(
    ("end", "pack"),
    [
        *(("", bytes), (".gz", gzip.compress), (".xz", lzma.compress)),
        *((".bz2", bz2.compress), (".zst", zstd.compress)),
        (".bz2", lambda data: bz2.compress(data[:9]) + bz2.compress(data[9:])),
        (".zst", lambda data: zstd.compress(data[:9]) + zstd.compress(data[9:])),
    ],
)
def test_documents_are_taken_as_they_are_packed(
    end: str, pack: Callable[[bytes], bytes]
) -> None:
    assert told(under(AT, files(end, pack, updateinfo=pack(UPDATES)))) == [FOUND]
    (plain,) = told(under(AT, files(end, pack)))
    assert isinstance(plain, Offered)
    assert (plain.versions, plain.fixes) == (FOUND.versions, {})


@pytest.mark.parametrize(
    ("end", "pack"),
    [
        *((".zst", bytes), (".zck", bytes), (".bz2", bytes)),
        (".zst", lambda data: zstd.compress(data)[:-9]),
    ],
)
def test_what_cannot_be_unpacked(end: str, pack: Callable[[bytes], bytes]) -> None:
    said = f"repodata/primary.xml{end} cannot be unpacked"
    assert told(under(AT, files(end, pack))) == said


def test_documents_that_are_not_what_the_index_names() -> None:
    there = under(AT, files())
    there[f"{AT}/repodata/primary.xml"] += b" "
    named = "repodata/primary.xml is not what repodata/repomd.xml names"
    assert told(there) == named
    del there[f"{AT}/repodata/primary.xml"]
    assert told(there) == "repodata/primary.xml is not there"
    there[f"{AT}/repodata/repomd.xml"] = b"<repomd/>"
    assert told(there) == "repodata/repomd.xml names no packages"
    there[f"{AT}/repodata/repomd.xml"] = b"<repomd>"
    assert told(there) == "no element found: line 1, column 8"
    assert told({}) == "there is no repodata/repomd.xml"


def test_addresses() -> None:
    assert told({}, Archive("file:/srv", "", kind="rpm")) == "it is no address of http"
    unknown = Archive("http://a/$stream", "", kind="rpm")
    assert told({}, unknown) == "nobody knows what $stream in its address is"
    several = Archive("http://gone/", "", (AT,), "rpm")
    assert isinstance(told(under(AT, files()), several), list)


LISTED = Archive("http://lists/$releasever", "", kind="rpm", listed=True)
LIST = "http://lists/9"


def test_mirrors() -> None:
    """The first that has what the list names: one may lag behind."""
    there = {LIST: b"http://gone/\nhttp://a/9/os\n", **under(AT, files())}
    assert isinstance(told(there, LISTED), list)
    many = "\n".join(f"http://gone/{n}" for n in range(5)).encode()
    assert told({**there, LIST: many + b"\n" + AT.encode()}, LISTED) == (
        "there is no repodata/repomd.xml"
    )
    assert told({**there, LIST: b""}, LISTED) == "its list has no mirror"
    assert told({**there, LIST: b"<x"}, LISTED) == "unclosed token: line 1, column 0"
    assert told({}, LISTED) == "there is no list of mirrors"


def test_metalink() -> None:
    now = files(updateinfo=UPDATES)
    digest = sha256(now["repodata/repomd.xml"])[7:]
    link = f"""<metalink><files><file name="repomd.xml">
<verification><hash type="sha256">{digest}</hash></verification><resources>
<url preference="100">http://late/repodata/repomd.xml</url>
<url preference="9">{AT}/repodata/repomd.xml</url>
</resources></file></files></metalink>""".encode()
    late = under("http://late", files())
    there = {LIST: link, **late, **under(AT, now)}
    assert told(there, LISTED) == [FOUND]
    assert told({LIST: link, **late}, LISTED) == "there is no repodata/repomd.xml"
    only = {**late, f"{AT}/repodata/repomd.xml": b"<repomd/>"}
    named = "repodata/repomd.xml is not what the list of mirrors names"
    assert told({LIST: link, **only}, LISTED) == named
