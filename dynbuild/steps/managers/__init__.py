"""The package managers: one row each; a new one is one small module and its row.

The order of the rows is the order within one update: system managers come before the
managers that need their packages.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dynbuild.steps.managers import apk, apt, npm, pip, yum
from dynbuild.steps.model import Group
from dynbuild.steps.run import Run


@dataclass(frozen=True, slots=True)
class Manager:
    """The installation of one family's packages, and the naming in its specs.

    ``key`` returns the package that a spec refers to: two specs with one key request
    the same package in two ways. ``run`` returns the transaction of a group.
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
