"""Arguments of declarations in data: put in once, in parsed text, never for a shell."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.declaration.inputs import Inputs
from dynbuild.declaration.load import load
from dynbuild.declaration.loaded import Loaded
from dynbuild.errors import DeclarationError
from dynbuild.spans import Source
from dynbuild.steps.expansion import expand
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.late import settled


def loaded(declared: dict[str, object], **given: str) -> Loaded:
    source = Source("dynbuild.json", json.dumps(declared))
    return load(source, "json", Inputs(given=given))


def told(declared: dict[str, object], inputs: Inputs | None = None) -> str:
    with pytest.raises(DeclarationError) as caught:
        load(Source("dynbuild.json", json.dumps(declared)), "json", inputs)
    return "\n".join(map(str, caught.value.diagnostics))


ARGS = {"version": "1", "other": {"default": "${args.version}", "description": "x"}}
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12
).filter(lambda text: text.strip() != "")


@given(TEXT)
def test_a_value_is_put_in_as_it_is_and_once(value: str) -> None:
    text = "a${args.version}b$${args.version}"
    found = loaded({"args": ARGS, "labels": {"x": text}}, version=value)
    assert found.declaration.labels == {"x": f"a{value}b${{args.version}}"}
    recorded = {} if value == "1" else {"version": value}
    assert found.arguments == recorded


@given(TEXT)
def test_a_variable_has_the_value(value: str) -> None:
    stage = {"name": "a", "commands": ["x"], "build_env": {"V": "${args.version}"}}
    declared = {"args": ARGS, "env": {"V": "${args.version}"}, "stages": [stage]}
    found = loaded(declared, version=value).declaration
    assert expand(found.env["V"], {}) == value
    assert expand(found.stages[0].build_env["V"], {}) == value


@given(TEXT)
def test_nothing_is_put_into_what_a_shell_reads(value: str) -> None:
    text = "echo ${args.version}"
    stage = {"name": "a", "commands": [text], "files": {"/f": text}, "user": "root"}
    declared = {
        "args": ARGS,
        "stages": {"a": {key: stage[key] for key in stage if key != "name"}},
        "env_scripts": [text],
        "cmd": text,
        "entrypoint": text,
        "healthcheck": {"cmd": text},
    }
    found = loaded(declared, version=value)
    declaration = found.declaration
    (only,) = declaration.stages
    assert declaration.healthcheck
    assert {
        *only.commands,
        only.files["/f"].text,
        *declaration.env_scripts,
        declaration.cmd,
        declaration.entrypoint,
        declaration.healthcheck.cmd,
    } == {text}
    assert found.arguments == {}


def test_words_of_a_command_are_no_shell_s() -> None:
    declared = {"args": ARGS, "cmd": ["serve", "--version=${args.version}"]}
    assert loaded(declared).declaration.cmd == ("serve", "--version=1")


def test_what_makes_no_difference_is_not_recorded() -> None:
    inputs = Inputs(given={"version": "2"}, recorded={"other": "3", "gone": "4"})
    declared = json.dumps({"args": ARGS, "labels": {"x": "${args.other}"}})
    found = load(Source("dynbuild.json", declared), "json", inputs)
    assert found.arguments == {"other": "3"}
    assert [one.code for one in found.warnings] == ["DB0165"]


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"args": {"a": {}}}, "needs a value for 'a'"),
        ({"args": ARGS, "workdir": "/${args.version2}"}, "[args] has no 'version2'"),
        ({"args": {"a b": "x"}}, "no name of an argument"),
        ({"args": {"a": 3}, "workdir": "/${args.a}"}, "expected a table for args.a"),
        ({"args": {"a": {"late": True, "default": "x"}}, "base": "${args.a}"}, "late"),
        ({"args": {"a": {"late": True, "default": "x"}}, "cmd": ["${args.a}"]}, "late"),
        (
            {"args": {"a": {"late": True, "default": ""}}, "env": {"A": "$${args.a}"}},
            "rename it",
        ),
        ({"args": ["a"]}, "expected a table for args"),
    ],
)
def test_mistakes(declared: dict[str, object], words: str) -> None:
    assert words in told(declared)


def test_mistakes_of_what_is_given() -> None:
    assert "DB0163" in told({"args": ARGS}, Inputs(given={"versio": "2"}))
    expression = Source("--arg version", "2")
    assert "DB0164" in told({"args": ARGS}, Inputs(given={"version": expression}))
    assert "[args]" in told({}, Inputs(given={"version": "2"}))
    late = {"args": {"a": {"late": True}}}
    assert "has no default" in told(late, Inputs(given={"a": "2"}))


@given(TEXT)
def test_what_is_late_is_put_in_when_the_image_is_made(value: str) -> None:
    text = "${args.commit}-${args.version}-$${args.version}"
    args = {**ARGS, "commit": {"default": "none", "late": True}}
    own = {"l": text}
    declared = {"args": args, "labels": own, "annotations": own, "env": {"E": text}}
    found = loaded(declared, version="2", commit=value)
    assert found.arguments == {"version": "2"}
    declaration = found.declaration
    config = RuntimeConfig(
        env=declaration.env,
        labels=declaration.labels,
        annotations=declaration.annotations,
        late={"commit": "none"},
    )
    for given_, commit in (({"commit": value}, value), ({}, "none")):
        made = settled(config, given_)
        assert made.late == {}
        assert made.labels["l"] == f"{commit}-2-${{args.version}}"
        assert made.annotations == made.labels
        assert expand(made.env["E"], {}) == f"{commit}-2-${{args.version}}"


def test_arguments_of_the_language_are_its_functions() -> None:
    text = '{ args.version.default = "1"; stages = [ ]; }'
    with pytest.raises(DeclarationError) as raised:
        load(Source("dynbuild.nix", text), "nix")
    (told_,) = raised.value.diagnostics
    assert told_.code == "DB0163"
    assert "{ version }: { … }" in str(told_.hint)


@pytest.mark.parametrize(
    ("fields", "field", "path"),
    [
        ({"cmd": "x ${args.version}"}, "env", ("cmd",)),
        ({"entrypoint": "x ${args.version}"}, "env", ("entrypoint",)),
        ({"healthcheck": "x ${args.version}"}, "env", ("healthcheck", "cmd")),
        (
            {"stages": [{"name": "a", "commands": ["x ${args.version}"]}]},
            "build_env",
            ("stages", 0, "commands", 0),
        ),
    ],
)
def test_an_argument_named_for_a_shell_is_told(
    fields: dict[str, object], field: str, path: tuple[str | int, ...]
) -> None:
    found = loaded({"args": ARGS, **fields})
    (warning,) = found.warnings
    assert warning.code == "DB0187"
    assert warning.span == found.span(*path)
    assert warning.hint is not None
    assert f'"{field}": {{ "VERSION": "${{args.version}}" }}' in warning.hint
    assert loaded({"args": ARGS, "cmd": ["x", "${args.version}"]}).warnings == ()
