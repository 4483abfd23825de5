"""Variables that the base decides, and names that no shell has."""

from tests.dockerfiles import translated


def test_a_default_that_the_base_decides() -> None:
    found = translated("FROM debian\nARG A\nARG B=${A:-x}\nRUN echo $B\n")
    assert found.reason(2) == "no value unless --build-arg A=…"
    told = "its default is what the base makes of it: give it, --build-arg B=…"
    assert found.reason(3) == told


def test_names_that_no_shell_has() -> None:
    """Docker takes any; commands could not say them."""
    found = translated("FROM debian\nENV A-B=1\nENV 1=2\nARG a.b=1\nRUN x\n")
    assert [found.outcomes[line] for line in (2, 3, 4)] == ["left"] * 3
    assert found.reason(2) == (
        "'A-B' is no variable that commands could name; what stands below it is "
        "translated as if it were not there"
    )
    assert found.stages["x"] == {"name": "x", "commands": ["x"]}


def test_variables_of_arguments_that_are_not_given() -> None:
    """They are what the base sets, or nothing; lock takes no name that is not set."""
    found = translated("""
        FROM debian
        ARG A
        ENV A=$A B=$A C=${A}-${Z:-x}
        ENV D=$A
        RUN x
        ENV A=$A:y PATH=/p:$PATH
        RUN y
        """)
    assert found.stages["x"]["env"] == {
        "A": "${A:-}",
        "B": "${A:-}",
        "C": "${A:-}-${Z:-x}",
        "D": "${A:-}",
    }
    assert found.stages["y"]["env"] == {"A": "${A:-}:y", "PATH": "/p:$PATH"}
