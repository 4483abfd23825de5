"""Where the packages of a group come from: indexes, and sources that want a login."""

from collections.abc import Mapping
from dataclasses import replace

from dynbuild.steps.model import AptSource, Group, Index, Remove


def with_origins(
    group: Group,
    number: int,
    indexes: Mapping[str, tuple[Index, ...]],
    sources: Mapping[AptSource, int],
    mirrors: Mapping[str, str],
) -> Group:
    """Return the group of a number, with what its script has to know of servers.

    A source counts for the groups that stand on it: its secret concerns no other. What
    only removes asks nobody; and only what comes from a snapshot asks ``mirrors``.
    """
    if group.snapshot and mirrors:
        group = replace(group, mirrors=mirrors)
    removes = all(isinstance(action, Remove) for action in group.actions.values())
    found = indexes.get(group.manager, ())
    if group.manager == "apt" and removes and not group.upgrades:
        return group
    if group.manager == "apt":
        found = tuple(
            Index(source.uri, username=source.username, secret=source.secret)
            for source, seq in sorted(
                sources.items(), key=lambda item: (item[1], repr(item[0]))
            )
            if seq <= number and source.secret is not None
        )
    return replace(group, indexes=found) if found else group
