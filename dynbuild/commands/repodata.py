"""What a repository of rpm offers, asked of the first of its mirrors that has it."""

import posixpath
from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias, TypeVar

from dynbuild.commands.unpacking import BROKEN, UNPACK
from dynbuild.digest import Digest, sha256
from dynbuild.explain.archives import Fix, Offered
from dynbuild.explain.repodata import (
    INDEX,
    Document,
    Mirrors,
    documents_of,
    filled,
    fixes_of,
    mirrors_of,
    packages_of,
)
from dynbuild.fetching import Download, FetchError
from dynbuild.inside.model import Archive

_TRIED = 5
"""Maximum mirrors that are asked: lists have hundreds."""

_Read = TypeVar("_Read")

ByArchitecture: TypeAlias = Mapping[str, Offered]


def offers_of(
    download: Download, archive: Archive, variables: Mapping[str, str]
) -> ByArchitecture:
    """Return what a repository offers, by architecture. Raises FetchError."""
    mirrors = _mirrors(download, archive, variables)
    base, documents = _index(download, mirrors)
    if "primary" not in documents:
        raise FetchError(f"{INDEX} names no packages")
    packages = _document(download, base, documents["primary"], packages_of)
    fixes: Mapping[str, Mapping[str, tuple[Fix, ...]]] = {}
    if "updateinfo" in documents:
        fixes = _document(download, base, documents["updateinfo"], fixes_of)
    return {
        architecture: Offered(
            {**packages.get("noarch", {}), **versions},
            security=False,
            fixes={**fixes.get("noarch", {}), **fixes.get(architecture, {})},
        )
        for architecture, versions in packages.items()
    }


def _mirrors(
    download: Download, archive: Archive, variables: Mapping[str, str]
) -> Mirrors:
    addresses = tuple(
        _read(lambda one: filled(one, variables), one)
        for one in (archive.uri, *archive.components)
    )
    if any(not one.startswith(("http://", "https://")) for one in addresses):
        raise FetchError("it is no address of http")
    if not archive.listed:
        return Mirrors(addresses)
    data = download(addresses[0])
    if data is None:
        raise FetchError("there is no list of mirrors")
    found = _read(mirrors_of, data)
    if not found.addresses:
        raise FetchError("its list has no mirror")
    return found


def _index(download: Download, mirrors: Mirrors) -> tuple[str, Mapping[str, Document]]:
    """Return a mirror's address, and what it has."""
    why = FetchError("no mirror was asked")
    for base in mirrors.addresses[:_TRIED]:
        try:
            return base, _documents(download, base, mirrors.digests)
        except FetchError as error:
            why = error
    raise why


def _documents(
    download: Download, base: str, digests: Collection[Digest]
) -> Mapping[str, Document]:
    data = download(_at(base, INDEX))
    if data is None:
        raise FetchError(f"there is no {INDEX}")
    if digests and sha256(data) not in digests:
        raise FetchError(f"{INDEX} is not what the list of mirrors names")
    return _read(documents_of, data)


def _document(
    download: Download, base: str, document: Document, read: Callable[[bytes], _Read]
) -> _Read:
    data = download(_at(base, document.path))
    if data is None:
        raise FetchError(f"{document.path} is not there")
    if sha256(data) != document.digest:
        raise FetchError(f"{document.path} is not what {INDEX} names")
    end = posixpath.splitext(document.path)[1]
    try:
        text = UNPACK["" if end == ".xml" else end](data)
    except (*BROKEN, KeyError):
        raise FetchError(f"{document.path} cannot be unpacked") from None
    return _read(read, text)


_Said = TypeVar("_Said", str, bytes)


def _read(read: Callable[[_Said], _Read], data: _Said) -> _Read:
    try:
        return read(data)
    except ValueError as error:
        raise FetchError(str(error)) from None


def _at(base: str, path: str) -> str:
    return f"{base.rstrip('/')}/{path}"
