"""The package managers: one row each; a new one is one small module and its row.

The order of the rows is the order within one update: system managers come before the
managers that need their packages. ``declaration.schema`` has a field for each.
"""

from collections.abc import Mapping

from dynbuild.steps.managers import apk, apt, npm, pip, yum
from dynbuild.steps.managers.manager import Manager

_ROWS = (
    apt.MANAGER,
    yum.MANAGER,
    apk.MANAGER,
    pip.MANAGER,
    npm.MANAGER,
)
MANAGERS: Mapping[str, Manager] = {row.name: row for row in _ROWS}
