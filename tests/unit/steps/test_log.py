"""Events as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.steps.log import (
    Event,
    declared,
    folded,
    format_event,
    parse_event,
    requested,
)
from dynbuild.steps.model import Install, Remove, Upgrade

SPECS = st.text(min_size=1).filter(lambda text: text not in ("-", "^"))


@given(
    st.integers(1, 10**17),
    st.one_of(SPECS.map(Install), st.just(Remove()), st.just(Upgrade())),
)
def test_parse_is_the_inverse_of_format(
    seq: int, action: Install | Remove | Upgrade
) -> None:
    event = Event(seq, action)
    assert parse_event(format_event(event)) == event


@pytest.mark.parametrize(
    "text", ["", "1", "1 ", "0 git", "-1 git", "git", "9" * 99 + " x"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is the event's
        parse_event(text)


def test_what_came_and_went_behind_a_step_that_left_folds_away() -> None:
    def events(*texts: str) -> tuple[Event, ...]:
        return tuple(map(parse_event, texts))

    log = {
        "came-and-went": events("2 came-and-went", "3 -"),
        "respecified": events("2 respecified=1", "3 respecified=2", "4 ^"),
        "was-there": events("1 was-there", "3 -"),
        "left-and-back": events("1 left-and-back", "2 -", "3 left-and-back"),
        "upgraded": events("1 upgraded", "2 ^", "3 ^"),
        "early": events("1 early"),
    }
    folded_log = folded(log, 2)
    assert folded_log == {
        "respecified": events("3 respecified=2"),
        "was-there": events("1 was-there", "3 -"),
        "left-and-back": events("1 left-and-back"),
        "upgraded": events("1 upgraded", "3 ^"),
        "early": events("1 early"),
    }
    assert declared(folded_log) == declared(log)


def test_what_declares_an_upgrade_of_all_is_no_request() -> None:
    events = tuple(map(parse_event, ("4 ^", "6 ^", "9 -", "11 ^", "12 ^")))
    assert [one.seq for one in requested("*", events)] == [6, 12]
    assert [one.seq for one in requested("curl", events)] == [4, 6, 11, 12]
    # Taken out and back again, it leaves no trace; a request since then stays.
    assert folded({"*": events[:1] + events[2:4]}, 9) == {"*": events[:1]}
    assert folded({"*": (events[0], *events[2:])}, 9) == {"*": (events[0], events[4])}
