"""Where apt, apk and dnf take packages from.

That of apt is in sources.list(5), in lines and in stanzas; that of apk in
apk-repositories(5); that of dnf and yum in dnf.conf(5), in sections.
"""

import configparser
import re
from collections.abc import Iterator, Mapping

from dynbuild.inside.model import Archive, Kind, Reading, plain
from dynbuild.inside.stanzas import stanzas

_LINE = re.compile(r"deb[ \t]+(?:\[[^\]\n]*\][ \t]*)?(\S+)[ \t]+(\S+)([^#\n]*)")
_NO = frozenset({"no", "false", "off", "0"})
_MAIN = "main"
"""The section that is of dnf itself."""

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
            and one.get("Enabled", "").lower() not in _NO
            for uri in one.get("URIs", "").split()
            for suite in one.get("Suites", "").split()
        )
    )


def repositories(text: str) -> Reading:
    """Read apk's list; a repository with a tag is asked for what names the tag only."""
    words = (line.strip() for line in text.splitlines())
    return Reading(
        archives=tuple(
            _archive(one, "", [], "apk") for one in words if one and one[0] not in "#@"
        )
    )


def sections(text: str) -> Reading:
    """Read a .repo file, or what dnf.conf has of repositories. Raises ValueError."""
    parser = configparser.RawConfigParser(
        delimiters=("=",),
        strict=False,
        allow_no_value=True,
        empty_lines_in_values=False,
        default_section="\n",
    )
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error)) from None
    found = (dict(parser[name]) for name in parser.sections() if name != _MAIN)
    return Reading(
        archives=tuple(
            archive
            for one in found
            if (one.get("enabled") or "").lower() not in _NO
            for archive in _of_section(one)
        )
    )


def _of_section(one: Mapping[str, str | None]) -> Iterator[Archive]:
    """Yield the repository of a section; addresses of its own go before lists."""
    bases = re.split(r"[\s,]+", (one.get("baseurl") or "").strip(" ,\n"))
    lists = one.get("metalink") or one.get("mirrorlist")
    if bases[0]:
        yield _archive(bases[0], "", bases[1:], "rpm")
    elif lists:
        yield _archive(lists, "", [], "rpm", listed=True)


def variable(text: str) -> Reading:
    """Read a file of a directory of variables: its first line is the value."""
    return Reading(variable=plain(text.partition("\n")[0]))


def _archive(
    uri: str,
    suite: str,
    components: list[str],
    kind: Kind = "deb",
    *,
    listed: bool = False,
) -> Archive:
    return Archive(
        plain(uri), plain(suite), tuple(map(plain, components)), kind, listed
    )
