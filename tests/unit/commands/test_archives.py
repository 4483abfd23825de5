"""Repositories of apt as they answer: packed, moved, wrong, or not at all."""

import gzip
import io
import lzma
import tarfile

import pytest

from dynbuild.commands.archives import Archives
from dynbuild.digest import sha256
from dynbuild.explain.archives import Offered
from dynbuild.fetching import FetchError
from dynbuild.inside.model import Archive

STABLE = Archive("http://a/debian", "stable", ("main",))
AT = "http://a/debian/dists/stable"
INDEX = b"Package: jq\nVersion: 1.6-2\n"
PATH = "main/binary-amd64/Packages"


class Server:
    """What lies at addresses; whatever else is asked for is not there."""

    def __init__(self, **files: bytes) -> None:
        self.asked: list[str] = []
        sums = "".join(
            f" {sha256(data).removeprefix('sha256:')} {len(data)} {PATH}{end}\n"
            for end, data in files.items()
        )
        self.at = {f"{AT}/{PATH}{end}": data for end, data in files.items()}
        self.at[f"{AT}/Release"] = f"Label: x\nSHA256:\n{sums}".encode()

    def get(self, url: str) -> bytes | None:
        self.asked.append(url)
        return self.at.get(url)


def offers(server: Server, archive: Archive = STABLE) -> list[Offered] | str:
    archives = Archives(server.get)
    found, failed = archives.offers([archive], ["amd64"])
    assert archives.offers([archive], ["amd64"]) == (found, failed)
    return next(iter(failed.values())) if failed else found["amd64"]


@pytest.mark.parametrize(
    "files",
    [
        {"": INDEX},
        {".gz": gzip.compress(INDEX)},
        {".xz": lzma.compress(INDEX), "": b"not this"},
        {".gz": gzip.compress(INDEX[:9]) + gzip.compress(INDEX[9:])},
        {".xz": lzma.compress(INDEX[:9]) + lzma.compress(INDEX[9:])},
    ],
    ids=["plain", "gz", "xz", "gz in parts", "xz in parts"],
)
def test_an_index_is_taken_as_it_is_packed_and_once(files: dict[str, bytes]) -> None:
    server = Server(**files)
    assert offers(server) == [Offered({"jq": "1.6-2"}, security=False)]
    assert len(server.asked) == len({*server.asked}) == 3


def test_one_that_a_mirror_lacks_is_taken_otherwise_packed() -> None:
    server = Server(**{".xz": lzma.compress(INDEX), "": INDEX})
    del server.at[f"{AT}/{PATH}.xz"]
    assert offers(server) == [Offered({"jq": "1.6-2"}, security=False)]
    del server.at[f"{AT}/{PATH}"]
    assert offers(server) == f"{PATH} is not there"


def test_an_architecture_that_a_suite_lacks_has_no_packages() -> None:
    assert offers(Server()) == [Offered({}, security=False)]


@pytest.mark.parametrize(
    ("end", "data"),
    [(".xz", b"junk"), (".gz", b"junk"), (".xz", lzma.compress(INDEX)[:-9])],
)
def test_what_cannot_be_unpacked(end: str, data: bytes) -> None:
    assert offers(Server(**{end: data})) == f"{PATH}{end} cannot be unpacked"


def test_an_index_that_is_not_what_the_release_names() -> None:
    server = Server(**{"": INDEX})
    server.at[f"{AT}/{PATH}"] = b"Package: jq\nVersion: 9\n"
    assert offers(server) == f"{PATH} is not what the release names"


@pytest.mark.parametrize(
    "said",
    [b"<html>Sign in to this network</html>", b"Label: x\nMD5Sum:\n 1 2 3\n", b""],
)
def test_a_release_that_names_nothing_says_nothing(said: bytes) -> None:
    """A page that a network answers with is no archive without packages."""
    server = Server(**{"": INDEX})
    server.at[f"{AT}/InRelease"] = said
    assert offers(server) == "its release names no index by SHA256"


