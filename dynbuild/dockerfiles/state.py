"""What holds at one place of a build stage: variables, user, directory, config."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import field, replace

from dynbuild.declaration.grammar import SHELLS
from dynbuild.dockerfiles.scope import Scope, UnknownError
from dynbuild.values import dataclass

DEFAULT_SHELL = ("/bin/sh", "-c")

_AT_ROOT = frozenset(
    (
        *("scratch", "debian", "ubuntu", "alpine", "busybox", "fedora", "centos"),
        *("archlinux", "amazonlinux", "oraclelinux", "rockylinux", "almalinux"),
        *("buildpack-deps", "erlang", "elixir"),
        *("python", "node", "ruby", "rust", "gcc", "perl"),
        *("eclipse-temurin", "openjdk", "maven", "haskell", "swift", "julia", "r-base"),
        *("nginx", "postgres", "mysql", "mariadb", "docker"),
    )
)
_NO_SHELL = re.compile(
    r"scratch$|gcr\.io/distroless/[a-z0-9-]+(?!:debug|[^@]*-debug)(?:[:@]|$)"
    r"|cgr\.dev/chainguard/static(?:[:@]|$)"
)
"""Images that are known to have no shell."""

_ELSEWHERE = {"golang": "/go", "php": "/var/www/html"}
"""Where official images start; all of these run as root."""


@dataclass(frozen=True, slots=True)
class ForShell:
    """A line that a shell runs, and the shell that SHELL named for it."""

    shell: tuple[str, ...]
    line: str

    def within(self, shell: tuple[str, ...]) -> object:
        """Return it as a field of an image whose own shell is given."""
        return self.line if self.shell == shell else [*self.shell, self.line]


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of the image, and the comments that stood above it."""

    value: object
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """The end of what was read of a build stage so far.

    ``unmade`` is a directory that WORKDIR makes, and its owner, while nothing of the
    declaration makes it. ``has_cmd`` tells of a CMD in this build stage, ``has_user``
    of a USER, since root may be another than the base's user.
    """

    image: str
    scope: Scope
    user: str | None = None
    has_user: bool = False
    workdir: str | None = None
    unmade: tuple[str, str | None] | None = None
    shell: tuple[str, ...] = DEFAULT_SHELL
    runtime: Mapping[str, Setting] = field(default_factory=dict)
    has_cmd: bool = False
    platform: str | None = None

    @property
    def directory(self) -> str:
        """The absolute path that relative ones begin at."""
        return self.workdir or start_of(self.image) or "/"

    def path(self, text: str) -> str:
        """Return a path as BuildKit makes it absolute; a slash at its end stays."""
        if "\\" in text or text[1:3] == ":\\":
            raise UnknownError(f"{text!r} is a path of Windows")
        whole = posixpath.normpath(posixpath.join(self.directory, text))
        whole = f"/{whole.lstrip('/')}"
        ends = text in (".", "..") or text.endswith(("/", "/.", "/.."))
        return f"{whole}/" if ends and whole != "/" else whole

    def setting(self, name: str, value: object, comments: tuple[str, ...]) -> "State":
        return replace(self, runtime={**self.runtime, name: Setting(value, comments)})

    def without(self, *names: str) -> "State":
        kept = {name: one for name, one in self.runtime.items() if name not in names}
        return replace(self, runtime=kept)


def is_posix(shell: tuple[str, ...]) -> bool:
    """Whether a shell takes what dynbuild writes before commands."""
    return posixpath.basename(shell[0]) in SHELLS


def has_shell(image: str) -> bool:
    """Whether commands can run on an image, as far as its name tells."""
    return _NO_SHELL.match(image.removeprefix("docker.io/")) is None


def start_of(image: str) -> str | None:
    """Return where an official image starts; None for an image that is not known."""
    name = image.partition("@")[0].removeprefix("docker.io/")
    # What a mirror has below library/ is the official image as well.
    name = re.sub(r"^(?:.*/)?library/", "", name).partition(":")[0]
    return "/" if name in _AT_ROOT else _ELSEWHERE.get(name)
