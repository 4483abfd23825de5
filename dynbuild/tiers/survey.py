"""A survey of what shared tiers have of some steps: all asked at once, none needed."""

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import wait

from dynbuild.digest import StepDigest
from dynbuild.errors import Diagnostic
from dynbuild.inventory import Answer
from dynbuild.link.model import Record
from dynbuild.ports import TierError
from dynbuild.tiers.daemon_threads import submit
from dynbuild.tiers.kind import TierConfig
from dynbuild.tiers.wrap.chain import LOOK_UP
from dynbuild.tiers.wrap.guarded import CircuitBreakerTier


def survey(
    fars: Sequence[TierConfig],
    steps: Collection[StepDigest],
    tell: Callable[[Diagnostic], None],
    look_up: float = LOOK_UP,
) -> tuple[Answer, ...]:
    """Return each tier's answer within ``look_up`` seconds; ``tell`` reports damage.

    Whatever a tier is used for, and whether or not it is required, it is only asked.
    """

    def question(far: TierConfig) -> Callable[[], tuple[Record, ...]]:
        damaged = CircuitBreakerTier(far, tell, lambda _: None).damaged

        def ask() -> tuple[Record, ...]:
            opened = far.open(damaged, lambda _: None, lambda _: None)
            return opened.find(steps)

        return ask

    pending = [(far, submit(question(far))) for far in fars]
    until = time.monotonic() + look_up
    answers = []
    for far, answer in pending:
        wait([answer], max(0.0, until - time.monotonic()))
        if not answer.done():
            why = f"it did not look up the steps within {look_up:.0f} s"
            answers.append(Answer(far.name, far.place, away=why))
            continue
        try:
            answers.append(Answer(far.name, far.place, answer.result()))
        except TierError as error:
            answers.append(Answer(far.name, far.place, away=error.why))
    return tuple(answers)
