"""Values of the environment that say how tiers are used."""

from collections.abc import Mapping
from typing import get_args

from dynbuild.declaration.caches import Mode
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.tiers.kind import READ, WRITE, EnvironmentVariables, Use

_USES: Mapping[Mode, frozenset[Use]] = {
    "read-write": frozenset({READ, WRITE}),
    "read": frozenset({READ}),
    "write": frozenset({WRITE}),
    "off": frozenset(),
}
_SPELLINGS = {"1": True, "true": True, "yes": True, "on": True}
_SPELLINGS |= {"0": False, "false": False, "no": False, "off": False}


def uses(
    variable: str, environment: EnvironmentVariables, declared: Mode
) -> frozenset[Use]:
    """Return a tier's uses: what both its variable and the general CACHE_MODE allow.

    Raises DeclarationError, as all functions here.
    """
    own = _USES[_mode(variable, environment, declared)]
    return own & _USES[_mode("CACHE_MODE", environment, "read-write")]


def switch(variable: str, environment: EnvironmentVariables, otherwise: bool) -> bool:  # noqa: FBT001 - a value
    """Return whether a variable says yes."""
    value = environment.get(variable)
    if not value:
        return otherwise
    if value.lower() not in _SPELLINGS:
        raise wrong(variable, value, "true or false")
    return _SPELLINGS[value.lower()]


def wrong(variable: str, value: str, expected: str) -> DeclarationError:
    """Return the error for a variable whose value is not what is expected."""
    message = f"{variable}={value} is not {expected}"
    return DeclarationError(Diagnostic("DB0607", message, hint=f"set {variable} anew"))


def _mode(variable: str, environment: EnvironmentVariables, otherwise: Mode) -> Mode:
    value = environment.get(variable) or otherwise
    for mode in get_args(Mode):
        if value == mode:
            return mode  # type: ignore[no-any-return]
    raise wrong(variable, value, "one of read-write, read, write and off")
