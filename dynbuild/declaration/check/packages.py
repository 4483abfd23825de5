"""Checks of the package lists: one distribution family, valid specs, no duplicates."""

import re
from collections.abc import Iterator
from typing import TypeAlias
from urllib.parse import urlsplit

from dynbuild.declaration.check.restrictions import wrong_restriction
from dynbuild.declaration.grammar import WORD, matches
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema import ImageFields
from dynbuild.declaration.schema_packages import AptSource
from dynbuild.declaration.schema_stage import Stage
from dynbuild.declaration.syntax.edits import removal
from dynbuild.declaration.syntax.secrecy import without_logins
from dynbuild.declaration.syntax.tree import Path
from dynbuild.errors import Diagnostic, Label, respellings
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.manager import Manager, Refusal
from dynbuild.steps.snapshots import ADDRESS, twice

_FILE = re.compile(r"^[^@]*\.(whl|deb|rpm|apk|tgz|tar\.gz|zip)$")

_FIELDS = tuple((manager, manager.field) for manager in MANAGERS.values())
"""The managers with their lists, most of which are empty in most stages."""

_OF_SYSTEMS = tuple(
    (field, row.system.name)
    for row in MANAGERS.values()
    if row.system
    for field in (row.field, row.upgrade_field)
)
"""What is said of a system's packages, with the system that has them."""

_WHY: tuple[Refusal, ...] = (
    (r"^\s*$", "it is empty", "remove it"),
    (r"^\s|\s$", "it has blanks around it", "remove them"),
    (r"^-", "it would be read as an option", "a list holds packages only"),
    (
        r"^(git\+|https?://|ssh://|file:|git@)",
        "a URL has no name to remember it by",
        None,
    ),
    (
        rf"^[./~]|{_FILE.pattern}",
        "a file of the project is not a package of a repository",
        "copy the file in a stage, and install it by its commands",
    ),
)


Lists: TypeAlias = ImageFields | Stage
"""What has lists of packages: an image, or a stage on its own base."""


def lists_of(loaded: Loaded) -> Iterator[tuple[Path, Lists]]:
    """Yield what may have lists of packages, with its place."""
    yield (), loaded.declaration
    for index, stage in enumerate(loaded.declaration.stages):
        yield ("stages", index), stage


