"""The events of a build of steps, as they are told."""

from dynbuild.building import (
    BuildEvent,
    RawLine,
    StepFinished,
    StepOutput,
    StepStarted,
    Working,
)
from dynbuild.engine.events import of_steps
from dynbuild.quote import StageName


def told(
    names: list[str], *events: BuildEvent, packed: list[str] | None = None
) -> list[BuildEvent]:
    heard: list[BuildEvent] = []
    layers = [StageName(name) for name in (names if packed is None else packed)]
    report = of_steps([StageName(name) for name in names], layers, heard.append)
    for event in events:
        report(event)
    return heard


def test_what_belongs_to_the_steps_is_told() -> None:
    own = (
        StepStarted(StageName("a")),
        StepOutput(StageName("a"), "x"),
        StepFinished(StageName("a"), 1.0, ran=True),
        Working("pulling base", 1, 2),
        RawLine("{}"),
    )
    other = (StepStarted(StageName("b")), Working("loading b"))
    assert told(["a"], *own, *other) == [*own]


def test_packing_is_told_by_the_names_of_the_steps() -> None:
    assert told(["a"], Working("exporting the image", 1, 2, done=True)) == [
        Working("packing a", 1, 2, done=True)
    ]
    (event,) = told(["a", "b", "c", "d", "e"], Working("exporting the image"))
    assert event == Working("packing a, b, c and 2 more")


def test_what_stays_in_the_builder_is_not_packed() -> None:
    event = Working("exporting the image")
    assert told(["source", "copier"], event, packed=["copier"]) == [
        Working("packing copier")
    ]
