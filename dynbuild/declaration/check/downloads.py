"""Checks of what stages download: addresses, digests, and where it goes."""

import re
from collections.abc import Iterator

from dynbuild.declaration.grammar import WHITEOUT
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema_stage import Download
from dynbuild.declaration.syntax.tree import Path
from dynbuild.errors import Diagnostic
from dynbuild.quote import UnfitError
from dynbuild.quote import download as quoted
from dynbuild.steps.downloads import address_of, is_same_everywhere, name_of

_PLATFORM = r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?"
_ANY = "linux/amd64"
_VARIABLES = "${TARGETARCH}, ${TARGETOS}, ${TARGETVARIANT} or ${TARGETPLATFORM}"


def check_downloads(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report downloads that no instruction can express, or that nothing pins."""
    for index, stage in enumerate(loaded.declaration.stages):
        for number, one in enumerate(stage.add):
            at: Path = ("stages", index, "add", number)
            yield from _address(loaded, at, one)
            yield from _digests(loaded, at, one)
            if f"/{WHITEOUT}" in one.to:
                message = (
                    f"{one.to[:60]!r}: a name that begins with .wh. deletes a file"
                )
                where = loaded.span(*at, "to")
                yield Diagnostic("DB0157", message, where, "name it otherwise")
            if one.unpack and one.mode is not None:
                message = "what is unpacked has the modes that are in the archive"
                where = loaded.key(*at, "mode")
                hint = "remove it, or change modes with a command (chmod)"
                yield Diagnostic("DB0167", message, where, hint)


def _address(loaded: Loaded, at: Path, one: Download) -> Iterator[Diagnostic]:
    where = loaded.span(*at, "url")
    url = address_of(one.url, _ANY)
    if re.match(r"https?://[^/?#]*@", url):
        message = "an address with a password would stand in the lock"
        hint = "write it without; `lock` takes what your ~/.netrc has for the host"
        yield Diagnostic("DB0167", message, where, hint)
    elif "$" in url:
        message = "an address is on every machine the same: it has no such variable"
        yield Diagnostic("DB0167", message, where, f"what can stand: {_VARIABLES}")
    elif "#" in url:
        message = "what is behind # is never asked for"
        yield Diagnostic("DB0167", message, where, "remove it from the address")
    else:
        try:
            quoted(url, "/x")
        except UnfitError as error:
            hint = "write an address of a file, with http:// or https:// before it"
            if ".git" in url:
                hint = "clone it in the commands of a stage"
            yield Diagnostic("DB0167", f"{error}"[:200], where, hint)
        else:
            if one.to.endswith("/") and not one.unpack and not name_of(url):
                message = f"{one.to[:60]!r} is a directory, and the address names no"
                message += " file to put there"
                where = loaded.span(*at, "to")
                hint = f"name the file, as in {one.to + 'NAME'!r}"
                yield Diagnostic("DB0167", message, where, hint)


def _digests(loaded: Loaded, at: Path, one: Download) -> Iterator[Diagnostic]:
    for platform, text in one.sha256.items():
        where = loaded.span(*at, "sha256", *([platform] if platform else []))
        if not re.fullmatch(r"(sha256:)?[0-9a-f]{64}", text):
            message = f"{text[:20]!r} is no sha256, which has 64 digits from 0 to f"
            hint = "leave it out: `dynbuild lock` asks, and writes it into the lock"
            yield Diagnostic("DB0168", message, where, hint)
        if platform and not re.fullmatch(_PLATFORM, platform):
            message = f"{platform[:40]!r} is not a platform"
            hint = "write it whole, such as linux/amd64"
            yield Diagnostic("DB0168", message, where, hint)
    if one.sha256 and "" not in one.sha256 and is_same_everywhere(one.url):
        message = "this address is the same on all platforms, and has one digest"
        where = loaded.span(*at, "sha256")
        hint = f"write it as a text; or let the address name {_VARIABLES}"
        yield Diagnostic("DB0168", message, where, hint)
