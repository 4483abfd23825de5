"""Loading: what is refused at once, what is remembered, and what is told of it."""

import json
from dataclasses import dataclass, field

import pytest

from dynbuild.declaration.inputs import Inputs
from dynbuild.declaration.load import load
from dynbuild.declaration.syntax import Syntax, located, toml, yaml
from dynbuild.declaration.syntax import json as json_reader
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.spans import Source


def refused(
    text: str, syntax: Syntax, inputs: Inputs | None = None
) -> tuple[Diagnostic, ...]:
    with pytest.raises(DeclarationError) as caught:
        load(Source(f"dynbuild.{syntax}", text), syntax, inputs)
    return caught.value.diagnostics


@pytest.mark.parametrize("syntax", ["toml", "json", "yaml", "nix"])
def test_an_unfinished_merge_is_named(syntax: Syntax) -> None:
    (told,) = refused("\n<<<<<<< HEAD\n=======\n>>>>>>> x\n", syntax)
    assert (told.code, told.message) == ("DB0101", "merge conflict markers")
    assert told.span
    assert (told.span.start, told.span.end) == (1, 13)


@dataclass
class StepMetrics:
    """A memory in memory."""

    answers: dict[str, object] = field(default_factory=dict)
    recalled: int = 0

    def recall(self, question: tuple[object, ...]) -> object:
        answer = self.answers.get(repr(question))
        self.recalled += answer is not None
        return answer

    def remember(self, question: tuple[object, ...], answer: object) -> None:
        self.answers[repr(question)] = answer


def test_an_evaluation_is_remembered() -> None:
    source = Source("dynbuild.nix", '{ base }: { inherit base; env.A = "1"; }')
    memory = StepMetrics()
    first, again = (
        load(source, "nix", Inputs(given={"base": "debian:12"}, memory=memory))
        for _ in range(2)
    )
    assert memory.recalled == 1
    assert again == first
    assert again.arguments == {"base": "debian:12"}
    other = load(source, "nix", Inputs(given={"base": "debian:13"}, memory=memory))
    assert memory.recalled == 1
    assert other.declaration.base == "debian:13"


def test_an_evaluation_that_says_something_says_it_every_time() -> None:
    source = Source("dynbuild.nix", 'builtins.trace "hear" { base = "debian:12"; }')
    memory, said = StepMetrics(), list[str]()
    for _ in range(2):
        load(source, "nix", Inputs(memory=memory, say=said.append))
    assert said == ["trace: hear"] * 2
    assert not memory.answers


def test_unknown_arguments_are_refused_all_at_once() -> None:
    text = '{ base ? "debian:12" }: { inherit base; }'
    first, second = refused(text, "nix", Inputs(given={"bsae": "x", "zzzzzz": "y"}))
    assert first.code == second.code == "DB0163"
    assert first.message == "the declaration has no argument 'bsae'"
    assert "base" in (first.hint or "")
    assert second.message == "the declaration has no argument 'zzzzzz'"
    assert second.hint == "it has base"
    (none,) = refused("{ }: { }", "nix", Inputs(given={"a": "x"}))
    assert none.hint == "it has none"


@pytest.mark.parametrize("syntax", ["json", "nix"])
def test_no_function_takes_no_arguments(syntax: Syntax) -> None:
    (told,) = refused("{ }", syntax, Inputs(given={"a": "x"}))
    assert told.code == "DB0163"
    assert "takes no arguments, so none is called 'a'" in told.message


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        ("toml", "a = [1, 2, 3, 4, 5]"),
        ("json", '{"a": [1, 2, 3, 4, 5]}'),
        ("yaml", "a: [1, 2, 3, 4, 5]"),
        ("nix", "{ a = [ 1 2 3 4 5 ]; }"),
    ],
)
def test_too_many_values(
    syntax: Syntax, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reader in (toml, json_reader, yaml, located):
        monkeypatch.setattr(reader, "MAX_VALUES", 4)
    (told,) = refused(text, syntax)
    assert told.code == "DB0103"
    assert "values in one file" in told.message


def test_an_alias_counts_as_deep_as_what_it_stands_for() -> None:
    deep = f"{'[' * 40}{']' * 40}"
    (told,) = refused(f"a: &a {deep}\nb: {'[' * 40}*a{']' * 40}\n", "yaml")
    assert told.message == "values nest deeper than 64 levels"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = 1\n[a.b]\n", "a.b"),
        ("a = 1\na.b = 2\n", "a.b"),
        # What follows is no TOML either: the first mistake is the one that is told.
        ("[a.b]\n[a]\nb.c = 1\n= =\n", "b.c = 1"),
    ],
)
def test_the_first_mistake_of_toml_is_told(text: str, place: str) -> None:
    (told,) = refused(text, "toml")
    assert told.span
    line = text.count("\n", 0, told.span.start)
    assert place in text.splitlines()[line]


def test_a_value_without_a_place_is_told_at_the_one_around_it() -> None:
    text = """{ env = builtins.fromJSON '' {"A": []} ''; }"""
    (told,) = refused(text, "nix")
    assert told.span
    assert text[told.span.start : told.span.end].startswith("builtins.fromJSON")


def test_stages_without_a_name_are_not_taken_for_another() -> None:
    text = '{ stages = [ "x" { commands = [ "x" ]; } ]; }'
    told = refused(text, "nix")
    assert 'expected a table for stages[0], found the text "x"' in [
        one.message for one in told
    ]


def test_a_secret_in_the_wrong_place_is_not_told() -> None:
    stages = {"secrets": {"commands": "hunter2"}}
    (told,) = refused(json.dumps({"stages": stages}), "json")
    assert "found the text *********" in told.message
    assert "hunter2" not in told.message


def test_cycles_are_told_up_to_a_number() -> None:
    stages = [
        {"name": f"{half}{n}", "dependencies": [f"{other}{n}"], "commands": ["x"]}
        for n in range(12)
        for half, other in ("ab", "ba")
    ]
    told = refused(json.dumps({"base": "debian:12", "stages": stages}), "json")
    assert len(told) == 10
    assert "a0" in told[0].message


def test_a_copy_with_its_destination_first_is_left_alone() -> None:
    def warnings(command: str) -> tuple[Diagnostic, ...]:
        stages = [{"name": "a", "commands": [command]}]
        text = json.dumps({"base": "debian:12", "stages": stages})
        return load(Source("dynbuild.json", text), "json").warnings

    assert not warnings("cp -t /opt here")
    assert warnings("cp here /opt")
