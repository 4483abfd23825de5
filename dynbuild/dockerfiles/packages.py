"""Installations by apt-get that a list of packages stands for, and why others do not.

A list installs without recommended packages, before every stage, in one transaction. So
a RUN becomes a list only where it does just that.
"""

import re
import shlex
from collections.abc import Iterable
from dataclasses import field

from dynbuild.dockerfiles.known import overlap
from dynbuild.dockerfiles.model import Paths
from dynbuild.dockerfiles.shell import Script
from dynbuild.values import dataclass

_PACKAGE = re.compile(
    r"[a-z0-9][a-z0-9.-]*(?:\+\+?)?[a-z0-9+.-]*(?<!-)(?::[a-z0-9]+)?(?:=[A-Za-z0-9.+~:*-]+)?"
)
_YES = {"-y", "--yes", "--assume-yes", "-q", "-qq", "--quiet", "-yq", "-qy", "-yqq"}
_BARE = {"--no-install-recommends", "--no-install-suggests"}
_NO_RECOMMENDS = {"APT::Install-Recommends=0", "APT::Install-Recommends=false"}
_LISTS = {"/var/lib/apt/lists/*", "/var/lib/apt/lists"}
_MOUNTED = {"/var/cache/apt", "/var/lib/apt", "/var/lib/apt/lists"}
_INSTALLS = re.compile(r"\bapt(?:-get)?\b[^;&|]*\binstall\b")
_TAKES_AWAY = re.compile(
    r"\b(?:apt|apt-get|aptitude)\b[^;&|]*\b(?:purge|remove|autoremove|auto-remove)\b"
    r"|\bdpkg\b[^;&|]*\s(?:-r|-P|--remove|--purge)\b"
)
_DECIDES = frozenset(
    {"/etc", "/usr", "/var", "/bin", "/sbin", "/lib", "/lib32", "/lib64"}
)
"""Where what is written may decide what a package does."""

_HARMLESS = re.compile(
    r"PYTHON(?:UNBUFFERED|DONTWRITEBYTECODE|FAULTHANDLER|HASHSEED|IOENCODING|UTF8)"
    r"|(?:PIP|POETRY|UV|NODE|NPM|NPM_CONFIG|YARN|NEXT|PNPM|BUN|CARGO|RUSTUP|BUNDLE|RAILS"
    r"|FLASK|DJANGO|APP|DATABASE)_\w+"
    r"|\w+_VERSION|CGO_ENABLED|GO111MODULE|VENV|VIRTUAL_ENV|RACK_ENV|PORT|HOST"
    r"|DEBIAN_FRONTEND|LANG|LANGUAGE|LC_ALL|TERM"
)
"""Variables that no package reads when it is installed."""


def installs(text: str) -> bool:
    """Whether a text installs packages of apt."""
    return _INSTALLS.search(text) is not None


def takes_away(text: str) -> bool:
    """Whether a text removes packages, by apt or dpkg."""
    return _TAKES_AWAY.search(text) is not None


def harmless(names: Iterable[str]) -> str | None:
    """Return the first variable that a package might read; None if there is none."""
    return next((one for one in names if not _HARMLESS.fullmatch(one)), None)


def decides(paths: Paths | None) -> bool:
    """Whether what stood before may decide what a package does."""
    return paths is None or overlap(paths.writes, _DECIDES)


def packages_of(script: Script, mounts: frozenset[str]) -> tuple[tuple[str, ...], str]:
    """Return the packages that a RUN installs and nothing else; or why it does not.

    ``mounts`` are its cache mounts: the lists in one are not in the image.
    """
    entries = script.entries
    if entries is None:
        return (), "the text is not a list of commands joined by &&"
    if not mounts <= _MOUNTED:
        return (), "it has a mount that is not of apt"
    done = _Done(removed=overlap(mounts, _LISTS))
    for entry in entries:
        odd = _understood(entry.text, done)
        if odd is not None:
            return (), f"`{odd[:60]}` is more than an installation"
    reasons = (
        (not done.packages, "it names no package"),
        (not done.updated, "it does not begin with apt-get update"),
        (
            done.recommends,
            (
                "without --no-install-recommends it installs recommended packages too, "
                "which a list does not"
            ),
        ),
        (not done.removed, "it leaves /var/lib/apt/lists in the image"),
    )
    reason = next((text for holds, text in reasons if holds), "")
    return ((), reason) if reason else (tuple(dict.fromkeys(done.packages)), "")


@dataclass(slots=True)
class _Done:
    """What the commands of an installation did so far."""

    removed: bool
    updated: bool = False
    recommends: bool = False
    packages: list[str] = field(default_factory=list)


def _understood(text: str, done: _Done) -> str | None:
    """Take one command in; return what of it is not understood."""
    try:
        words = _without_variables(shlex.split(text))
    except ValueError:
        return " ".join(text.split())
    match words:
        case [] | ["set", *_] | ["apt-get", "clean"]:
            return None
        case ["apt-get", *rest] if "update" in rest and {*rest} <= {"update", *_YES}:
            done.updated = True
            return None
        case ["apt-get", *rest] if "install" in rest and not done.packages:
            done.packages, done.recommends, odd = _installed(rest)
            return odd
        case ["rm", "-rf" | "-fr" | "-r", path] if path in _LISTS and done.packages:
            done.removed = True
            return None
        case _:
            return " ".join(text.split())


def _without_variables(words: list[str]) -> list[str]:
    """Return a command without the one setting that dynbuild's own have as well."""
    setting = "DEBIAN_FRONTEND=noninteractive"
    return (
        [word for word in words if word not in (setting, "export")]
        if (words[:1] == [setting] or words[:2] == ["export", setting])
        else words
    )


def _installed(rest: list[str]) -> tuple[list[str], bool, str | None]:
    """Return packages, whether recommended ones come too, and a word not understood."""
    names: list[str] = []
    recommends = True
    waiting = False
    for word in rest:
        if waiting:
            if word not in _NO_RECOMMENDS:
                return [], True, word
            recommends = waiting = False
        elif word == "install" or word in _YES or word in _BARE:
            recommends = recommends and word != "--no-install-recommends"
        elif word in ("-o", "--option"):
            waiting = True
        elif _PACKAGE.fullmatch(word):
            names.append(word)
        else:
            return [], True, word
    return names, recommends, None