def test_a_release_with_line_ends_of_another_system() -> None:
    server = Server(**{"": INDEX})
    release = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
    release += server.at.pop(f"{AT}/Release")
    server.at[f"{AT}/InRelease"] = release.replace(b"\n", b"\r\n")
    assert offers(server) == [Offered({"jq": "1.6-2"}, security=False)]


def test_a_login_in_the_address_of_an_archive_is_not_shown() -> None:
    archive = Archive("http://me:hunter2@a/debian", "stable")
    _, failed = Archives(lambda _: None).offers([archive], ["amd64"])
    assert failed == {"http://a/debian stable": "there is no release"}


def test_what_does_not_answer() -> None:
    server = Server()
    del server.at[f"{AT}/Release"]
    assert offers(server) == "there is no release"

    def silent(_: str) -> bytes | None:
        raise FetchError("a does not answer", answered=False)

    found, failed = Archives(silent).offers([STABLE], ["amd64"])
    assert (found, failed) == (
        {"amd64": []},
        {"http://a/debian stable": "a does not answer"},
    )
    assert offers(server, Archive("file:/srv", "x")) == "it is no address of http"


def packed(*files: tuple[str, bytes], end: bool = True) -> bytes:
    """A part of an index of apk: a tar, without its end if another part follows."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        size = archive.offset
    return gzip.compress(data.getvalue() if end else data.getvalue()[:size])


ALPINE = Archive("https://a/v3.20/main/", "", kind="apk")
SIGNED = packed((".SIGN.RSA.key", b"x"), end=False)


def lone(entry: tarfile.TarInfo) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(entry)
    return data.getvalue()


def entry(**of: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo("APKINDEX")
    for name, value in of.items():
        setattr(made, name, value)
    return made


LINKED = lone(entry(type=tarfile.SYMTYPE, linkname="APKINDEX"))
SPARSE = lone(
    entry(
        pax_headers={
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.size": f"{8 << 30}",
            "GNU.sparse.map": "0,0",
        }
    )
)
OF_ALPINE = b"P:jq\nV:1.7.1-r0\nA:x86_64\n\nP:jq\nV:1.7.1-r2\n\nP:odd\nV:1_git2\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (SIGNED + packed(("APKINDEX", OF_ALPINE)), {"jq": "1.7.1-r2"}),
        (packed(("APKINDEX", b"")), {}),
        (None, "it has nothing for x86_64"),
        (b"no gzip", "its index cannot be unpacked"),
        (SIGNED[:-9], "its index cannot be unpacked"),
        (packed(("other", b"")), "its index cannot be unpacked"),
        (gzip.compress(LINKED), "its index cannot be unpacked"),
        (gzip.compress(lzma.compress(OF_ALPINE)), "its index cannot be unpacked"),
        (gzip.compress(SPARSE), "its index cannot be unpacked"),
    ],
    ids=[
        *("signed", "empty", "none", "no gzip", "cut off", "of something else"),
        *("a link to itself", "packed twice", "a file with holes"),
    ],
)
def test_an_index_of_apk(data: bytes | None, said: dict[str, str] | str) -> None:
    asked: list[str] = []

    def get(url: str) -> bytes | None:
        asked.append(url)
        return data

    archives = Archives(get)
    found, failed = archives.offers([STABLE, ALPINE], ["x86_64"], kind="apk")
    assert asked == ["https://a/v3.20/main/x86_64/APKINDEX.tar.gz"]
    if isinstance(said, str):
        assert (found, failed) == ({"x86_64": []}, {"https://a/v3.20/main/": said})
    else:
        assert (found, failed) == ({"x86_64": [Offered(said, security=False)]}, {})


def test_an_index_that_grows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynbuild.commands.unpacking.LARGEST", 10_240)
    data = gzip.compress(bytes(10_240)) + gzip.compress(bytes(1))
    _, failed = Archives(lambda _: data).offers([ALPINE], ["x86_64"], kind="apk")
    assert list(failed.values()) == ["its index cannot be unpacked"]
