from dynbuild.dockerfiles.report import as_data, told
from tests.dockerfiles import translated

TEXT = """
    FROM debian AS unused
    RUN x
    FROM debian
    RUN one; two
    ONBUILD RUN apt-get update && apt-get install something-with-a-long-name
    CMD ["x"]
    """


def test_what_needs_a_look_is_told_line_by_line() -> None:
    notes = translated(TEXT).conversion.notes
    text = told("Dockerfile", notes)
    assert text.startswith("left to you:\n  Dockerfile:5: ONBUILD RUN apt-get update")
    assert "...\n      ONBUILD runs in images" in text
    assert (
        "something to know:\n  Dockerfile:4: RUN one; two\n      Docker goes on" in text
    )
    assert "not used:\n  Dockerfile:1: FROM debian AS unused" in text
    assert text.endswith(
        "Dockerfile: 3 of 6 instructions translated, 1 left to you, 2 not used"
    )


def test_one_reason_of_a_whole_build_stage_is_told_once() -> None:
    conversion = translated("""
        FROM alpine AS tools
        WORKDIR /x
        RUN make
        FROM debian
        """).conversion
    text = told("Dockerfile", conversion.notes)
    assert "1: FROM alpine AS tools\n  Dockerfile:2: WORKDIR /x\n" in text
    assert "3: RUN make\n      the image needs nothing of its build stage" in text
    assert text.count("the image needs nothing") == 1
    assert "TODO" not in conversion.text


def test_nothing_to_look_at() -> None:
    notes = translated("FROM debian\n").conversion.notes
    assert told("D", notes) == "D: 1 of 1 instructions translated"


def test_data() -> None:
    found = as_data(translated(TEXT).conversion.notes)
    assert [one["line"] for one in found] == [1, 2, 3, 4, 5, 6]
    assert found[3] == {
        "line": 4,
        "last_line": 4,
        "instruction": "RUN",
        "outcome": "differs",
        "field": "commands of stage 'one'",
        "reason": found[3]["reason"],
    }
    assert found[5]["field"] == "cmd"
    assert found[5]["reason"] is None
