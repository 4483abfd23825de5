"""Events as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.steps.log import Event, format_event, parse_event
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
