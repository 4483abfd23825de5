"""``eval``: the value of any expression, as text."""

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Literal

from dynbuild.declaration.inputs import ROOT
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lang.files import FileAccess
from dynbuild.lang.limits import Limits
from dynbuild.spans import Source
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """The part of a value, its output form, and the arguments for a function."""

    directory: str = ROOT
    arguments: Mapping[str, Source | str] = field(default_factory=dict)
    arguments_directory: str = ROOT
    attribute: str | None = None
    form: Literal["nix", "json"] = "nix"
    shown: Callable[[str], str] = str
    show_trace: bool = False
    limits: Limits = field(default_factory=Limits)


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
        if any(diagnostic.code != LEFT_OUT for diagnostic in error.diagnostics):
            raise
        return [
            replace(diagnostic, severity="warning") for diagnostic in error.diagnostics
        ]
    return []


def evaluated(
    source: Source,
    files: FileAccess,
    request: EvaluationRequest,
    say: Callable[[str], None],
) -> str:
    """Return the value of a source as text. Raises DeclarationError."""
    try:
        return _value(source, files, request, say)
    except DeclarationError as error:
        from dynbuild.declaration.syntax.places import Places  # noqa: PLC0415 - it is slow

        raise Places({}, request.shown).told(error) from None


def _value(
    source: Source,
    files: FileAccess,
    request: EvaluationRequest,
    say: Callable[[str], None],
) -> str:
    from dynbuild.lang import evaluator as lang  # noqa: PLC0415 - only where needed

    result = lang.evaluate(
        source,
        directory=request.directory,
        files=files,
        say=say,
        limits=request.limits,
        show_trace=request.show_trace,
    )
    result = lang.call(result, request.arguments, directory=request.arguments_directory)
    if request.attribute is not None:
        result = lang.attribute(result, request.attribute)
        result = lang.call(result, {})
    return lang.to_json(result) if request.form == "json" else lang.to_nix(result)
