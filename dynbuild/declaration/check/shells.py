"""Checks of what needs a shell, on bases that have none.

Of nothing it is known that it has none. Of an image whoever locks finds it out, by
asking its registry (``commands/programs``).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from posixpath import normpath

from dynbuild.closure import closure
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema_packages import INSTALLING
from dynbuild.declaration.schema_stage import Setup, Stage
from dynbuild.declaration.syntax.tree import Path
from dynbuild.errors import Diagnostic
from dynbuild.reference import SCRATCH
from dynbuild.values import dataclass

SHELL = "/bin/sh"
"""What runs whatever nobody names a shell for, and dynbuild's own scripts."""

_ELSEWHERE = (
    'do it in a stage with a base of its own, as base = "debian:stable-slim", and copy '
    "what comes of it"
)
_WORDS = 'write a list of words, as ["/usr/bin/app", "--flag"]'
_EXISTING = (
    "run as one that the base has, or as a number: "
    'user = { name = "65532", create = false }'
)


@dataclass(frozen=True, slots=True)
class Need:
    """What needs a shell of a base: where it is said, and what to do without.

    ``brought`` says whether something may bring one there.
    """

    base: str
    shell: str
    at: Path
    why: str
    hint: str
    brought: Callable[[], bool]


def check_shells_of_nothing(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report what needs a shell where an image or a stage starts from nothing."""
    yield from without_shell(loaded, lambda base, _: base == SCRATCH)


def without_shell(
    loaded: Loaded, lacks: Callable[[str, str], bool]
) -> Iterator[Diagnostic]:
    """Report what needs a shell that its base lacks, and that nothing brings.

    ``lacks`` says it of a base, as it is written, and a program.
    """
    known: dict[tuple[str, str], bool] = {}
    for need in (*_of_the_image(loaded), *_of_stages(loaded), *_of_containers(loaded)):
        asked = need.base, need.shell
        if asked not in known:
            known[asked] = lacks(*asked)
        if known[asked] and not need.brought():
            message = f"{need.base} has no {need.shell}, so {need.why}"
            yield Diagnostic("DB0189", message, loaded.span(*need.at), need.hint)


def _of_the_image(loaded: Loaded) -> Iterator[Need]:
    declaration = loaded.declaration
    base = declaration.base
    own = _first(declaration.shell)

    def need(shell: str, at: Path, why: str, hint: str = _ELSEWHERE) -> Need:
        brought = partial(_may_bring, declaration.setup, shell)
        return Need(base, shell, at, why, hint, brought)

    for number, setup in enumerate(declaration.setup):
        if setup.commands:
            at: Path = ("setup", number, "commands")
            yield need(own, at, "nothing can be run there")
    for field in INSTALLING:
        if getattr(declaration, field):
            yield need(SHELL, (field,), _uninstalled(field))
    for number, _ in enumerate(declaration.env_scripts):
        yield need(own, ("env_scripts", number), "it cannot run there")
    if declaration.user is not None and declaration.user.create:
        yield need(SHELL, ("user",), "no user can be created there", _EXISTING)


def _of_stages(loaded: Loaded) -> Iterator[Need]:
    declaration = loaded.declaration
    stages = {stage.name: stage for stage in declaration.stages}
    below = loaded.below

    def brought(stage: Stage, shell: str) -> bool:
        names = closure([stage.name], lambda name: below.get(name, ()))
        takers: list[Setup | Stage] = [stages[name] for name in names & stages.keys()]
        if stage.base is None:
            takers += declaration.setup
        mounted = [mount.to for mount in stage.mounts]
        return _may_bring(takers, shell) or may_hold(mounted, shell)

    for index, stage in enumerate(declaration.stages):
        at: Path = ("stages", index)
        apart = stage.base is not None
        base = stage.base or declaration.base
        for field in INSTALLING if apart else ():
            if getattr(stage, field):
                why = _uninstalled(field)
                nothing = partial(_may_bring, (), SHELL)
                yield Need(base, SHELL, (*at, field), why, _ELSEWHERE, nothing)
        if stage.commands:
            shell = _first(stage.shell or (None if apart else declaration.shell))
            why = f"the commands of stage {stage.name!r} cannot run there"
            brings = partial(brought, stage, shell)
            yield Need(base, shell, (*at, "commands"), why, _ELSEWHERE, brings)


def _of_containers(loaded: Loaded) -> Iterator[Need]:
    """Yield the lines that the shell is to run in a container."""
    declaration = loaded.declaration
    places: list[tuple[object, Path]] = [
        (declaration.entrypoint, ("entrypoint",)),
        (declaration.cmd, ("cmd",)),
    ]
    if declaration.healthcheck:
        places.append((declaration.healthcheck.cmd, ("healthcheck", "cmd")))
    linked = [stage for stage in declaration.stages if not stage.build_only]
    shell = _first(declaration.shell)
    base = declaration.base
    brought = partial(_may_bring, (*declaration.setup, *linked), shell)
    for value, at in places:
        if isinstance(value, str):
            why = "nothing can run this line there"
            yield Need(base, shell, at, why, _WORDS, brought)


def _uninstalled(field: str) -> str:
    if field == "apt_sources":
        return "no repository can be added there"
    return "nothing can be installed there"


def _first(shell: Sequence[str] | None) -> str:
    return shell[0] if shell else SHELL


def _may_bring(takers: Sequence[Setup | Stage], program: str) -> bool:
    """Whether something that is copied there may have a program among it."""
    return any(
        may_hold([*(copy.to for copy in one.copies), *one.files], program)
        or (isinstance(one, Stage) and may_hold([new.to for new in one.add], program))
        for one in takers
    )


def may_hold(targets: Sequence[str], program: str) -> bool:
    """Whether a program may lie below one of some paths, where /bin may be /usr/bin."""
    wanted = program.removeprefix("/usr")
    return any(
        f"{wanted}/".startswith(f"{normpath(to).removeprefix('/usr').rstrip('/')}/")
        for to in targets
    )
