"""The table of the cache, with what each kind of tier says of itself."""

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_type_hints

from pydantic import BeforeValidator, Field, create_model

from dynbuild.declaration.caches import KINDS, SharedTier
from dynbuild.declaration.rules import Rule, TrustedKey
from dynbuild.declaration.schema_model import Model, Several


def _table_of(kind: type[SharedTier]) -> type[Model]:
    """Return the model of a kind of shared tier; what all kinds have comes last."""
    common = [one.name for one in dataclasses.fields(SharedTier)]
    own = [one for one in dataclasses.fields(kind) if one.name not in common]
    types = get_type_hints(kind, include_extras=True)
    given: dict[str, Any] = {}
    for one in (*own, *dataclasses.fields(SharedTier)):
        required = one.default is dataclasses.MISSING
        default = ... if required else one.default
        about = one.metadata["description"]
        given[one.name] = types[one.name], Field(default=default, description=about)
    return create_model(kind.__name__, __base__=Model, __doc__=kind.__doc__, **given)


def _optional(kind: type[SharedTier]) -> Any:  # noqa: ANN401 - a type and a field
    """Return the field of ``[cache]`` that may have a tier of a kind."""
    table, alone = _table_of(kind), kind.alone
    whole: Any = table | None
    if alone:
        written = get_type_hints(kind, include_extras=True)[alone]
        to_table = BeforeValidator(
            lambda value: {alone: value} if isinstance(value, str) else value,
            json_schema_input_type=table | written | None,
        )
        whole = Annotated[whole, to_table]
    return whole, Field(default=None, description=kind.about)


_A_DIRECTORY = Rule("DB0152", r"\S", "a directory")
_LOCAL = Field(default=None, description="The directory of the local tier.")
_TRUSTED = Field(
    default=(),
    description="Public keys: of shared tiers only what one of them signed counts.",
)

if TYPE_CHECKING:
    # What is made of a table cannot be followed.
    Cache: TypeAlias = Model
else:
    Cache = create_model(
        "Cache",
        __base__=Model,
        __doc__="Where realized steps are kept; the environment overrides each value.",
        local=(Annotated[str, _A_DIRECTORY] | None, _LOCAL),
        **{kind.key: _optional(kind) for kind in KINDS},
        trusted_keys=(Annotated[tuple[TrustedKey, ...], Several], _TRUSTED),
    )
