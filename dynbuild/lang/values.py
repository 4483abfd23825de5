"""The values of the language, and the promise of one: the thunk.

Null, Booleans, integers, floats, strings and lists are Python's own. A string is text
in which a byte that is not UTF-8 is a lone surrogate (``surrogateescape``); lists and
dictionaries are never mutated once they are part of a value. A ``Slot``, which may
still need evaluation, is a value or a thunk.
"""

from collections.abc import Callable
from typing import Any, Self, TypeAlias

from dynbuild.lang.failure import Failure
from dynbuild.spans import Span
from dynbuild.values import dataclass

EvalEnv: TypeAlias = Any
"""The environment a code reads its variables from: for compiled code a frame, which is
a list of the surrounding frame and the slots of its own names."""


class PathText(str):
    """A string in which the text of a path stands, or stood: ``path`` is the first.

    This is what Nix's string contexts are for: such a text names a file of the project,
    so it means nothing in an image. Whatever makes a string of strings keeps the mark.
    """

    __slots__ = ("path",)

    path: str

    def __new__(cls, text: str, path: str) -> Self:
        made = super().__new__(cls, text)
        made.path = path
        return made


def marked(text: str, *origins: str) -> str:
    """Return a text with the mark of the first of its origins that has one.

    Without a slash it has nothing of a directory, such as the last name of a path.
    """
    if "/" not in text:
        return text
    for origin in origins:
        if type(origin) is PathText:
            return PathText(text, origin.path)
    return text


class PathValue:
    """A path, absolute and normalised, as the file port names it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Attrs:
    """A set. ``spans`` holds the attributes' source locations, as far as known."""

    __slots__ = ("items", "spans")

    def __init__(self, items: "dict[str, Slot]", spans: dict[str, Span]) -> None:
        self.items = items
        self.spans = spans


class Elements(list["Slot"]):
    """A list whose elements have known source locations."""

    __slots__ = ("spans",)

    spans: tuple[Span | None, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A formal of a pattern: its name, its location, and the code of its default."""

    name: str
    span: Span
    default: "Delay | None"


@dataclass(frozen=True, slots=True)
class Signature:
    """The static facts about a function: its name, location and parameters."""

    name: str | None
    span: Span
    parameters: tuple[Parameter, ...] | None
    ellipsis: bool
    whole: bool


class Lambda:
    """A function of the language with the frame it closes over."""

    __slots__ = ("body", "env", "signature")

    def __init__(self, env: EvalEnv, body: "Code", signature: Signature) -> None:
        self.env = env
        self.body = body
        self.signature = signature


class Primitive:
    """A built-in function; ``arguments`` are those applied so far."""

    __slots__ = ("arguments", "arity", "function", "name")

    def __init__(
        self,
        name: str,
        arity: int,
        function: Callable[..., "Slot"],
        arguments: "tuple[Slot, ...]" = (),
    ) -> None:
        self.name = name
        self.arity = arity
        self.function = function
        self.arguments = arguments


class Thunk:
    """A value that is evaluated when it is first needed.

    ``code`` is None once it has been. During evaluation, and after a failed one,
    ``code`` is a function that fails: this detects a value that depends on itself, and
    remembers a failure, without an extra check.
    """

    __slots__ = ("code", "env", "value")

    value: "Value"

    def __init__(self, code: "Code | None", env: EvalEnv) -> None:
        self.code = code
        self.env = env


Value: TypeAlias = (
    bool
    | int
    | float
    | str
    | PathValue
    | list["Slot"]
    | Attrs
    | Lambda
    | Primitive
    | None
)
Slot: TypeAlias = Value | Thunk
Code: TypeAlias = Callable[[EvalEnv], Value]
Delay: TypeAlias = Callable[[EvalEnv], Slot]


def force(slot: Slot) -> Value:
    """Return the value of a slot."""
    if type(slot) is not Thunk:
        return slot  # type: ignore[return-value]  # type() does not narrow the rest
    code = slot.code
    if code is None:
        return slot.value
    env = slot.env
    slot.code, slot.env = _needs_itself, slot
    try:
        value = code(env)
    except Failure as failure:
        failure.steps.append(code)
        if failure.knot is slot and code is not _needs_itself:
            failure.tied = len(failure.steps)
            failure.knot = None
        slot.code, slot.env = _fails_again, (failure, len(failure.steps))
        raise
    slot.value = value
    slot.code = slot.env = None
    return value


def _needs_itself(thunk: Thunk) -> Value:
    failure = Failure("DB0212", "infinite recursion: this value needs itself")
    failure.knot = thunk
    raise failure


def _fails_again(memo: tuple[Failure, int]) -> Value:
    failure, steps = memo
    raise failure.again(steps)


EMPTY = Attrs({}, {})

KINDS = {
    type(None): ("null", "null"),
    bool: ("bool", "a Boolean"),
    int: ("int", "an integer"),
    float: ("float", "a float"),
    str: ("string", "a string"),
    PathText: ("string", "a string"),
    PathValue: ("path", "a path"),
    list: ("list", "a list"),
    Elements: ("list", "a list"),
    Attrs: ("set", "a set"),
    Lambda: ("lambda", "a function"),
    Primitive: ("lambda", "a built-in function"),
}
"""For each Python type: its ``builtins.typeOf`` name, and its name in a sentence."""


def a_kind(value: Value) -> str:
    """Return the kind of a value as used in a sentence: ``an integer``."""
    return KINDS[type(value)][1]
