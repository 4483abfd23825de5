"""What the managers' scripts share: words, lists that fit on a page, the last check."""

from collections.abc import Iterable

from dynbuild.quote import shell
from dynbuild.steps.managers.left_out import LEFT_OUT, attempt, marked
from dynbuild.steps.model import Group, Install, Remove, Upgrade
from dynbuild.steps.run import BASE_MOUNT, BaseMount, Mount

SHELL = ("/bin/sh", "-c")
"""These scripts are written for it, whatever shell the user's own lines are for."""

_WIDTH = 80


def fill(template: str, **lists: Iterable[str]) -> str:
    """A template with the base's place at ``@base@`` and quoted words at ``@NAME@``."""
    text = template.replace("@base@", BASE_MOUNT)
    for name, words in lists.items():
        place = f"@{name}@"
        text = "\n".join(
            wrapped(line.partition(place)[0], words, line.partition(place)[2])
            if place in line
            else line
            for line in text.split("\n")
        )
    return text


def wrapped(before: str, words: Iterable[str], after: str = "") -> str:
    """A command with its words, on as many lines as it takes to stay readable.

    BuildKit reads no line beyond 64 KiB, and people none beyond a screen.
    """
    indent = " " * (len(before) - len(before.lstrip()) + 2)
    lines = [before.rstrip()]
    tail = [after.lstrip()] if after.startswith(" ") else []
    for word in [*map(shell, words), *tail]:
        if len(lines[-1]) + 1 + len(word) > _WIDTH and lines[-1].strip():
            lines.append(f"{indent}{word}")
        else:
            lines[-1] += f" {word}"
    return " \\\n".join(lines) + ("" if tail else after)


def installs(group: Group) -> list[str]:
    """Specs to install or upgrade, by name of the package."""
    return [
        group.declared[name]
        for name, action in sorted(group.actions.items())
        if isinstance(action, Install | Upgrade)
    ]


def upgrades(group: Group) -> list[str]:
    """Specs to bring to their newest version, by name of the package."""
    return [
        group.declared[name]
        for name, action in sorted(group.actions.items())
        if isinstance(action, Upgrade)
    ]


def removals(group: Group) -> list[str]:
    """Names that are no longer declared and that no other step needs."""
    return [
        name
        for name, action in sorted(group.actions.items())
        if isinstance(action, Remove) and name not in group.kept
    ]


def wanted(group: Group) -> tuple[list[str], list[str]]:
    """Specs to install that are declared to the end, and names of those that are not.

    Both by name of the package.
    """
    names = [
        name
        for name, action in sorted(group.actions.items())
        if isinstance(action, Install | Upgrade)
    ]
    kept = [group.declared[name] for name in names if name not in group.gone]
    return kept, [name for name in names if name in group.gone]


def mounts(group: Group, *own: Mount) -> tuple[Mount, ...]:
    """The manager's own mounts; a removal also has to see what the base had."""
    return (*own, BaseMount()) if removals(group) else own


_ALL_THERE = """for package in @NAMES@; do
  @test@ || {
    echo "dynbuild: declared, but not there after its installation: $package" >&2
    exit 1
  }
done"""


def all_there(group: Group, names: Iterable[str], test: str) -> list[str]:
    """Lines that end the script with an error unless ``test`` holds for each name.

    ``test`` is a shell command that finds the name in ``$package``. What was left out
    need not be there.
    """
    listed = list(names)
    lines = []
    if strict := [name for name in listed if name not in group.gone]:
        lines.append(fill(_ALL_THERE.replace("@test@", test), NAMES=strict))
    for name in listed:
        if name in group.gone:
            either = f"{marked(group, name)} || {test}"
            lines.append(fill(_ALL_THERE.replace("@test@", either), NAMES=[name]))
    return lines


def newest(group: Group, upgrade: str, specs: list[str]) -> list[str]:
    """Lines that bring to their newest version what is there to be brought."""
    named = {group.declared[name]: name for name in group.gone}
    kept = [spec for spec in specs if spec not in named]
    return [
        *([wrapped(upgrade, kept)] if kept else []),
        *(
            f"{marked(group, named[spec])} || {upgrade} {shell(spec)}"
            for spec in specs
            if spec in named
        ),
    ]


def tried(group: Group, try_: str, install: str) -> list[str]:
    """Lines that install all that can be had of what is not declared to the end.

    ``try_`` tests whether ``"$@"`` can be installed together, ``install`` does it.
    """
    kept, names = wanted(group)
    return [
        LEFT_OUT,
        f"try() {{ {try_} > /dev/null 2>&1; }}",
        wrapped("set --", kept),
        *(attempt(group, name) for name in names),
        f'[ "$#" = 0 ] || {install} "$@"',
    ]
