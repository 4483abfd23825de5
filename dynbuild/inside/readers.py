"""Which files of a layer say what is installed, and what each says.

A layer is written by others: its files are read within limits, and one that makes no
sense is a reading with a problem, which is told where packages are listed.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from dynbuild.inside import apk, dpkg, node, python, rpm, sources
from dynbuild.inside.model import LONGEST_LINE, Reading, plain
from dynbuild.values import dataclass

MOST = 100_000
"""Maximum files of one layer that are read, and packages of one file."""

_TEXT = 16 << 20
"""dpkg's database of twelve thousand packages."""
_TABLE = 256 << 20
_SMALL = 4 << 20


@dataclass(frozen=True, slots=True)
class Reader:
    """A kind of file: its paths, how large it may be, and how it is read.

    ``read`` is given its bytes. It may raise ValueError and what comes of values of
    other types than are expected.
    """

    paths: str
    largest: int
    read: Callable[[bytes], Reading]


def _text(read: Callable[[str], Reading]) -> Callable[[bytes], Reading]:
    return lambda data: read(data.decode("utf-8", "replace"))


def _release(text: str) -> Reading:
    """Read os-release(5)."""
    fields = dict(re.findall(r"^(ID|VERSION_ID)=[\"']?([^\"'\n]*)", text, re.MULTILINE))
    if "ID" not in fields:
        return Reading()
    named = plain(fields["ID"]), plain(fields.get("VERSION_ID", ""))
    return Reading(distribution=named)


def _noted(text: str) -> Reading:
    """Read the lines in which a group of ours said what came."""
    lines = text.splitlines()[:MOST]
    return Reading(noted=tuple(plain(line, LONGEST_LINE) for line in lines))


def _other_format(_: bytes) -> Reading:
    return Reading(problem="rpm before 4.16 wrote it, in a format that is not read")


_NPM = r"(?:@[^/]+/)?[^/@.][^/]*"
_STORE = r"\.pnpm/[^/]+"
_SITE = (
    r"(?:(?:.*/)?(?:site|dist)-packages/|(?!(?:.*/)?(?:site|dist)-packages/)(?:.*/)?)"
)
_RPM = r"(?:var/lib/rpm|usr/lib/sysimage/rpm|usr/share/rpm)"

READERS = (
    Reader(
        r"var/lib/dpkg/status(?:\.d/[^/]+(?<!\.md5sums))?", _TEXT, _text(dpkg.status)
    ),
    Reader(r"usr/share/doc/[^/]+/copyright", _SMALL, _text(dpkg.copyright_file)),
    Reader(r"(?:usr/)?lib/apk/db/installed", _TEXT, _text(apk.installed)),
    Reader(rf"{_RPM}/rpmdb\.sqlite", _TABLE, rpm.database),
    Reader(rf"{_RPM}/Packages(?:\.db)?", _TABLE, _other_format),
    # Directly in a directory of packages, or outside of any: a distribution inside of
    # another one is a part of that.
    Reader(
        rf"{_SITE}[^/]+\.(?:dist-info/METADATA|egg-info(?:/PKG-INFO)?)",
        _SMALL,
        python.metadata,
    ),
    # Packages of packages, and no package.json that lies anywhere else in one.
    Reader(
        r"(?:(?!node_modules/)[^/]+/)*"
        rf"node_modules/(?:(?:{_NPM}|{_STORE})/node_modules/)*{_NPM}/package\.json",
        _SMALL,
        node.package,
    ),
    Reader(r"(?:etc|usr/lib)/os-release", _SMALL, _text(_release)),
    Reader(
        r"etc/apt/sources\.list(?:\.d/[\w.-]+\.list)?", _SMALL, _text(sources.lines)
    ),
    Reader("etc/apk/repositories", _SMALL, _text(sources.repositories)),
    Reader(
        r"etc/(?:(?:yum|distro)\.repos\.d/[^/]+\.repo|dnf/dnf\.conf|yum\.conf)",
        _SMALL,
        _text(sources.sections),
    ),
    Reader(r"etc/(?:dnf|yum)/vars/\w+", _SMALL, _text(sources.variable)),
    Reader(
        r"var/lib/(?:apt/dynbuild-came|dynbuild/came/(?:npm|pip))",
        _SMALL,
        _text(_noted),
    ),
    Reader(
        r"etc/apt/sources\.list\.d/[\w.-]+\.sources", _SMALL, _text(sources.paragraphs)
    ),
)
_PATHS = re.compile("|".join(f"(?P<r{n}>{one.paths})" for n, one in enumerate(READERS)))
_NAMES = frozenset(
    {
        *(
            "status",
            "copyright",
            "installed",
            "rpmdb.sqlite",
            "Packages",
            "Packages.db",
        ),
        *("METADATA", "PKG-INFO", "package.json", "os-release", "sources.list"),
        *("repositories", "dnf.conf", "yum.conf"),
        "dynbuild-came",
    }
)


_DIRECTORIES = (
    "var/lib/dpkg/status.d",
    "etc/apt/sources.list.d",
    *("etc/yum.repos.d", "etc/distro.repos.d", "etc/dnf/vars", "etc/yum/vars"),
    "var/lib/dynbuild/came",
)


def reader_of(path: str) -> Reader | None:
    """Return what reads the file at a path, if it says what is installed."""
    above, _, name = path.rpartition("/")
    if (
        name not in _NAMES
        and not name.endswith(".egg-info")
        and above not in _DIRECTORIES
    ):
        return None  # nearly all files
    match = _PATHS.fullmatch(path)
    return match and READERS[int(str(match.lastgroup)[1:])]


def reading(reader: Reader, data: bytes) -> Reading:
    """Return what a file says."""
    if len(data) > reader.largest:
        return too_large(len(data))
    try:
        found = reader.read(data)
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:
        return Reading(problem=plain(f"it cannot be read: {error}"))
    if len(found.packages) > MOST:
        problem = f"it names {len(found.packages)} packages"
        return replace(found, packages=found.packages[:MOST], problem=problem)
    return found


def too_large(size: int) -> Reading:
    """Return the reading of a file that is too large to be read."""
    return Reading(problem=f"it has {size} bytes")
