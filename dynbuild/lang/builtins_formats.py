"""Built-ins that read and write JSON and TOML."""

import json
import re
import tomllib
from typing import Any, NoReturn

from dynbuild.lang.builtins import builtin
from dynbuild.lang.failure import Failure
from dynbuild.lang.json_mistakes import first_mistake
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.operators import MAX_INT, MIN_INT
from dynbuild.lang.printing import json_value
from dynbuild.lang.values import Attrs, Slot, Value, marked
from dynbuild.toml_words import explained

MAX_NESTING = 500
MAX_BITS = 100
"""Size limit of integers in messages; Python refuses to format very long ones."""
LONG = 25
"""Number of digits that certainly exceeds a 64-bit integer."""
_BRACKETS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|[\[{]|[\]}]", re.DOTALL)


@builtin("toJSON value:any", "The value as JSON, keys sorted, no spaces.")
def _to_json(machine: EvalMachine, value: Slot) -> str:
    return json_value(machine, value)


def _check_nesting(text: str, form: str) -> None:
    """Bound the nesting depth up front, because Python's own readers recurse."""
    depth = 0
    for match in _BRACKETS.finditer(text):
        bracket = match[0]
        if bracket in {"[", "{"}:
            depth += 1
            if depth > MAX_NESTING:
                raise Failure(
                    "DB0223", f"the {form} is nested more than {MAX_NESTING} deep"
                )
        elif bracket in {"]", "}"}:
            depth -= 1


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _integer(text: str) -> int | float:
    if len(text) > LONG:
        return _float(text)
    number = int(text)
    if MAX_INT < number < 2**64:
        raise Failure("DB0218", f"the JSON number {text} does not fit into 64 bits")
    return number if MIN_INT <= number <= MAX_INT else float(text)


def _float(text: str) -> float:
    number = float(text)
    if number in {float("inf"), -float("inf")}:
        raise ValueError(text)
    return number


@builtin("fromJSON text:text", "The value of a text in JSON.")
def _from_json(machine: EvalMachine, text: str) -> Value:
    _check_nesting(text, "JSON")
    machine.charge(len(text) >> 2)
    try:
        text.encode()
        data = json.loads(
            text, parse_constant=_no_constant, parse_int=_integer, parse_float=_float
        )
    except UnicodeEncodeError:
        raise Failure("DB0223", "the JSON is not UTF-8") from None
    except ValueError:
        raise _no_json(text) from None
    return _value(data, text)


def _no_json(text: str) -> Failure:
    line, column, words = first_mistake(text) or (1, 1, "it cannot be read")
    message = f"the JSON is wrong at line {line}, column {column}: {words}"
    return Failure("DB0223", message, hint=_hint(text))


def _hint(text: str) -> str | None:
    """Return the hint for an unparsable text that looks like a file name."""
    if re.fullmatch(r"\.?/[^/*\n][^\n]*", text):
        return "this is a path: read the file, by builtins.readFile"
    return None


@builtin("fromTOML text:text", "The value of a text in TOML; without dates and times.")
def _from_toml(machine: EvalMachine, text: str) -> Value:
    _check_nesting(text, "TOML")
    machine.charge(len(text) >> 2)
    # The reader's time and memory for a dotted key are quadratic in its length.
    machine.charge(sum(line.count(".") ** 2 >> 3 for line in text.split("\n")))
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_toml(text, error) from None
    return _value(data, text)


def _no_toml(text: str, error: ValueError | RecursionError) -> Failure:
    if isinstance(error, RecursionError):
        return Failure("DB0223", "the TOML is nested too deeply")
    mistake = explained(str(error))
    at = mistake.offset(text)
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    message = f"the TOML is wrong at line {line}, column {column}: {mistake.message}"
    return Failure("DB0223", message, hint=_hint(text) or mistake.hint)


def _value(data: Any, text: str) -> Value:  # noqa: ANN401  # any output of a reader
    """Convert what a reader made of a text; its nesting is already bounded."""
    if isinstance(data, dict):
        return Attrs(
            {_text(name, text): _value(item, text) for name, item in data.items()}, {}
        )
    if isinstance(data, list):
        return [_value(item, text) for item in data]
    if type(data) is str:
        return _text(data, text)
    if type(data) is int and not MIN_INT <= data <= MAX_INT:
        number = str(data) if data.bit_length() < MAX_BITS else "a number"
        raise Failure("DB0218", f"{number} does not fit into 64 bits")
    if data is None or type(data) in {bool, int, float}:
        return data  # type: ignore[no-any-return]  # one of ours already
    raise Failure(
        "DB0223",
        f"{data.isoformat()} is a date or time, which the language does not have",
        hint="quote it in the TOML",
    )


def _text(text: str, origin: str) -> str:
    if "\0" in text:
        raise Failure("DB0223", "no string can have a null byte")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Failure(
            "DB0223", "a string in the JSON has half of a surrogate pair"
        ) from None
    return marked(text, origin)
