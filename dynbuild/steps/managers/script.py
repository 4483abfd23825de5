"""Lines that the managers' scripts share."""

from collections.abc import Iterable

from dynbuild.quote import shell, words
from dynbuild.steps.model import Group, Install, Remove, Upgrade
from dynbuild.steps.run import BASE_MOUNT, BaseMount, Mount


def fill(template: str, names: Iterable[str] = ()) -> str:
    """A template with the base's place at ``@BASE@`` and words at ``@NAMES@``."""
    text = template.replace("@BASE@", BASE_MOUNT)
    return text.replace("@NAMES@", words(list(names)))


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


def all_there(names: Iterable[str], test: str) -> list[str]:
    """Lines that end the script with an error unless ``test`` holds for each name.

    ``test`` is a shell command that finds the name in ``$package``.
    """
    listed = list(names)
    if not listed:
        return []
    message = shell("dynbuild: declared, but not there after its installation: ")
    return [
        f"for package in {words(listed)}; do",
        f"  {test} ||",
        f'    {{ echo {message}"$package" >&2; exit 1; }}',
        "done",
    ]
