"""What repositories of rpm have: addresses, mirrors, packages, advisories.

The documents are read as createrepo_c and its like write them. They are written by
others: a document type, with which a text can grow without end, is refused.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias
from xml.parsers import expat

from dynbuild.digest import Digest
from dynbuild.explain.archives import Fix, is_newer, is_of_module, is_valid
from dynbuild.inside.model import Package, plain
from dynbuild.values import dataclass

INDEX = "repodata/repomd.xml"

_MOST = 4_000_000
"""Maximum elements of a document that are kept: some repositories have 100,000
packages."""

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_VALUE = re.compile(r"[\w.~+-]+")
_PREFIX = re.compile(r"[\w.-]+:")
_I386 = re.compile(r"i[3-6]86|athlon")
_ARM = re.compile(r"armv[67]h\w*")

Row: TypeAlias = tuple[str, Mapping[str, str], str]
"""An element: its name, attributes and text."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document that a repository names: its address below it, and its digest."""

    path: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class Mirrors:
    """The addresses of mirrors; digests of their index, none if nobody says one."""

    addresses: tuple[str, ...]
    digests: frozenset[Digest] = frozenset()


def variables_of(
    packages: Iterable[Package], variables: Mapping[str, str]
) -> dict[str, str]:
    """Return all variables; dnf's own go by the architecture of most packages."""
    many: dict[str, int] = {}
    for one in packages:
        if one.kind == "rpm" and one.architecture not in ("", "noarch"):
            many[one.architecture] = many.get(one.architecture, 0) + 1
    own = max(many, key=lambda name: (many[name], name), default="")
    base = "i386" if _I386.fullmatch(own) else own
    base = "armhfp" if _ARM.fullmatch(own) else base
    return ({"arch": own, "basearch": base} if own else {}) | {**variables}


def filled(address: str, variables: Mapping[str, str]) -> str:
    """Return an address with its variables in place. Raises ValueError."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        found = variables.get(name, "")
        if not _VALUE.fullmatch(found):
            raise ValueError(f"nobody knows what ${name} in its address is")
        return found

    return _VARIABLE.sub(value, address)


def mirrors_of(data: bytes) -> Mirrors:
    """Read a list of mirrors: a line an address, or metalink. Raises ValueError."""
    if data.lstrip()[:1] != b"<":
        lines = (line.strip() for line in data.decode("utf-8", "replace").splitlines())
        return Mirrors(tuple(filter(_is_of_http, lines)))
    rows = _under(data, "file", {"url", "hash"})
    one = next((row for row in rows if row[0][1].get("name") == "repomd.xml"), [])
    urls = [
        (-int(rank) if (rank := where.get("preference", "")).isdecimal() else 0, text)
        for name, where, text in one
        if name == "url" and _is_of_http(text) and text.endswith(f"/{INDEX}")
    ]
    return Mirrors(
        tuple(text.removesuffix(INDEX) for _, text in sorted(urls, key=lambda x: x[0])),
        frozenset(
            Digest(f"sha256:{text}")
            for name, where, text in one
            if name == "hash" and where.get("type") == "sha256"
        ),
    )


def documents_of(data: bytes) -> dict[str, Document]:
    """Read repomd.xml: what there is, by kind. Raises ValueError."""
    found: dict[str, Document] = {}
    for (_, about, _), *rows in _under(data, "data", {"location", "checksum"}):
        path, digest = "", ""
        for name, where, text in rows:
            if name == "location":
                path = posixpath.normpath(where.get("href", ""))
            elif where.get("type") == "sha256":
                digest = text
        if digest and re.fullmatch(r"repodata/[^/?#]+", path):
            found[about.get("type", "")] = Document(path, Digest(f"sha256:{digest}"))
    return found


Versions: TypeAlias = dict[str, dict[str, str]]
"""The newest version of each package, by architecture and name."""


def packages_of(data: bytes) -> Versions:
    """Read primary.xml, without what is of a module. Raises ValueError."""
    found: Versions = {}
    for _, *rows in _under(data, "package", {"name", "arch", "version"}):
        facts = {name: (where, text) for name, where, text in rows}
        nothing: tuple[Mapping[str, str], str] = ({}, "")
        name = plain(facts.get("name", nothing)[1])
        architecture = plain(facts.get("arch", nothing)[1])
        version = _version(facts.get("version", nothing)[0])
        if not name or not is_valid(version, "rpm") or is_of_module(version):
            continue
        of = found.setdefault(architecture, {})
        if name not in of or is_newer(version, of[name], "rpm"):
            of[name] = version
    return found


Fixes: TypeAlias = dict[str, dict[str, tuple[Fix, ...]]]
"""The fixes of each package, by architecture and name."""


def fixes_of(data: bytes) -> Fixes:
    """Read updateinfo.xml: what fixes security, and what says so. Raises ValueError."""
    found: dict[str, dict[str, list[Fix]]] = {}
    for (_, about, _), *rows in _under(data, "update", {"id", "reference", "package"}):
        if about.get("type") != "security":
            continue
        names = [text for name, _, text in rows if name == "id"][:1]
        names += sorted(
            where["id"]
            for name, where, _ in rows
            if name == "reference" and where.get("type") == "cve" and where.get("id")
        )
        advisories = tuple(dict.fromkeys(map(plain, names)))
        for name, where, _ in rows:
            version = _version(where)
            if name != "package" or not is_valid(version, "rpm"):
                continue
            of = found.setdefault(plain(where.get("arch", "")), {})
            if not is_of_module(version):
                fix = Fix(version, advisories)
                of.setdefault(plain(where.get("name", "")), []).append(fix)
    return {
        architecture: {name: tuple(fixes) for name, fixes in of.items()}
        for architecture, of in found.items()
    }


def _version(facts: Mapping[str, str]) -> str:
    epoch = plain(facts.get("epoch", "")) or "0"
    version = facts.get("ver", facts.get("version", ""))
    text = plain(f"{version}-{facts.get('rel', facts.get('release', ''))}")
    return text if epoch == "0" else f"{epoch}:{text}"


def _is_of_http(address: str) -> bool:
    return address.startswith(("http://", "https://"))


def _under(data: bytes, name: str, wanted: set[str]) -> Iterator[list[Row]]:
    """Return what is wanted below each element of a name, after that itself."""
    found: list[list[Row]] = []
    open_: list[tuple[str, dict[str, str], list[str]]] = []
    many = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal many
        tag = _PREFIX.sub("", tag)
        if tag == name:
            found.append([(tag, attributes, "")])
        elif tag in wanted and found:
            open_.append((tag, attributes, []))
        else:
            return
        many += 1
        if many > _MOST:
            raise ValueError(f"it has over {_MOST} elements")

    def end(tag: str) -> None:
        if open_ and open_[-1][0] == _PREFIX.sub("", tag):
            of, attributes, text = open_.pop()
            found[-1].append((of, attributes, "".join(text).strip()))

    def characters(text: str) -> None:
        if open_:
            open_[-1][2].append(text)

    _parse(data, start, end, characters)
    return iter(found)


def _parse(
    data: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    characters: Callable[[str], None],
) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(data, True)  # noqa: FBT003 - it takes no names
    except (expat.ExpatError, LookupError) as error:  # this, of an encoding
        raise ValueError(str(error)) from None


def _refuse(*_: object) -> None:
    raise ValueError("it has a document type")
