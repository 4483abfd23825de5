"""Later phases find the place of what they speak of."""

import pytest

from dynbuild.declaration.load import load
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax import Syntax
from dynbuild.errors import DeclarationError
from dynbuild.spans import Source, Span

TOML = """
user = "app"
[stages.b]
dependencies = ["*"]
commands = ["true"]
[stages.a]
copy = [{ from = "x", to = "/x" }]
env.A = "1"
"""


@pytest.fixture
def loaded() -> Loaded:
    return load(Source("x.toml", TOML), "toml")


def text(span: Span) -> str:
    return span.source.text[span.start : span.end]


def test_stages_in_a_table_are_found_by_index(loaded: Loaded) -> None:
    names = [stage.name for stage in loaded.declaration.stages]
    assert names == ["a", "b"]
    assert loaded.by_name
    assert text(loaded.span("stages", 0)) == "[stages.a]"
    assert text(loaded.span("stages", 0, "name")) == "a"
    assert text(loaded.span("stages", 0, "copy", 0, "from")) == '"x"'
    assert text(loaded.span("stages", 1, "commands", 0)) == '"true"'


def test_what_needs_every_other_stage_is_last() -> None:
    value = """{"stages": {
        "a": {"dependencies": ["*"], "commands": ["x"]},
        "b": {"commands": ["x"]}}}"""
    stages = load(Source("x.json", value), "json").declaration.stages
    assert [stage.name for stage in stages] == ["b", "a"]


def test_what_is_not_there_is_found_around(loaded: Loaded) -> None:
    assert text(loaded.span("stages", 0, "workdir")) == "[stages.a]"
    assert text(loaded.span("stages", 0, "copy", 7, "from")).startswith("[{")
    assert loaded.span("base").place == "x.toml:1:1"
    assert loaded.span("stages", 9).source.name == "x.toml"
    assert text(loaded.span("user", "uid")) == '"app"'
    assert loaded.span().place == "x.toml:1:1"


def test_keys(loaded: Loaded) -> None:
    assert text(loaded.key("stages", 0, "env", "A")) == "A"
    assert text(loaded.key("user")) == "user"
    assert text(loaded.key("stages", 0, "workdir")) == "[stages.a]"


def test_secrets_stay_hidden_later() -> None:
    source = Source("x.toml", 'env = { A_TOKEN = "hunter2", B = "x" }')
    loaded = load(source, "toml")
    assert loaded.declaration.env["A_TOKEN"] == "hunter2"
    assert "hunter2" not in loaded.span("env", "B").source.text


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        ("toml", '[env]\nA_TOKEN = "hunter2" x'),
        ("toml", '[env]\nA_TOKEN = """\nhunter2""" x'),
        ("toml", "A_TOKEN = 'hunter2"),
        ("toml", "A_TOKEN = hunter2, hunter2"),
        ("json", '{"A_TOKEN": "hunter2",}'),
        ("json", '{"secrets": [{"value": "hunter2" "x"}]}'),
        ("yaml", "A_TOKEN: hunter2 hunter2: x"),
        ("yaml", "A_TOKEN: [hunter2"),
    ],
)
def test_secrets_stay_hidden_in_broken_text(syntax: Syntax, text: str) -> None:
    with pytest.raises(DeclarationError) as error:
        load(Source("x", text), syntax)
    assert "hunter2" not in str(error.value)
