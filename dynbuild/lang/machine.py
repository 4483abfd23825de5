"""One evaluation: its limits, its file access, and its function calls."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from dynbuild.errors import Label, Mend, did_you_mean, nearest, respellings
from dynbuild.lang.failure import Failure, TraceFrame
from dynbuild.lang.files import FileAccess, NoFiles
from dynbuild.lang.limits import MAX_CALLS, MAX_ELEMENTS, Limits
from dynbuild.lang.parser import Parse, parse
from dynbuild.lang.showing import told
from dynbuild.lang.values import (
    Attrs,
    Code,
    EvalEnv,
    Lambda,
    PathText,
    Primitive,
    Slot,
    Thunk,
    Value,
    force,
)
from dynbuild.spans import Source, Span

if TYPE_CHECKING:
    from dynbuild.lang.bindings import Written
    from dynbuild.lang.syntax import Expression


class EvalMachine:
    """The state of one evaluation.

    Invariant: no clock, no environment, and no file access except through ``files``.
    """

    __slots__ = (
        "aliases",
        "calls",
        "depth",
        "directory",
        "elements",
        "files",
        "labels",
        "limits",
        "modules",
        "names",
        "parse",
        "root",
        "say",
        "trees",
        "values",
    )

    def __init__(
        self,
        files: FileAccess | None = None,
        say: Callable[[str], None] = lambda _: None,
        limits: Limits | None = None,
        parse: Parse = parse,
    ) -> None:
        self.parse = parse
        self.files = files or NoFiles()
        self.say = say
        self.limits = limits or Limits()
        self.depth = 0
        self.renew()
        self.labels: dict[Code, TraceFrame] = {}
        self.aliases: list[tuple[TraceFrame, Span]] = []
        """Bindings that are mere aliases, each with the location of its target."""
        self.modules: dict[str, Thunk] = {}
        self.names: dict[str, Slot] = {}
        self.root: Source | None = None
        """The source being evaluated, which imports the rest; then its directory."""
        self.directory = "/"
        self.trees: dict[Source, Expression] = {}
        self.values: dict[Source, Written] = {}

    def renew(self) -> None:
        """Begin to count anew what has a limit, such as for another expression."""
        self.calls = self.limits.calls
        self.elements = self.limits.elements

    def charge(self, elements: int) -> None:
        """Deduct what an operation makes or reads; of a text, a part of its length."""
        self.elements -= elements
        if self.elements < 0:
            raise Failure(
                "DB0214",
                "the evaluation makes or reads lists, sets and texts of more than "
                f"{self.limits.elements:,} elements",
                hint="is there a value that doubles? If so much is meant, set "
                f"{MAX_ELEMENTS} to a higher number",
            )

    def count_call(self) -> None:
        """Deduct a call from those that remain."""
        self.calls -= 1
        if self.calls < 0:
            raise Failure(
                "DB0214",
                f"the evaluation makes more than {self.limits.calls:,} function calls",
                hint="does the recursion have an end? If so many are meant, set "
                f"{MAX_CALLS} to a higher number",
            )

    def text(self, parts: Sequence[str]) -> str:
        """Return the parts joined; the halves of a split character are reunited.

        The text of a path stays marked as such.
        """
        self.charge(sum(map(len, parts)) >> 4)
        result = "".join(parts)
        if not result.isascii():
            result = _whole(result)
        for part in parts:
            if type(part) is PathText:
                return PathText(result, part.path)
        return result

    def enter(self) -> None:
        """Go one level deeper; the caller undoes it when it returns normally."""
        self.depth += 1
        if self.depth > self.limits.depth:
            raise Failure(
                "DB0213",
                f"stack overflow: more than {self.limits.depth:,} calls "
                "or values within each other",
                hint="does the recursion have an end?",
            )

    def call(self, function: Value, argument: Slot) -> Value:
        """Return the result of a function for an argument."""
        # `count_call` and `enter`, written out: half of all evaluation passes here.
        self.calls -= 1
        self.depth += 1
        if self.calls < 0 or self.depth > self.limits.depth:
            self.depth -= 1
            self.calls += 1
            self.count_call()
            self.enter()
        if type(function) is Lambda:
            signature = function.signature
            frame = (
                [function.env, argument]
                if signature.parameters is None
                else bind(function, argument)
            )
            result = function.body(frame)
        elif type(function) is Primitive:
            arguments = (*function.arguments, argument)
            result = (
                run(self, function, arguments)
                if len(arguments) == function.arity
                else Primitive(
                    function.name, function.arity, function.function, arguments
                )
            )
        elif type(function) is Attrs and "__functor" in function.items:
            functor = force(function.items["__functor"])
            result = self.call(self.call(functor, function), argument)
        else:
            _not_a_function(function)
        self.depth -= 1
        return result

    def call2(self, function: Value, first: Slot, second: Slot) -> Value:
        """Return the result of a function for two arguments."""
        if type(function) is Primitive and function.arity == 2 + len(
            function.arguments
        ):
            return run(self, function, (*function.arguments, first, second))
        return self.call(self.call(function, first), second)

    def promise(
        self, function: Value, argument: Slot, span: Span | None = None
    ) -> Thunk:
        """Return a thunk that calls a function when its result is needed.

        A built-in that rejects the argument fails at the argument's span.
        """
        return Thunk(_promised, (self, function, argument, span))

    def promise2(self, function: Slot, first: Slot, second: Slot) -> Thunk:
        """Return a thunk that calls a function with two arguments when needed."""
        return Thunk(_promised2, (self, function, first, second))


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogateescape")
        return data.decode("utf-8", "surrogateescape")
    return text


def _promised(promise: EvalEnv) -> Value:
    machine: EvalMachine = promise[0]
    try:
        return machine.call(promise[1], promise[2])
    except Failure as failure:
        failure.span = failure.span or promise[3]
        raise


def _promised2(promise: EvalEnv) -> Value:
    machine: EvalMachine = promise[0]
    return machine.call2(force(promise[1]), promise[2], promise[3])


def run(
    machine: EvalMachine, primitive: Primitive, arguments: tuple[Slot, ...]
) -> Value:
    """Return the result of a built-in; ``*given`` would nest Python's stack."""
    function = primitive.function
    match arguments:
        case (first,):
            return force(function(machine, first))
        case (first, second):
            return force(function(machine, first, second))
        case _:
            return force(function(machine, arguments[0], arguments[1], arguments[2]))