def check_families(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report packages of two systems: a base has the package manager of one."""
    for at, lists in lists_of(loaded):
        yield from _check_families(loaded, at, lists)


def _check_families(loaded: Loaded, at: Path, lists: Lists) -> Iterator[Diagnostic]:
    used = [
        (field, system, loaded.key(*at, field))
        for field, system in _OF_SYSTEMS
        if getattr(lists, field)
    ]
    if not used:
        return
    first, system, span = used[0]
    label = Label(span, f"{first} is used here")
    for other, another, place in used[1:]:
        if another == system:
            continue
        message = (
            f"{first} and {other} cannot go into one image: "
            f"{system} have the one, {another} the other"
        )
        hint = "keep the list that the base can install"
        yield Diagnostic("DB0131", message, place, hint, (label,))
    if lists.apt_sources and not first.startswith("apt_"):
        message = f"apt_sources and {first} cannot go into one image"
        hint = "apt_sources are for apt_packages"
        place = loaded.key(*at, "apt_sources")
        yield Diagnostic("DB0131", message, place, hint, (label,))


def check_packages(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report specs that the manager would refuse or misread, and duplicates."""
    for at, lists in lists_of(loaded):
        for manager, field in _FIELDS:
            if getattr(lists, field):
                yield from _check_list(loaded, at, lists, manager)


def _check_list(
    loaded: Loaded, at: Path, lists: Lists, manager: Manager
) -> Iterator[Diagnostic]:
    first: dict[str, Label] = {}
    for index, spec in enumerate(getattr(lists, manager.field)):
        place = (*at, manager.field, index)
        span = loaded.span(*place)
        if not manager.lists(spec) or _FILE.search(spec):
            yield _refused(loaded, manager, spec, place)
            continue
        name = manager.package(spec)
        if name in first:
            message = f"{name!r} is in {manager.field} twice"
            mends = removal(loaded.tree, loaded.syntax, place)
            yield Diagnostic(
                "DB0132", message, span, "keep one", (first[name],), mends=mends
            )
        else:
            first[name] = Label(span, "first listed here")


def _refused(loaded: Loaded, manager: Manager, spec: str, place: Path) -> Diagnostic:
    usual = f"write {manager.form}"
    if (wrong := wrong_restriction(manager, spec)) is not None:
        reason, hint, near = wrong
        shown = without_logins(spec)
        message = f"{shown!r} cannot be in {manager.field}: {reason}"
        span = loaded.span(*place)
        mends = respellings(span, spec, near)
        return Diagnostic("DB0133", message, span, hint, mends=mends)
    reason, hint = next(
        (
            (reason, hint or usual)
            for pattern, reason, hint in (*_WHY, *manager.refusals)
            if re.search(pattern, spec)
        ),
        ("a package is not written like this", usual),
    )
    spec = without_logins(spec)
    shown = spec if len(spec) <= 60 else f"{spec[:59]}…"  # noqa: PLR2004
    message = f"{shown!r} cannot be in {manager.field}: {reason}"
    span = loaded.span(*place)
    meant = (spec.strip(), spec.lower(), spec.replace("==", "="))
    near = [one for one in (*meant, spec.replace("=", "==")) if manager.accepts(one)]
    mends = () if _FILE.search(spec) else respellings(span, spec, near[:1])
    if not spec.strip():
        mends = removal(loaded.tree, loaded.syntax, place)
    return Diagnostic("DB0133", message, span, hint, mends=mends)


def is_address(uri: str) -> bool:
    """Whether a text is the address of a server of packages, by http or https."""
    try:
        host, _ = (parts := urlsplit(uri)).hostname, parts.port
    except ValueError:
        return False
    return bool(host and re.fullmatch(r"https?://[^\s\"'<>]+", uri))


def check_snapshot(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report what cannot be the address of an archive, or of its snapshots."""
    snapshot = loaded.declaration.apt_snapshot
    mirrors = snapshot.mirrors if snapshot else {}
    for archive in twice(mirrors):
        message = f"the archive {without_logins(archive)[:60]!r} has two mirrors"
        span = loaded.key("apt_snapshot", "mirrors", archive)
        hint = "keep one: http and https, and a / at the end, are the same here"
        yield Diagnostic("DB0116", message, span, hint)
    for archive, mirror in mirrors.items():
        at = ("apt_snapshot", "mirrors", archive)
        for uri, span in ((archive, loaded.key(*at)), (mirror, loaded.span(*at))):
            if not re.fullmatch(ADDRESS, uri):
                message = f"{without_logins(uri)[:60]!r} is no address of an archive"
                hint = "write it as the image's sources name it: "
                hint += '"http://mirror.example.com/debian"'
                yield Diagnostic("DB0116", message, span, hint)


def check_apt_sources(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report apt repositories that its source format cannot express."""
    for at, lists in lists_of(loaded):
        for index, source in enumerate(lists.apt_sources):
            yield from _check_source(loaded, (*at, "apt_sources", index), source)


def _check_source(loaded: Loaded, at: Path, source: AptSource) -> Iterator[Diagnostic]:
    if not is_address(source.uri):
        message = "a repository of apt has an http or https URI"
        yield Diagnostic("DB0134", message, loaded.span(*at, "uri"))
    for field, words in (
        ("suites", source.suites),
        ("components", source.components),
    ):
        for word_at, word in enumerate(words):
            if not matches(WORD, word):
                message = f"{word!r} is not one of the {field} of a repository"
                span = loaded.span(*at, field, word_at)
                hint = "write one word for each"
                yield Diagnostic("DB0134", message, span, hint)
    if (*at, "suites") in loaded.lost:
        return
    if not source.suites:
        message = "a repository of apt has at least one suite"
        hint = 'such as ["stable"]'
        yield Diagnostic("DB0134", message, loaded.span(*at, "suites"), hint)
    elif not source.components and not source.suites[0].endswith("/"):
        message = "a suite that does not end in / has components"
        hint = 'give components, such as ["main"]'
        yield Diagnostic("DB0134", message, loaded.span(*at, "suites"), hint)
