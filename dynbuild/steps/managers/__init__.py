"""The package managers: one row each; a new one is one small module and its row.

The order of the rows is the order within one update: system managers come before
those that need what these install.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dynbuild.steps.managers import apk, apt, npm, pip, yum
from dynbuild.steps.model import Group
from dynbuild.steps.run import Run


@dataclass(frozen=True, slots=True)
class Manager:
    """How the packages of one family are installed, and how a spec names one.

    ``key`` gives the package that a spec speaks of: two specs with one key are one
    package asked for in two ways. ``run`` gives the transaction of a group.
    """

    name: str
    key: Callable[[str], str]
    run: Callable[[Group], Run]


MANAGERS: Mapping[str, Manager] = {
    row.name: row
    for row in (
        Manager("apt", apt.key, apt.run),
        Manager("yum", yum.key, yum.run),
        Manager("apk", apk.key, apk.run),
        Manager("pip", pip.key, pip.run),
        Manager("npm", npm.key, npm.run),
    )
}
