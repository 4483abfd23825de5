"""Checks of the package lists: one distribution family, valid specs, no duplicates."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from dynbuild.declaration.grammar import WORD, matches
from dynbuild.declaration.loaded import Loaded
from dynbuild.errors import Diagnostic, Label
from dynbuild.spans import Span
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.manager import Manager, Refusal

_FILE = re.compile(r"^[^@]*\.(whl|deb|rpm|apk|tgz|tar\.gz|zip)$")

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


def check_families(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report packages of two systems: a base has the package manager of one."""
    used = [
        (manager.field, manager.system.name, loaded.key(manager.field))
        for manager in MANAGERS.values()
        if manager.system and getattr(loaded.declaration, manager.field)
    ]
    if not used:
        return
    first, system, span = used[0]
    label = Label(span, f"{first} is used here")
    for other, another, place in used[1:]:
        message = (
            f"{first} and {other} cannot go into one image: "
            f"{system} have the one, {another} the other"
        )
        hint = "keep the list that the base can install"
        yield Diagnostic("DB0131", message, place, hint, (label,))
    if loaded.declaration.apt_sources and first != "apt_packages":
        message = f"apt_sources and {first} cannot go into one image"
        hint = "apt_sources are for apt_packages"
        yield Diagnostic("DB0131", message, loaded.key("apt_sources"), hint, (label,))


def check_packages(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report specs that the manager would refuse or misread, and duplicates."""
    for manager in MANAGERS.values():
        first: dict[str, Span] = {}
        for index, spec in enumerate(getattr(loaded.declaration, manager.field)):
            span = loaded.span(manager.field, index)
            if not manager.accepts(spec) or _FILE.search(spec):
                yield _refused(manager, spec, span)
                continue
            name = manager.key(spec)
            if name in first:
                message = f"{name!r} is in {manager.field} twice"
                label = Label(first[name], "first listed here")
                yield Diagnostic("DB0132", message, span, "keep one", (label,))
            else:
                first[name] = span


def _refused(manager: Manager, spec: str, span: Span) -> Diagnostic:
    usual = f"write {manager.form}"
    reason, hint = next(
        (
            (reason, hint or usual)
            for pattern, reason, hint in (*_WHY, *manager.refusals)
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
