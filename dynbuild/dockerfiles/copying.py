"""COPY and ADD as copies, texts and downloads of a stage."""

import posixpath
import re
from collections.abc import Callable

from dynbuild.declaration import grammar
from dynbuild.declaration.grammar import matches
from dynbuild.dockerfiles.known import owned
from dynbuild.dockerfiles.model import Copied, Heredoc, Instruction, Paths
from dynbuild.dockerfiles.scope import UnknownError
from dynbuild.dockerfiles.state import State
from dynbuild.values import dataclass

_GLOB = re.compile(grammar.PATTERN)
_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tzst|tar\.(?:gz|bz2|xz|zst|lzma))$")
_ENDS = re.compile(r"\.[A-Za-z0-9_-]+$")
"""The end of a pattern that matches no archive, if that is none of an archive."""
_REMOTE = re.compile(r"https?://|ftp://|git@|git://|ssh://")
_OPENS = re.compile(r"[0-9]*<<-?['\"]?([^'\"]+)['\"]?")
_NUMBERS = re.compile(r"[0-9]+(?::[0-9]+)?")

Source = Callable[[str], dict[str, object]]
"""What ``--from`` names, as the field of a copy: a stage or an image."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an instruction brings into a stage, and what it is known to touch.

    ``owned`` tells that it gives what it makes to somebody.
    """

    copies: tuple[Copied, ...] = ()
    files: tuple[tuple[str, object], ...] = ()
    add: tuple[Copied, ...] = ()
    paths: Paths | None = None
    owned: bool = False
    reason: str = ""


def take(state: State, one: Instruction, source: Source) -> Taken:
    """Translate one instruction. Raises UnknownError where a person has to."""
    flags = _flags(one)
    words = [
        state.scope.address(word)
        if "from" in flags or (one.name == "ADD" and _REMOTE.match(word))
        else state.scope.static(word)
        for word in one.words
    ]
    if len(words) < 2:  # noqa: PLR2004 - a source and a destination
        raise UnknownError(f"{one.name} needs a source and a destination")
    *texts, target = words
    to = state.path(target)
    if len(texts) > 1 and not to.endswith("/"):
        raise UnknownError("a destination of several files ends in /")
    common = _mode_and_owner(state, flags)
    origin = source(state.scope.static(flags["from"][-1])) if "from" in flags else {}
    exclude = [state.scope.static(text) for text in flags.get("exclude", ())]
    if exclude:
        common["exclude"] = exclude
    copies: list[dict[str, object]] = []
    files: list[tuple[str, object]] = []
    downloads: list[Copied] = []
    for word, text in zip(one.words, texts, strict=False):
        document = _document(one, word)
        if document is not None:
            files.append(_file(state, document, to, common))
        elif one.name == "ADD" and _REMOTE.match(text):
            downloads.append(Copied(_download(text, to, common, flags), one.comments))
        else:
            where = _where(one, text, to, flags, local=not origin)
            _append(copies, {**origin, **where, **common})
    if downloads and (copies or files):
        raise UnknownError("what it downloads has to be an ADD of its own")
    reason = ""
    if any(copied["from"] == "." for copied in copies):
        reason = "the declaration, its lock and .git are never copied"
    elif not origin and any("optional" in copied for copied in copies):
        reason = "a pattern is of files: a directory that it matches has to be named"
    return Taken(
        tuple(
            Copied(fields, () if number else one.comments)
            for number, fields in enumerate(copies)
        ),
        tuple(files),
        tuple(downloads),
        # Where it differs by platform, it may be anywhere.
        None if "$" in to else _paths(common, to),
        "owner" in common,
        reason,
    )


def _append(copies: list[dict[str, object]], fields: dict[str, object]) -> None:
    """Add a copy; what goes the way of the one before becomes one with it."""
    last = copies[-1] if copies else {}
    rest = {name: value for name, value in fields.items() if name != "from"}
    others = {name: value for name, value in last.items() if name != "from"}
    together = rest == others and str(rest["to"]).endswith("/")
    if not together or {"stage", "image"} & rest.keys():
        copies.append(fields)
        return
    before = last["from"]
    listed = before if isinstance(before, list) else [before]
    last["from"] = [*listed, fields["from"]]


def _flags(one: Instruction) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for flag in one.flags:
        name, _, value = flag.removeprefix("--").partition("=")
        if name not in _FLAGS[one.name]:
            raise UnknownError(f"{one.name} --{name} is not known here")
        if name not in ("link", "parents") or value.lower() != "false":
            found.setdefault(name, []).append(value)
    return found


