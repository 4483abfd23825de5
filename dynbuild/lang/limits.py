"""The limits of an evaluation, and the variables of the environment that set them."""

import re
from collections.abc import Mapping

from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.values import dataclass

MAX_CALLS = "DYNBUILD_MAX_CALLS"
MAX_ELEMENTS = "DYNBUILD_MAX_ELEMENTS"

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Limits:
    """The resource limits of an evaluation. All are the same on every machine."""

    depth: int = 10_000
    """Calls within each other, as in Nix, and nested values."""
    calls: int = 50_000_000
    """Calls of functions, which bound the time."""
    elements: int = 20_000_000
    """What built-ins and operators make or read of lists, sets and texts."""


def limits_of(environment: Mapping[str, str]) -> Limits:
    """Return the limits that an environment sets. Raises DeclarationError."""
    default = Limits()
    return Limits(
        calls=_limit(environment, MAX_CALLS, default.calls),
        elements=_limit(environment, MAX_ELEMENTS, default.elements),
    )


def _limit(environment: Mapping[str, str], variable: str, default: int) -> int:
    given = environment.get(variable)
    if not given:
        return default
    if _NUMBER.fullmatch(given) is None:
        message = f"{variable}={given} is no limit of an evaluation"
        hint = f"a whole number above 0, in digits alone, such as {default * 2}"
        raise DeclarationError(Diagnostic("DB0347", message, hint=hint))
    return int(given)
