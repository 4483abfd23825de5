"""The arguments of a declaration that is a function: chosen, checked, recorded."""

from collections.abc import Callable, Collection, Mapping

from dynbuild.declaration.inputs import Data, Inputs
from dynbuild.declaration.syntax.paths import named
from dynbuild.errors import DeclarationError, Diagnostic, Label, did_you_mean
from dynbuild.lang.evaluator import evaluate, force_deep
from dynbuild.lang.values import Attrs, Parameter, Signature, Slot, Value, a_kind, force
from dynbuild.spans import Source, Span

MAX_DEPTH = 20
"""Maximum nesting of an argument's data: the lock has to write it."""


def choose(
    function: Signature | None,
    recorded: Mapping[str, Data],
    given: Mapping[str, Data],
    source: Source,
) -> tuple[dict[str, Data], tuple[Diagnostic, ...]]:
    """Return the arguments to call the declaration with, and a warning of unused ones.

    Raises DeclarationError for arguments that are given but unknown, or missing.
    """
    parameters = function.parameters or () if function else ()
    taken = {one.name: one for one in parameters}
    is_open = function is not None and function.ellipsis
    unknown = [name for name in sorted(given) if name not in taken and not is_open]
    if unknown:
        raise DeclarationError(
            *(_unknown(name, function, tuple(taken), source) for name in unknown)
        )
    gone = [name for name in sorted(recorded) if name not in taken and not is_open]
    kept = {name: value for name, value in recorded.items() if name not in gone}
    chosen = {**kept, **given}
    missing = [
        one for one in parameters if one.default is None and one.name not in chosen
    ]
    if missing:
        raise DeclarationError(_missing(missing))
    return chosen, tuple(_gone(name) for name in gone)


def recordable(
    arguments: Mapping[str, Data], is_same: Callable[[Mapping[str, Data]], bool]
) -> dict[str, Data]:
    """Drop the arguments that make no difference to the declaration.

    Each remaining argument matters, so the operation is idempotent.
    """
    kept = dict(sorted(arguments.items()))
    while True:
        for name in kept:
            fewer = {other: kept[other] for other in kept if other != name}
            if is_same(fewer):
                kept = fewer
                break
        else:
            return kept


def data_of(name: str, given: Source | str, inputs: Inputs) -> Data:
    """Deeply evaluate an argument of the command line."""
    if isinstance(given, str):
        return given
    result = evaluate(
        given,
        directory=inputs.directory,
        files=inputs.files,
        say=inputs.say,
        limits=inputs.limits,
    )
    return _data(name, given, force_deep(result), MAX_DEPTH)


def slot_of(data: Data) -> Slot:
    """Return an argument's data as a value of the language."""
    if isinstance(data, dict):
        return Attrs({name: slot_of(below) for name, below in data.items()}, {})
    if isinstance(data, list):
        return [slot_of(item) for item in data]
    return data


def _data(name: str, given: Source, slot: Slot, depth: int) -> Data:
    value: Value = force(slot)
    if isinstance(value, str) and not named(value):
        return str(value)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list) and depth:
        return [_data(name, given, item, depth - 1) for item in value]
    if type(value) is Attrs and depth:
        return {
            key: _data(name, given, value.items[key], depth - 1)
            for key in sorted(value.items)
        }
    kind = "the path of a file" if isinstance(value, str) else a_kind(value)
    what = kind if depth else f"more than {MAX_DEPTH} levels"
    message = f"an argument is data that the lock can record, found {what}"
    span = Span(given, 0, len(given.text))
    hint = f"pass {name!r} text, numbers, true or false, lists or sets of them"
    raise DeclarationError(Diagnostic("DB0164", message, span, hint))


def _unknown(
    name: str, function: Signature | None, known: Collection[str], source: Source
) -> Diagnostic:
    if function is None:
        message = f"the declaration takes no arguments, so none is called {name!r}"
        hint = f"make it a function: {{ {name} }}: {{ … }}"
        if not source.name.endswith(".nix"):
            hint = f"name it in [args], and say where it goes: ${{args.{name}}}"
        return Diagnostic("DB0163", message, Span(source, 0, 0), hint)
    message = f"the declaration has no argument {name!r}"
    hint = did_you_mean(name, tuple(known)) or f"it has {', '.join(known) or 'none'}"
    return Diagnostic("DB0163", message, function.span, hint)


def _missing(missing: list[Parameter]) -> Diagnostic:
    first, *others = missing
    names = " and ".join(repr(one.name) for one in missing)
    one = "the argument" if not others else "the arguments"
    flags = " ".join(f"--argstr {one.name} TEXT" for one in missing)
    return Diagnostic(
        "DB0162",
        f"the declaration needs {one} {names}",
        first.span,
        f"give it: {flags} (or --arg NAME EXPRESSION); or write a default: "
        f"{first.name} ? …",
        tuple(Label(other.span, "and this one") for other in others),
    )


def _gone(name: str) -> Diagnostic:
    return Diagnostic(
        "DB0165",
        f"the lock records the argument {name!r}, which the declaration does not "
        "take any more",
        hint="`dynbuild lock` forgets it",
        severity="warning",
    )
