"""Dockerfiles translated in one call, and the declaration read again."""

import tomllib
from collections.abc import Mapping
from textwrap import dedent
from typing import Any

from dynbuild.declaration.load import load
from dynbuild.dockerfiles.convert import STAGE_FIELDS, Conversion, convert
from dynbuild.spans import Source


class Translated:
    """A declaration as data, and the notes by line."""

    def __init__(self, conversion: Conversion) -> None:
        self.conversion = conversion
        self.text = conversion.text
        self.data: dict[str, Any] = tomllib.loads(conversion.text)
        load(Source("dynbuild.toml", conversion.text), "toml")

    @property
    def stages(self) -> dict[str, dict[str, Any]]:
        return {stage["name"]: stage for stage in self.data.get("stages", [])}

    @property
    def outcomes(self) -> dict[int, str]:
        return {note.instruction.line: note.outcome for note in self.conversion.notes}

    def reason(self, line: int) -> str:
        return next(
            note.reason
            for note in self.conversion.notes
            if note.instruction.line == line
        )


def read_as_toml(text: str, *more: str) -> list[dict[str, Any]]:
    """Return the stages of a translation to stages that have more fields."""
    source = Source("Dockerfile", dedent(text).removeprefix("\n"))
    found = convert(source, fields=STAGE_FIELDS | {*more})
    stages: list[dict[str, Any]] = tomllib.loads(found.text).get("stages", [])
    return stages


def translated(
    text: str, target: str | None = None, given: Mapping[str, str] | None = None
) -> Translated:
    """Translate a text whose first line may be empty, without its margin."""
    source = Source("Dockerfile", dedent(text).removeprefix("\n"))
    return Translated(convert(source, [target] if target else (), given))
