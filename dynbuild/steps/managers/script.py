"""The shared parts of the managers' scripts: words, wrapped lists, the final check."""

from collections.abc import Iterable

from dynbuild.quote import shell
from dynbuild.steps.managers.left_out import LEFT_OUT, attempt, marked
from dynbuild.steps.model import Freshen, Group, Install, Remove, Upgrade
from dynbuild.steps.run import BASE_MOUNT, BaseMount, Mount

SHELL = ("/bin/sh", "-c")
"""The shell of these scripts, whatever shell the user's own commands need."""

_WIDTH = 80


def fill(template: str, **lists: Iterable[str]) -> str:
    """Fill a template: the base's path at ``@base@``, quoted words at ``@NAME@``."""
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
    """Return a command with its words, wrapped to readable lines.

    BuildKit reads no line beyond 64 KiB, and people none beyond the screen's width.
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
    """Return the specs to install or upgrade, sorted by package name."""
    return [
        group.declared[name]
        for name, action in sorted(group.actions.items())
        if isinstance(action, Install | Upgrade)
    ]


def upgrades(group: Group) -> list[str]:
    """Return the specs to bring to their newest version, sorted by package name."""
    return [
        group.declared[name]
        for name, action in sorted(group.actions.items())
        if isinstance(action, Upgrade)
    ]


def freshened(group: Group) -> list[str]:
    """Return what nobody declares, and becomes the newest where it is, by name."""
    return [
        name
        for name, action in sorted(group.actions.items())
        if isinstance(action, Freshen)
    ]


def removals(group: Group) -> list[str]:
    """Return names that are no longer declared and that no other step needs."""
    return [
        name
        for name, action in sorted(group.actions.items())
        if isinstance(action, Remove) and name not in group.kept
    ]


def wanted(group: Group) -> tuple[list[str], list[str]]:
    """Return specs to install that stay declared, and names of those that do not.

    Both are sorted by package name.
    """
    names = [
        name
        for name, action in sorted(group.actions.items())
        if isinstance(action, Install | Upgrade)
    ]
    kept = [group.declared[name] for name in names if name not in group.gone]
    return kept, [name for name in names if name in group.gone]


def mounts(group: Group, *own: Mount) -> tuple[Mount, ...]:
    """Return the manager's own mounts; a removal also has to see the base."""
    return (*own, BaseMount()) if removals(group) else own


_ALL_THERE = """for package in @NAMES@; do
  @test@ || {
    echo "dynbuild: declared, but not there after its installation: $package" >&2
    exit 1
  }
done"""


def all_there(group: Group, names: Iterable[str], test: str) -> list[str]:
    """Return lines that end the script with an error unless ``test`` holds for each.

    ``test`` is a shell command that finds the name in ``$package``. Packages that were
    left out may be absent.
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
    """Return lines that upgrade the packages that are present to the newest version."""
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
    """Return lines that install the available ones of packages later undeclared.

    ``try_`` tests whether ``"$@"`` can be installed together, ``install`` does it. Two
    versions may need one another, so all are tried together before each is by itself.
    """
    kept, names = wanted(group)
    lines = [
        LEFT_OUT,
        f"try() {{ {try_} > /dev/null 2>&1; }}",
        wrapped("set --", kept),
    ]
    attempts = [attempt(group, name) for name in names]
    if len(names) > 1:
        specs = [group.declared[name] for name in names]
        lines.append(wrapped('if try "$@"', specs, "; then"))
        lines.append(wrapped('  set -- "$@"', specs))
        lines += ["else", *attempts, "fi"]
    else:
        lines += attempts
    return [*lines, f'[ "$#" = 0 ] || {install} "$@"']