def _not_a_function(value: Value) -> NoReturn:
    hint = None
    if type(value) is Attrs:
        hint = "a set can be called only when it has an attribute `__functor`"
    elif type(value) in {int, float, str, PathText, Lambda}:
        hint = "in a list, put a call in parentheses; is a `;` or an operator missing?"
    raise Failure(
        "DB0210",
        f"this is called as if it were a function, but it is {told(value)}",
        hint=hint,
        culprit=value,
    )


def _title(function: Lambda) -> str:
    name = function.signature.name
    return f"the function '{name}'" if name else "this function"


def bind(function: Lambda, argument: Slot) -> EvalEnv:
    """Return the frame of a function whose argument is a pattern."""
    signature = function.signature
    value = force(argument)
    if type(value) is not Attrs:
        raise Failure(
            "DB0210",
            f"{_title(function)} takes a set, but is called with {told(value)}",
            labels=[Label(signature.span, "defined here")],
        )
    items = value.items
    frame: EvalEnv = [function.env]
    if signature.whole:
        frame.append(value)
    matched = 0
    for parameter in signature.parameters or ():
        name = parameter.name
        if name in items:
            frame.append(items[name])
            matched += 1
        elif parameter.default is not None:
            frame.append(parameter.default(frame))
        else:
            _missing(function, value, name, parameter.span)
    if matched != len(items) and not signature.ellipsis:
        _unexpected(function, value)
    return frame


def _unexpected_names(function: Lambda, value: Attrs) -> list[str]:
    parameters = {parameter.name for parameter in function.signature.parameters or ()}
    return sorted(name for name in value.items if name not in parameters)


def _missing(function: Lambda, value: Attrs, name: str, span: Span) -> NoReturn:
    hint, mends = None, tuple[Mend, ...]()
    if not function.signature.ellipsis:
        others = _unexpected_names(function, value)
        if near := nearest(name, others):
            span_of = value.spans.get(near[0])
            mends = respellings(span_of, near[0], [name]) if span_of else ()
            hint = f"the call has {', '.join(others)}: is '{name}' meant?"
    raise Failure(
        "DB0215",
        f"{_title(function)} is called without its argument '{name}'",
        hint=hint,
        labels=[Label(span, "the argument has no default")],
        mends=mends,
    )


def _unexpected(function: Lambda, value: Attrs) -> NoReturn:
    name = _unexpected_names(function, value)[0]
    parameters = [parameter.name for parameter in function.signature.parameters or ()]
    labels = [Label(function.signature.span, "defined here")]
    mends: tuple[Mend, ...] = ()
    if name in value.spans:
        labels.insert(0, Label(value.spans[name], "the argument"))
        mends = respellings(value.spans[name], name, nearest(name, parameters))
    raise Failure(
        "DB0215",
        f"{_title(function)} is called with an unexpected argument '{name}'",
        hint=did_you_mean(name, parameters)
        or (
            f"it takes {', '.join(parameters)}"
            if parameters
            else "it takes an empty set"
        ),
        labels=labels,
        mends=mends,
    )
