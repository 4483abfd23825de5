"""Variables that name one another, that nothing sets, and that grow beyond bounds."""

import time

import pytest

from dynbuild.steps.environment import MAX_EXPANDED, Environments
from dynbuild.steps.expansion import VariableError, expand_all
from dynbuild.steps.model import Stage

SEEN = {"PATH": "/bin", "EMPTY": "", "HOME": "/root"}


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ({"PATH": "$A/bin:$PATH", "A": "/opt"}, {"PATH": "/opt/bin:/bin", "A": "/opt"}),
        ({"C": "$B$B", "B": "$A-", "A": "1"}, {"C": "1-1-", "B": "1-", "A": "1"}),
        ({"A": "${HOME}/a", "HOME": "/h"}, {"A": "/h/a", "HOME": "/h"}),
        ({"A": "${B:-none}"}, {"A": "none"}),
        ({"A": "${EMPTY:-none}"}, {"A": "none"}),
        ({"A": "${EMPTY}"}, {"A": ""}),
        ({"A": "${HOME:-none}"}, {"A": "/root"}),
        ({"A": "${B:-}"}, {"A": ""}),
        ({"A": "${A:-}/a"}, {"A": "/a"}),
        ({"A": "${B:-$HOME/$$}"}, {"A": "/root/$"}),
        ({"A": "${B:-$C}", "C": "c"}, {"A": "c", "C": "c"}),
        ({"A": "$$B $1 ${ ${x $(y) ${HOME:+z}"}, {"A": "$B $1 ${ ${x $(y) ${HOME:+z}"}),
        ({}, {}),
    ],
)
def test_expanded(table: dict[str, str], found: dict[str, str]) -> None:
    assert expand_all(table, SEEN) == found
    assert expand_all(dict(reversed(table.items())), SEEN) == found


@pytest.mark.parametrize(
    ("table", "variable", "reason", "hint"),
    [
        ({"A": "$PAHT"}, "A", "$PAHT, which is not set", "did you mean 'PATH'?"),
        ({"A": "${B:-${HOME}}"}, "A", "in the default of another", "${NAME:-$OTHER}"),
        ({"A": "1", "B": "$Q"}, "B", "$Q, which is not set", "${Q:-} stands for"),
        ({"X": "$X:1"}, "X", "$X, which is not set", "${X:-}"),
        ({"A": "${B:-$Q}"}, "A", "$Q, which is not set", "$$ is a dollar"),
        ({"C": "$A", "B": "$C", "A": "$B"}, "A", "A needs B needs C needs A", "write"),
        ({"B": "${A:-$B}", "A": "${Q:-$B}"}, "A", "A needs B needs A", "write"),
        ({"A": "$L$L"} | {"L": "x" * 40_000}, "A", "more than 60000", "a file"),
    ],
)
def test_refused(table: dict[str, str], variable: str, reason: str, hint: str) -> None:
    for given in (table, dict(reversed(table.items()))):
        with pytest.raises(VariableError) as told:
            expand_all(given, SEEN)
        assert told.value.variable == variable
        assert reason in told.value.reason
        assert hint in told.value.hint


def chained(count: int, env: dict[str, str]) -> list[Stage]:
    return [
        Stage(f"s{n:03}", (f"s{n - 1:03}",) * (n > 0), env=dict(env))
        for n in range(count)
    ]


def test_growth_is_bounded() -> None:
    """Sixteen that each take B four times would have 4 GB."""
    began = time.process_time()
    with pytest.raises(VariableError) as told:
        Environments(chained(16, {"B": "$B$B$B$B"}), {"B": "b"}).of_image()
    assert told.value.stage == "s007"
    assert (told.value.variable, told.value.table) == ("B", "env")
    assert time.process_time() - began < 5


def test_all_of_a_stage_is_bounded() -> None:
    stages = chained(1, dict.fromkeys("ab", "x" * 50000))
    Environments(stages, {}).check()
    more = [*stages, Stage("t", ("s000",), build_env={"C": "x" * 50_000})]
    with pytest.raises(VariableError) as told:
        Environments(more, {}).check()
    assert "with the others" in told.value.reason
    assert (told.value.stage, told.value.table) == ("t", "build_env")


def test_all_of_all_stages_is_bounded() -> None:
    base = {"B": "x" * 59_000}
    stages = chained(MAX_EXPANDED // 59_000 + 2, {"B": "${B}"})
    with pytest.raises(VariableError) as told:
        Environments(stages, base).check()
    assert "all stages together" in told.value.reason


def test_what_only_the_container_sees() -> None:
    environments = Environments([Stage("a", env={"A": "/a"})], SEEN)
    found = environments.of_container({"B": "$A:$C", "C": "$HOME"})
    assert found == {"A": "/a", "B": "/a:/root", "C": "/root"}
    with pytest.raises(VariableError) as told:
        environments.of_container({"B": "$NO"})
    assert (told.value.stage, told.value.variable) == (None, "B")


def test_a_base_without_a_path_has_that_of_docker() -> None:
    environments = Environments([Stage("a", env={"PATH": "/a:$PATH"})], {})
    found = environments.of_image()["PATH"]
    assert found == "/a:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
