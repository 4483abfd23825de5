"""``eval``: the value of any expression, as text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from dynbuild.declaration.inputs import ROOT
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lang.files import FileAccess
from dynbuild.spans import Source


@dataclass(frozen=True, slots=True)
class Asked:
    """The part of a value, its output form, and the arguments for a function."""

    directory: str = ROOT
    arguments: Mapping[str, Source | str] = field(default_factory=dict)
    arguments_directory: str = ROOT
    attribute: str | None = None
    form: Literal["nix", "json"] = "nix"
    shown: Callable[[str], str] = str
    show_trace: bool = False


LEFT_OUT = "DB0202"


def parsed(source: Source) -> list[Diagnostic]:
    """Check a source statically. Raises DeclarationError.

    Constructs that are valid Nix but not supported by dynbuild are returned as
    warnings.
    """
    from dynbuild.lang.evaluator import check  # noqa: PLC0415 - only where needed

    try:
        check(source)
    except DeclarationError as error:
        if any(one.code != LEFT_OUT for one in error.diagnostics):
            raise
        return [replace(one, severity="warning") for one in error.diagnostics]
    return []


def evaluated(
    source: Source, files: FileAccess, asked: Asked, say: Callable[[str], None]
) -> str:
    """Return the value of a source as text. Raises DeclarationError."""
    from dynbuild.declaration.syntax.places import Places  # noqa: PLC0415 - only where needed

    try:
        return _value(source, files, asked, say)
    except DeclarationError as error:
        raise Places({}, asked.shown).told(error) from None


def _value(
    source: Source, files: FileAccess, asked: Asked, say: Callable[[str], None]
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