_COPY_FLAGS = ("from", "chown", "chmod", "link", "parents", "exclude")
_FLAGS = {
    "COPY": _COPY_FLAGS,
    "ADD": (*_COPY_FLAGS, "checksum", "unpack", "keep-git-dir"),
}


def _mode_and_owner(state: State, flags: dict[str, list[str]]) -> dict[str, object]:
    common: dict[str, object] = {}
    for flag, name, pattern in (
        ("chown", "owner", grammar.OWNER),
        ("chmod", "mode", grammar.COPY_MODE),
    ):
        if flag in flags:
            value = state.scope.static(flags[flag][-1])
            if not matches(pattern, value):
                raise UnknownError(f"{value!r} is not the {name} of a copy")
            common[name] = value
    return common


def _document(one: Instruction, word: str) -> Heredoc | None:
    """Return the here-document that a word opens."""
    match = _OPENS.fullmatch(word)
    name = match[1] if match else None
    return next((doc for doc in one.heredocs if doc.name == name), None)


def _where(
    one: Instruction, text: str, to: str, flags: dict[str, list[str]], *, local: bool
) -> dict[str, object]:
    """Return from where to where one source goes."""
    unpacks = _ARCHIVE.search(text) or (_GLOB.search(text) and not _ENDS.search(text))
    if one.name == "ADD" and unpacks:
        raise UnknownError(
            f"ADD unpacks an archive such as {text}: copy it, and unpack it in the "
            f"commands of a stage (tar -xf … -C {to})"
        )
    if "\\" in text:
        raise UnknownError(f"{text!r} has a backslash")
    pattern = re.search(_GLOB if local else grammar.MATCHED, text) is not None
    if pattern and "parents" in flags:
        raise UnknownError(f"--parents of a pattern: name the files of {text!r}")
    if pattern and local and not to.endswith("/"):
        raise UnknownError(
            f"what a pattern matches is copied to a directory: name those of {text!r}"
        )
    # What leads out of the project leads to its root.
    path = posixpath.normpath(f"/{text}").lstrip("/") or "."
    # Without --parents Docker takes ** for *.
    path = re.sub(r"\*+", "*", path)
    if "parents" in flags:
        kept = text.partition("/./")[2] or text
        to = posixpath.join(to, posixpath.normpath(f"/{kept}").lstrip("/"))
    if not local:
        path = "/" if path == "." else f"/{path}"
        path += "/" if text.endswith("/") and path != "/" else ""
    # Docker takes a pattern that matches nothing.
    return {"from": path, "to": to, **({"optional": True} if pattern else {})}


def _file(
    state: State, document: Heredoc, to: str, common: dict[str, object]
) -> tuple[str, object]:
    text = document.text
    if document.expands and re.search(r"[$\\]", text):
        text = state.scope.document(text)
    path = posixpath.join(to, document.name) if to.endswith("/") else to
    return path, {"text": text, **common} if common else text


def _download(
    url: str, to: str, common: dict[str, object], flags: dict[str, list[str]]
) -> dict[str, object]:
    if not re.match(r"https?://", url) or re.search(r"\.git/?(?:[?#]|$)", url):
        raise UnknownError("a repository is fetched by commands of a stage: git clone")
    if "keep-git-dir" in flags:
        raise UnknownError("--keep-git-dir is of a repository, and this is none")
    if "exclude" in flags:
        raise UnknownError("what is downloaded is taken whole")
    fields: dict[str, object] = {"url": url, "to": to}
    if "checksum" in flags:
        checksum = flags["checksum"][-1]
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", checksum):
            raise UnknownError(f"{checksum!r} is no sha256")
        fields["sha256"] = checksum.removeprefix("sha256:")
    if flags.get("unpack", ["false"])[-1].lower() != "false":
        if "mode" in common:
            raise UnknownError("what is unpacked has the modes that are in the archive")
        return {**fields, "unpack": True, **common}
    # In Docker, root alone may read what no mode is said of.
    return {**fields, "mode": "600", **common}


def _paths(common: dict[str, object], to: str) -> Paths:
    """Return what a copy touches; an owner may be that of directories above too."""
    owner = str(common.get("owner", "0"))
    named = _NUMBERS.fullmatch(owner) is None
    reads = frozenset({"/etc/passwd", "/etc/group"}) if named else frozenset[str]()
    path = to.rstrip("/") or "/"
    written = {path} if common.keys() <= {"exclude"} else {path, owned(path)}
    return Paths(reads, frozenset(written))
