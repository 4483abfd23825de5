"""``eval``: the value of any expression, as text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from dynbuild.declaration.inputs import ROOT
from dynbuild.errors import DeclarationError
from dynbuild.lang.files import Files
from dynbuild.spans import Source


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a value, in which form, and what a function is called with."""

    directory: str = ROOT
    arguments: Mapping[str, Source | str] = field(default_factory=dict)
    arguments_directory: str = ROOT
    attribute: str | None = None
    form: Literal["nix", "json"] = "nix"
    shown: Callable[[str], str] = str
    show_trace: bool = False


def parsed(source: Source) -> None:
    """Raise DeclarationError for what is wrong with a source as it stands."""
    from dynbuild.lang.evaluator import check  # noqa: PLC0415 - only where needed

    check(source)


def evaluated(
    source: Source, files: Files, asked: Asked, say: Callable[[str], None]
) -> str:
    """The value of a source as text. Raises DeclarationError."""
    from dynbuild.declaration.places import Places  # noqa: PLC0415 - only where needed

    try:
        return _value(source, files, asked, say)
    except DeclarationError as error:
        raise Places({}, asked.shown).told(error) from None


def _value(
    source: Source, files: Files, asked: Asked, say: Callable[[str], None]
) -> str:
    from dynbuild.lang import evaluator as lang  # noqa: PLC0415 - only where needed

    result = lang.evaluate(
        source,
        directory=asked.directory,
        files=files,
        say=say,
        show_trace=asked.show_trace,
    )
    result = lang.call(result, asked.arguments, directory=asked.arguments_directory)
    if asked.attribute is not None:
        result = lang.attribute(result, asked.attribute)
        result = lang.call(result, {})
    return lang.to_json(result) if asked.form == "json" else lang.to_nix(result)
