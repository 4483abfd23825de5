"""No string of a lock says more in a Dockerfile than it says in the lock.

Read back by a reader that shares no code with what is tested; that this reader reads
as BuildKit does is what tests/engine/test_quoting.py shows.
"""

from __future__ import annotations

import shlex

import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from dynbuild import quote
from dynbuild.errors import LockError
from dynbuild.steps.log import EVERYTHING
from tests.unit.emit.dockerfile_reader import read
from tests.unit.emit.every_string import HARMLESS, emitted, shape, shown, wanted
from tests.unit.emit.hostile import texts

QUICK = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)

MEANT = ("root", "/", "0", "", EVERYTHING)
"""Values for which less is written, since it is so already, or that mean no package."""

SHAPE = shape(emitted({}))


def fits(place: str, text: str) -> bool:
    """Whether a place takes a text; if so, it is there as it was, and nothing else."""
    strings = {place: text}
    try:
        dockerfile = emitted(strings)
    except LockError as error:
        assert "DB0408" in str(error)  # noqa: PT017 - either way is right
        return False
    assert shape(dockerfile) == SHAPE
    told = shown(dockerfile, strings)
    right = wanted(strings)
    assert told == {name: right[name] for name in told}
    return True


@pytest.mark.parametrize("place", HARMLESS)
@given(text=texts)
@settings(max_examples=25, deadline=None, phases=QUICK)
@example(text="http://x[")
@example(text='\nENTRYPOINT ["smuggled"]\n')
def test_one_hostile_string(place: str, text: str) -> None:
    assume(text not in MEANT)
    fits(place, text)


@given(
    strings=st.fixed_dictionaries(
        {place: texts.filter(lambda text: text not in MEANT) for place in HARMLESS}
    )
)
@settings(
    max_examples=12,
    deadline=None,
    phases=QUICK,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
def test_hostile_strings_everywhere(strings: dict[str, str]) -> None:
    taken = {place: text for place, text in strings.items() if fits(place, text)}
    dockerfile = emitted(taken)
    assert shape(dockerfile) == SHAPE
    told = shown(dockerfile, taken)
    right = wanted(taken)
    assert told == {name: right[name] for name in told}


@given(text=texts)
def test_a_shell_word(text: str) -> None:
    assert shlex.split(quote.shell(text)) == [text]


@given(text=st.text(st.characters(exclude_categories=[]), max_size=40))
def test_a_comment_is_one_line_that_can_be_seen(text: str) -> None:
    line = quote.comment(text)
    assert "\t" not in line
    assert not quote.unseen([line])
    assert len(f"# {line}".splitlines()) == 1
    # Behind what begins a line of ours, nothing is a directive.
    assert read(f"# Emitted\n# {line}\nFROM x AS y")["y"][0].keyword == "FROM"


@given(script=texts, more=st.lists(st.sampled_from(["EOF", "EOF1", "EOF\r", " EOF "])))
def test_a_script_comes_out_as_it_went_in(script: str, more: list[str]) -> None:
    script = "\n".join(["set -e", *more, script, *more])
    lines = "\n".join(quote.heredoc(script))
    (_, run) = read(f"FROM x AS y\nRUN {lines}\n\nUSER z")["y"][:2]
    assert run.documents == (f"{script}\n",)
