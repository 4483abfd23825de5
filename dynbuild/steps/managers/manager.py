"""What the module of a package manager says of itself: its row among the managers."""

from collections.abc import Callable, Mapping
from dataclasses import field

from dynbuild.steps.managers.came import Pinning
from dynbuild.steps.managers.presence import ReadText
from dynbuild.steps.model import Group
from dynbuild.steps.restriction import bare, parted, usual
from dynbuild.steps.run import Run
from dynbuild.values import dataclass

Refusal = tuple[str, str, str | None]
"""A pattern of invalid specs, why these are refused, and a hint if there is one."""


@dataclass(frozen=True, slots=True)
class System:
    """The distributions whose own manager it is: the base of an image has one of these.

    ``bases`` are their images, by the last part of the name; ``pip`` is the package
    that has pip. ``installs`` and ``removes`` are the words that tell the manager's
    programs to do it. ``sudo`` has the commands that install sudo, by the program that
    they need: they work in /tmp, and leave neither downloads nor logs.
    """

    name: str
    bases: tuple[str, ...]
    pip: str
    installs: str
    removes: tuple[str, ...]
    sudo: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Manager:
    """The packages of one family: their syntax, their installation, its traces.

    ``kind`` is that of its packages in package URLs (``inside.model``). ``accepts``
    tells whether a text is a spec, of the ``form`` that people are told; ``refusals``
    say why it is not. ``key`` returns the package that a spec refers to: two specs with
    one key request the same package in two ways. ``run`` returns the transaction of a
    group.

    ``missing`` finds what is declared and not there in the text of a file, which lies
    at the path ``shows``; without it the script looks itself. Without ``pinning`` no
    versions are written down.

    ``programs`` make no files where they are run. ``reads`` are paths that configure
    every installation (``link.reads``); ``databases`` have the paths that make up a
    database, by its name (``link.commute``); ``uncounted`` those of files whose content
    does not matter, by the tool that writes them (``link.uncounted``).

    ``index_field`` is the declaration's field of where its packages come from, if it
    has one. ``restricts``: its specs may end in architectures (``steps.restriction``).
    ``has_snapshots``: its packages can come from archives as they were at a time.
    ``freshens``: it upgrades what nobody declares where it is, and leaves its mark.
    """

    name: str
    kind: str
    accepts: Callable[[str], object]
    form: str
    key: Callable[[str], str]
    run: Callable[[Group], Run]
    missing: Callable[[Group, ReadText], tuple[str, ...]] | None = None
    shows: str = ""
    pinning: Pinning | None = None
    refusals: tuple[Refusal, ...] = ()
    programs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    databases: Mapping[str, str] = field(default_factory=dict)
    uncounted: Mapping[str, str] = field(default_factory=dict)
    system: System | None = None
    index_field: str = ""
    restricts: bool = True
    has_snapshots: bool = False
    freshens: bool = False

    def lists(self, spec: str) -> bool:
        """Whether a text may be listed: a spec, and what it is restricted to."""
        named, words = parted(self.spelled(spec))
        return bool(self.accepts(named)) and (self.restricts or not words)

    def package(self, spec: str) -> str:
        """Return the package that a spec refers to, whatever platforms it is for."""
        return self.key(bare(self.spelled(spec)))

    def spelled(self, spec: str) -> str:
        """Return what is listed as a lock has it."""
        return usual(spec) if self.restricts else spec

    @property
    def field(self) -> str:
        """The declaration's list of these packages."""
        return f"{self.name}_packages"

    @property
    def upgrade_field(self) -> str:
        """The declaration's wish that all that is there be upgraded, of a system's."""
        return f"{self.name}_upgrade"
