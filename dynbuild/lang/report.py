"""From a failure to the diagnostic that people read."""

from collections.abc import Iterator, Mapping

from dynbuild.errors import Diagnostic, Label
from dynbuild.lang.failure import Failure, Frame
from dynbuild.lang.values import Code

MAX_FRAMES = 5
MAX_MESSAGE = 2_000


def diagnose(
    failure: Failure, labels: Mapping[Code, Frame], *, show_trace: bool
) -> Diagnostic:
    """Return the cause and its place, and what led there; of a cycle, all of it."""
    if failure.tied:
        return _cycle(failure, labels)
    frames = list(_frames(failure, labels))
    span = failure.span
    hint = failure.hint
    if span is None and frames:
        span = next((frame.span for frame in frames if frame.span), None)
    frames = [frame for frame in frames if frame.span != span or not frame.span]
    shown = frames if show_trace else frames[:MAX_FRAMES]
    left = len(frames) - len(shown)
    trace: list[Label] = []
    for frame in shown:
        place = frame.span or span
        if place:
            trace.append(Label(place, frame.text))
    if left and not hint:
        hint = f"{left} more steps led here; --show-trace shows them"
    return Diagnostic(
        failure.code,
        _short(failure.message),
        span,
        hint,
        (*failure.labels, *trace),
    )


def _short(message: str) -> str:
    if len(message) > MAX_MESSAGE:
        return message[:MAX_MESSAGE] + " …"
    return message


def _frames(failure: Failure, labels: Mapping[Code, Frame]) -> Iterator[Frame]:
    """Return the steps that say something, the innermost first, each once."""
    seen: set[tuple[str, object]] = set()
    for step in failure.steps:
        frame = step if isinstance(step, Frame) else labels.get(step)
        if frame is None:
            continue
        span = frame.span
        key = (frame.text, span and (span.source.name, span.start))
        if key not in seen:
            seen.add(key)
            yield frame


def _cycle(failure: Failure, labels: Mapping[Code, Frame]) -> Diagnostic:
    """Show ``a -> b -> a``, with the place of each."""
    found: list[Frame] = []
    for step in reversed(failure.steps[: failure.tied]):
        frame = None if isinstance(step, Frame) else labels.get(step)
        if frame is not None and frame.span is not None:
            found.append(frame)
    if not found:
        return Diagnostic(failure.code, failure.message, failure.span, failure.hint)
    names = [_name(frame) for frame in found]
    first = found[0].span
    return Diagnostic(
        failure.code,
        f"infinite recursion: {' -> '.join([*names, names[0]])}",
        first,
        "one of these values must not need the others",
        tuple(
            Label(frame.span, f"{before} needs {after}")
            for before, after, frame in zip(
                names, [*names[1:], names[0]], [*found[1:], found[0]], strict=True
            )
            if frame.span
        )[:-1],
    )


def _name(frame: Frame) -> str:
    return frame.text.removeprefix("while evaluating ").replace("'", "")
