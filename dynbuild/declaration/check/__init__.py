"""All checks of a declaration beyond its shape, in one run."""

from collections.abc import Callable, Iterator

from dynbuild.declaration import variables
from dynbuild.declaration.check import (
    arrangements,
    downloads,
    fields,
    grounds,
    indexes,
    limits,
    packages,
    platforms,
    setups,
    shells,
    stages,
    statuses,
    users,
    values,
)
from dynbuild.declaration.loaded import Loaded
from dynbuild.errors import Diagnostic

CHECKS: tuple[Callable[[Loaded], Iterator[Diagnostic]], ...] = (
    values.check_keys,
    values.check_values,
    values.check_arguments,
    platforms.check_platforms,
    users.check_user,
    fields.check_shells,
    fields.check_runtime,
    fields.check_labels,
    setups.check_setups,
    fields.check_copies,
    fields.check_files,
    downloads.check_downloads,
    fields.check_whiteouts,
    fields.check_keys_of_sources,
    fields.check_mounts,
    limits.check_limits,
    packages.check_families,
    packages.check_packages,
    packages.check_apt_sources,
    packages.check_snapshot,
    indexes.check_indexes,
    grounds.check_bases,
    grounds.check_grounds,
    grounds.check_own_packages,
    grounds.check_users,
    shells.check_shells_of_nothing,
    stages.check_names,
    stages.check_dependencies,
    stages.check_copied_stages,
    stages.check_cycles,
    platforms.check_needs,
    stages.check_work,
    statuses.check_complete,
    variables.check_variables,
    arrangements.check_lines,
)


def check(loaded: Loaded) -> list[Diagnostic]:
    """Return the mistakes of a declaration whose shape is valid."""
    return [mistake for find in CHECKS for mistake in find(loaded)]
