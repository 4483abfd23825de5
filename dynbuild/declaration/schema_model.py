"""What the tables of a declaration have in common."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """A table whose keys are known; a value is never converted to what it is not."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Several = Field(strict=False)  # a list is as good as a tuple; its items stay strict
Strings = Annotated[tuple[str, ...], Several]


def text(pattern: str, description: str, **more: Any) -> Any:  # noqa: ANN401
    """Describe a text to editors, leaving the refusal to ``check``."""
    return Field(
        description=description, json_schema_extra={"pattern": pattern}, **more
    )
