"""Where apt and apk take packages from.

That of apt is in sources.list(5), in lines and in stanzas; that of apk in
apk-repositories(5).
"""

import re

from dynbuild.inside.model import Archive, Reading, plain
from dynbuild.inside.stanzas import stanzas

_LINE = re.compile(r"deb[ \t]+(?:\[[^\]\n]*\][ \t]*)?(\S+)[ \t]+(\S+)([^#\n]*)")
_FIELDS = frozenset({"Types", "URIs", "Suites", "Components", "Enabled"})


def lines(text: str) -> Reading:
    """Read sources.list, or a file of its directory that ends in .list."""
    found = (_LINE.match(line.strip()) for line in text.splitlines())
    return Reading(
        archives=tuple(
            _archive(match[1], match[2], match[3].split()) for match in found if match
        )
    )


def paragraphs(text: str) -> Reading:
    """Read a file of the directory that ends in .sources."""
    return Reading(
        archives=tuple(
            _archive(uri, suite, one.get("Components", "").split())
            for one in stanzas(text, _FIELDS)
            if "deb" in one.get("Types", "").split()
            and one.get("Enabled", "").lower() not in {"no", "false", "off", "0"}
            for uri in one.get("URIs", "").split()
            for suite in one.get("Suites", "").split()
        )
    )


def repositories(text: str) -> Reading:
    """Read apk's list; a repository with a tag is asked for what names the tag only."""
    words = (line.strip() for line in text.splitlines())
    return Reading(
        archives=tuple(
            _archive(one, "", []) for one in words if one and one[0] not in "#@"
        )
    )


def _archive(uri: str, suite: str, components: list[str]) -> Archive:
    return Archive(plain(uri), plain(suite), tuple(map(plain, components)))
