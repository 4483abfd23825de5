"""From a failure to the diagnostic that users read."""

from collections.abc import Iterator, Mapping

from dynbuild.errors import Diagnostic, Label, inert
from dynbuild.lang.cycles import cycle
from dynbuild.lang.failure import Failure, TraceFrame, short
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.values import Code
from dynbuild.spans import Span

MAX_FRAMES = 5


def diagnose(failure: Failure, machine: EvalMachine, *, show_trace: bool) -> Diagnostic:
    """Return the cause, its location and its trace; for a cycle, all of it."""
    if failure.tied:
        return cycle(failure, machine)
    frames = list(_frames(failure, machine.labels))
    span = failure.span
    hint = failure.hint
    if span is None and frames:
        span = next((frame.span for frame in frames if frame.span), None)
    if span is None:
        span = whole(machine)
    frames = [frame for frame in frames if frame.span != span or not frame.span]
    shown = frames if show_trace else frames[:MAX_FRAMES]
    omitted = len(frames) - len(shown)
    trace: list[Label] = []
    for frame in shown:
        place = frame.span or span
        if place:
            trace.append(Label(place, inert(frame.text)))
    if omitted and not hint:
        hint = f"{omitted} more steps led here; --show-trace shows them"
    return Diagnostic(
        failure.code,
        inert(short(failure.message)),
        span,
        hint and short(hint),
        (*failure.labels, *trace),
        mends=failure.mends,
    )


def whole(machine: EvalMachine) -> Span | None:
    """Return the span of the whole source, for when no better one is known."""
    if machine.root is None:
        return None
    tree = machine.trees[machine.root]
    return Span(machine.root, tree.start, tree.end)


def _frames(
    failure: Failure, labels: Mapping[Code, TraceFrame]
) -> Iterator[TraceFrame]:
    """Yield the steps that have a label, innermost first, each once."""
    keys: set[tuple[str, object]] = set()
    for step in failure.steps:
        frame = step if isinstance(step, TraceFrame) else labels.get(step)
        if frame is None:
            continue
        span = frame.span
        key = (frame.text, span and (span.source.name, span.start))
        if key not in keys:
            keys.add(key)
            yield frame
