"""The digests of what stages download: declared, locked, or asked for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild.commands.resolving import resolved
from dynbuild.digest import Digest
from dynbuild.errors import DeclarationError, Diagnostic, UnreachableError
from dynbuild.fetching import Fetch, FetchError
from dynbuild.lockfile.images import AnyLock, as_images
from dynbuild.steps.downloads import address_of, is_same_everywhere
from dynbuild.steps.model import Download, Pin, Stage

if TYPE_CHECKING:
    from dynbuild.declaration.loaded import Loaded
    from dynbuild.declaration.schema_stage import Download as DeclaredDownload

Digests = tuple[tuple[str, Digest], ...]
Digester = Callable[["DeclaredDownload", Pin], Digests]
"""Returns the digests of a download for an image on a base. Raises FetchError."""

UNFETCHED = Digest(f"sha256:{0:064}")
"""Stands for a digest that nobody asks for: where a lock lacks one, it is stale."""

_USUAL = ("linux/amd64", "linux/arm64")
"""The platforms of a base that only an engine has, which says nothing of others."""


def undigested(download: "DeclaredDownload", base: Pin) -> Digests:
    """Return the digests that are declared, and nobody has to be asked for."""
    del base
    return tuple(sorted(_declared(download).items()))


def digester(
    recipes: Iterable[AnyLock], fetch: Fetch, *, refresh: bool = False
) -> Digester:
    """Return a digester that asks for what neither the declaration nor a lock has.

    What a lock says of an address holds for all platforms that its base had then: one
    for which nothing was there is not asked for again. ``refresh`` asks anyway.
    """
    known: dict[str, Mapping[str, Digest]] = {}
    answered: dict[str, frozenset[str]] = {}
    for one, base in () if refresh else _locked(recipes):
        there = dict(one.digests)
        if is_same_everywhere(one.url) == ("" in there):  # else it was declared so
            known.setdefault(one.url, there)
            answered.setdefault(one.url, frozenset(_platforms(base)))
    asked: dict[str, Digest | None] = {}

    def at(url: str) -> Digest | None:
        if url not in asked:
            asked[url] = fetch(url)
        return asked[url]

    def by_platform(url: str, platforms: Iterable[str]) -> dict[str, Digest]:
        before, there = answered.get(url, ()), known.get(url, {})
        found = {
            name: there.get(name)
            or (None if name in before else at(address_of(url, name)))
            for name in sorted(platforms)
        }
        return {name: digest for name, digest in found.items() if digest is not None}

    def digests(download: "DeclaredDownload", base: Pin) -> Digests:
        url, found = download.url, _declared(download)
        if "" in found:
            return (("", found[""]),)
        if is_same_everywhere(url):
            digest = known.get(url, {}).get("") or at(url)
            found = {} if digest is None else {"": digest}
        else:
            found |= by_platform(url, set(_platforms(base)) - found.keys())
        if not found:
            raise FetchError("there is nothing at this address")
        return tuple(sorted(found.items()))

    return digests


def _declared(download: "DeclaredDownload") -> dict[str, Digest]:
    return {
        platform: Digest(f"sha256:{text.removeprefix('sha256:')}")
        for platform, text in download.sha256.items()
    }


def _platforms(base: Pin) -> tuple[str, ...]:
    return tuple(sorted(base.platforms)) or _USUAL


def _locked(recipes: Iterable[AnyLock]) -> Iterable[tuple[Download, Pin]]:
    for recipe in recipes:
        for image in as_images(recipe).images.values():
            for entry in image.own.stages.values():
                for one in entry.stage.add:
                    yield one, image.own.base


def with_downloads(
    loaded: "Loaded",
    stages: tuple[Stage, ...],
    digests: Callable[["DeclaredDownload"], Digests],
) -> tuple[Stage, ...]:
    """Return the stages with what they download, pinned.

    Raises DeclarationError, UnreachableError.
    """
    found, problems = [], []
    for place, stage in enumerate(stages):
        downloads: list[Download] = []
        for number, one in enumerate(loaded.declaration.stages[place].add):
            try:
                downloads.append(resolved(Download, one, digests=digests(one)))
            except FetchError as error:
                where = loaded.span("stages", place, "add", number, "url")
                message = f"cannot fetch {one.url!r}: {error}"
                if not error.answered:
                    hint = "try again when it answers; or write its sha256"
                    away = Diagnostic("DB0504", message, where, hint)
                    raise UnreachableError(away) from None
                problems.append(Diagnostic("DB0319", message, where))
        found.append(replace(stage, add=tuple(downloads)) if downloads else stage)
    if problems:
        raise DeclarationError(*problems)
    return tuple(found)
