"""A kind of shared tier, and one such tier as it is set up for a run."""

from collections.abc import Callable, Mapping
from typing import Generic, Literal, TypeAlias, TypeVar

from dynbuild.declaration.caches import SharedTier
from dynbuild.inventory import Inventory
from dynbuild.ports import CountBytes, Notify, Tier
from dynbuild.values import dataclass

Use = Literal["read", "write"]
READ: Use = "read"
WRITE: Use = "write"
Open = Callable[[Notify, CountBytes, CountBytes], Tier]
"""Opens a tier, which reports damage, and bytes received and sent while they move."""

EnvironmentVariables: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TierConfig:
    """A shared tier: the name of its kind, where it is, what it is used for.

    It is opened on first use. ``required``: the command fails if the tier does.
    """

    name: str
    place: str
    open: Open
    inventory: Callable[[], Inventory]
    uses: frozenset[Use] = frozenset({READ, WRITE})
    required: bool = False


def place_of(far: TierConfig) -> str:
    """Return the name by which a store refers to a shared tier it has records from."""
    return f"{far.name} {far.place}"


T = TypeVar("T", bound=SharedTier)


@dataclass(frozen=True, slots=True)
class TierKind(Generic[T]):
    """A kind of shared tier: what users see of it, and how it is set up.

    ``name`` and ``label`` are shown; the colours, on a light page and on a dark one,
    stand for it in charts. Each of ``variables`` names a tier of this kind if it is
    set, whatever is declared.
    """

    declared: type[T]
    name: str
    label: str
    colors: tuple[str, str]
    variables: tuple[str, ...]
    configure: Callable[[T | None, EnvironmentVariables], TierConfig | None]
    """Sets up the declared tier, or the one that the environment names. Imports no
    client, which takes long: many runs need none. Raises DeclarationError."""

    shown: Callable[[T], tuple[str, str]]
    """Returns the place and the use of a declared tier, for the question of consent."""

    is_overridden: Callable[[T, EnvironmentVariables], bool]
    """Whether an environment that names such a tier overrides all that is declared."""

    def is_named(self, environment: EnvironmentVariables) -> bool:
        """Whether the environment names a tier of this kind."""
        return any(map(environment.get, self.variables))
