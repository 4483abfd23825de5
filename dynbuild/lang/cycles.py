"""Human-readable infinite recursion: ``a -> b -> a``, with the location of each.

A binding that is a mere alias has no thunk of its own: it shares the slot of the name
it stands for. To report the whole cycle, aliases are reinserted where the preceding
binding mentions them.
"""

import re
from collections.abc import Iterator

from dynbuild.errors import Diagnostic, Label, inert
from dynbuild.lang.failure import Failure, TraceFrame
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.syntax import Binding, Formal, Identifier, Name, SyntaxNode, children
from dynbuild.spans import Source, Span

MAX_SHOWN = 50
"""Names shown of a cycle, each with its location; hardly any cycle has more."""

_NAMED = re.compile(r"'(.*)'", re.DOTALL)


def cycle(failure: Failure, machine: EvalMachine) -> Diagnostic:
    """Return the diagnostic for a value that depends on itself."""
    steps = reversed(failure.steps[: failure.tied])
    frames = [
        frame
        for step in steps
        if not isinstance(step, TraceFrame)
        and (frame := machine.labels.get(step)) is not None
        and frame.span is not None
    ]
    if not frames:
        return Diagnostic(failure.code, failure.message, failure.span, failure.hint)
    shown = list(_with_aliases(frames[:MAX_SHOWN], machine))[:MAX_SHOWN]
    names = [*map(_name, shown), _name(shown[0])]
    labels = [
        Label(frame.span, f"{names[place - 1]} needs {names[place]}")
        for place, frame in enumerate(shown)
        if place and frame.span
    ]
    if len(frames) > MAX_SHOWN:
        names.insert(-1, f"… ({len(frames) - MAX_SHOWN} more)")
    return Diagnostic(
        failure.code,
        f"infinite recursion: {' -> '.join(names)}",
        shown[0].span,
        "one of these values must not need the others",
        (*labels, *_contexts(failure, shown[0].span)),
    )


def _contexts(failure: Failure, span: Span | None) -> Iterator[Label]:
    """Yield what ``addErrorContext`` says of the cycle."""
    texts = [
        step.text
        for step in failure.steps
        if isinstance(step, TraceFrame) and step.span is None
    ]
    for text in dict.fromkeys(texts):
        if span:
            yield Label(span, inert(text))


def _name(frame: TraceFrame) -> str:
    return frame.text.removeprefix("while evaluating ").replace("'", "")


def _with_aliases(
    frames: list[TraceFrame], machine: EvalMachine
) -> Iterator[TraceFrame]:
    """Yield the frames, each preceded by the aliases that lead to it."""
    others: dict[Span | None, list[TraceFrame]] = {}
    for alias, target in machine.aliases:
        others.setdefault(target, []).append(alias)
    for frame, after in zip(frames, [*frames[1:], frames[0]], strict=True):
        yield frame
        if after.span not in others:
            continue
        mentioned = _mentioned(frame, machine)
        chains: list[tuple[TraceFrame, ...]] = [(after,)]
        while chains:
            chain = chains.pop(0)
            if _named(chain[0]) in mentioned:
                yield from chain[:-1]
                break
            chains += [
                (alias, *chain)
                for alias in others.get(chain[0].span, ())
                if alias not in chain
            ]


def _named(frame: TraceFrame) -> str:
    match = _NAMED.search(frame.text)
    return match[1] if match else ""


def _mentioned(frame: TraceFrame, machine: EvalMachine) -> set[str]:
    """Return the names in the value that a frame evaluates."""
    names: set[str] = set()
    aliases = {alias.span for alias, _ in machine.aliases}
    waiting: list[SyntaxNode] = []
    if frame.span and (value := _value(frame.span, machine)):
        waiting.append(value)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Identifier):
            names.add(node.name)
        elif isinstance(node, Name):
            names.add(node.text)
        elif isinstance(node, Binding) and frame.span:
            place = _place(node, frame.span.source)
            if place in aliases:
                continue
        waiting += children(node)
    return names


def _place(binding: Binding, source: Source) -> Span:
    return Span(source, binding.path[0].start, binding.path[-1].end)


def _value(span: Span, machine: EvalMachine) -> SyntaxNode | None:
    """Return the value of the binding, or the default of the formal, at a location."""
    tree = machine.trees.get(span.source)
    waiting: list[SyntaxNode] = [tree] if tree else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, Binding):
            if _place(node, span.source) == span:
                return node.value
        elif isinstance(node, Formal) and node.start == span.start:
            return node.default
        waiting += children(node)
    return None
