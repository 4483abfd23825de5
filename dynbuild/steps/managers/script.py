"""What the managers' scripts share: words, lists that fit on a page, the last check."""

from collections.abc import Iterable

from dynbuild.quote import shell
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


def mounts(group: Group, *own: Mount) -> tuple[Mount, ...]:
    """The manager's own mounts; a removal also has to see what the base had."""
    return (*own, BaseMount()) if removals(group) else own


_ALL_THERE = """for package in @NAMES@; do
  @test@ || {
    echo "dynbuild: declared, but not there after its installation: $package" >&2
    exit 1
  }
done"""


def all_there(names: Iterable[str], test: str) -> list[str]:
    """Lines that end the script with an error unless ``test`` holds for each name.

    ``test`` is a shell command that finds the name in ``$package``.
    """
    listed = list(names)
    if not listed:
        return []
    return [fill(_ALL_THERE.replace("@test@", test), NAMES=listed)]
