"""Which events of a build of some steps are told, and in which words."""

from collections.abc import Sequence
from dataclasses import replace

from dynbuild.building import (
    BuildEvent,
    RawLine,
    Report,
    StepFinished,
    StepOutput,
    StepStarted,
    Working,
)
from dynbuild.quote import StageName

_NAMED = 3
"""How many of the steps whose layers are packed are named."""


def of_steps(
    names: Sequence[StageName], packed: Sequence[StageName], report: Report
) -> Report:
    """Pass on the events of some steps; other events are internals of their build.

    The builder's export is told as what it is for users: the packing of layers.
    """
    more = f" and {len(packed) - _NAMED} more" if len(packed) > _NAMED else ""
    packing = f"packing {', '.join(packed[:_NAMED])}{more}"

    def passed(event: BuildEvent) -> None:
        match event:
            case StepStarted() | StepOutput() | StepFinished():
                if event.step in names:
                    report(event)
            case Working(what) if what.startswith("pulling "):
                report(event)
            case Working(what) if what.startswith("exporting "):
                report(replace(event, what=packing))
            case RawLine():
                report(event)
            case Working():
                pass

    return passed
