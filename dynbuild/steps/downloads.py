"""What a download is on one platform: its address, its content, its place."""

import posixpath
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

from dynbuild.digest import Digest
from dynbuild.steps.model import Download, Stage

USUAL_MODE = "644"
"""The mode of a file that no mode is said of; Docker would let root alone read it."""

VARIABLE = re.compile(r"\$\{(TARGET(?:ARCH|OS|PLATFORM|VARIANT))\}")


def address_of(url: str, platform: str) -> str:
    """Return an address on a platform."""
    values = _variables(platform)
    return VARIABLE.sub(lambda match: values[match[1]], url)


def is_same_everywhere(url: str) -> bool:
    """Whether an address is the same on every platform."""
    return VARIABLE.search(url) is None


def digest_of_download(download: Download, platform: str) -> Digest | None:
    """Return the digest of the content on a platform, if the lock has it."""
    known = dict(download.digests)
    return known.get("") or known.get(platform)


def common_platform(stages: Iterable[Stage], platforms: Iterable[str]) -> str:
    """Return a platform on which all downloads are there, if there is one."""
    downloads = [one for stage in stages for one in stage.add]
    anywhere = "any platform"
    for platform in (*sorted(platforms), anywhere):
        if all(digest_of_download(one, platform) for one in downloads):
            return platform
    return anywhere


def name_of(url: str) -> str:
    """Return the name of the file at an address; empty if that ends in none."""
    try:
        return posixpath.basename(unquote(urlsplit(url).path))
    except ValueError:
        return ""  # a lock may say anything


def place_of(download: Download, platform: str) -> str:
    """Return the path of what is downloaded: of a file, or of a directory for more."""
    if download.unpack or not download.to.endswith("/"):
        return download.to
    return download.to + name_of(address_of(download.url, platform))


def _variables(platform: str) -> Mapping[str, str]:
    """Return the variables that a builder has for a platform."""
    os, architecture, variant = (*platform.split("/", 2), "", "")[:3]
    return {
        "TARGETARCH": architecture,
        "TARGETOS": os,
        "TARGETPLATFORM": platform,
        "TARGETVARIANT": variant,
    }
