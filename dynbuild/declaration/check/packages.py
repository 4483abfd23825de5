"""Checks of the package lists: one distribution family, valid specs, no duplicates."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from dynbuild.declaration.grammar import (
    APK_PACKAGE,
    APT_PACKAGE,
    NPM_PACKAGE,
    WORD,
    YUM_PACKAGE,
    matches,
)
from dynbuild.declaration.loaded import Loaded
from dynbuild.errors import Diagnostic, Label
from dynbuild.spans import Span


@dataclass(frozen=True, slots=True)
class _Manager:
    """The syntax of the packages of one list."""

    field: str
    identify: Callable[[str], str | None]
    """Returns the package's name, which must be unique; None for an invalid spec."""
    form: str
    systems: str = ""
    """The systems it belongs to, if only to some."""


def _by(pattern: str) -> Callable[[str], str | None]:
    def identify(spec: str) -> str | None:
        match = re.search(pattern, spec) if matches(pattern, spec) else None
        return match["name"] if match else None

    return identify


def _pip_name(spec: str) -> str | None:
    try:
        requirement = Requirement(spec)
    except InvalidRequirement:
        return None
    if requirement.url and requirement.url.startswith("file:"):
        return None
    return canonicalize_name(requirement.name)


MANAGERS = (
    _Manager(
        "apt_packages",
        _by(APT_PACKAGE),
        "name, name=version, name/release or name:architecture",
        "Debian and Ubuntu",
    ),
    _Manager(
        "yum_packages",
        _by(YUM_PACKAGE),
        "name, name-version or @group",
        "Fedora and Red Hat",
    ),
    _Manager(
        "apk_packages",
        _by(APK_PACKAGE),
        "name, name=version, name~version or name@repository",
        "Alpine",
    ),
    _Manager("pip_packages", _pip_name, "name, name==version or name @ URL"),
    _Manager("npm_packages", _by(NPM_PACKAGE), "name, name@version or @scope/name"),
)

_FILE = re.compile(r"^[^@]*\.(whl|deb|rpm|apk|tgz|tar\.gz|zip)$")

_WHY: tuple[tuple[str, str, str | None], ...] = (
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
_APT_WHY: tuple[tuple[str, str, str | None], ...] = (
    (r"-$", "apt would remove a package that ends in -", None),
    (r"[A-Z].*", "names of Debian packages are lower case", None),
    (r"[*?\[^]", "apt would take it for a pattern or a task", "name each package"),
    (r"==", "a version is pinned with one =", None),
)
_PIP_WHY: tuple[tuple[str, str, str | None], ...] = (
    (r"@ *file:", "a file of the project is not a package of an index", None),
    (r"(?<![=!<>~])=(?!=)", "a version is pinned with ==", None),
)


def check_families(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report packages of two systems: a base has the package manager of one."""
    used = [
        (manager, loaded.key(manager.field))
        for manager in MANAGERS
        if manager.systems and getattr(loaded.declaration, manager.field)
    ]
    if not used:
        return
    first, span = used[0]
    for other, place in used[1:]:
        message = (
            f"{first.field} and {other.field} cannot go into one image: "
            f"{first.systems} have the one, {other.systems} the other"
        )
        hint = "keep the list that the base can install"
        label = Label(span, f"{first.field} is used here")
        yield Diagnostic("DB0131", message, place, hint, (label,))
    if loaded.declaration.apt_sources and first.field != "apt_packages":
        message = f"apt_sources and {first.field} cannot go into one image"
        label = Label(span, f"{first.field} is used here")
        hint = "apt_sources are for apt_packages"
        yield Diagnostic("DB0131", message, loaded.key("apt_sources"), hint, (label,))


def check_packages(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report specs that the manager would refuse or misread, and duplicates."""
    for manager in MANAGERS:
        first: dict[str, Span] = {}
        for index, spec in enumerate(getattr(loaded.declaration, manager.field)):
            span = loaded.span(manager.field, index)
            name = manager.identify(spec)
            if name is None or _FILE.search(spec):
                yield _refused(manager, spec, span)
            elif name in first:
                message = f"{name!r} is in {manager.field} twice"
                label = Label(first[name], "first listed here")
                yield Diagnostic("DB0132", message, span, "keep one", (label,))
            else:
                first[name] = span


def _refused(manager: _Manager, spec: str, span: Span) -> Diagnostic:
    own = {"apt_packages": _APT_WHY, "pip_packages": _PIP_WHY}.get(manager.field, ())
    usual = f"write {manager.form}"
    reason, hint = next(
        (
            (reason, hint or usual)
            for pattern, reason, hint in (*_WHY, *own)
            if re.search(pattern, spec)
        ),
        ("a package is not written like this", usual),
    )
    shown = spec if len(spec) <= 60 else f"{spec[:59]}…"  # noqa: PLR2004
    message = f"{shown!r} cannot be in {manager.field}: {reason}"
    return Diagnostic("DB0133", message, span, hint)


def _is_address(uri: str) -> bool:
    try:
        host = urlsplit(uri).hostname
    except ValueError:
        return False
    return bool(host and re.fullmatch(r"https?://[^\s\"'<>]+", uri))


def check_apt_sources(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report apt repositories that its source format cannot express."""
    for index, source in enumerate(loaded.declaration.apt_sources):
        at = ("apt_sources", index)
        if not _is_address(source.uri):
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
            continue
        if not source.suites:
            message = "a repository of apt has at least one suite"
            hint = 'such as ["stable"]'
            yield Diagnostic("DB0134", message, loaded.span(*at, "suites"), hint)
        elif not source.components and not source.suites[0].endswith("/"):
            message = "a suite that does not end in / has components"
            hint = 'give components, such as ["main"]'
            yield Diagnostic("DB0134", message, loaded.span(*at, "suites"), hint)
