"""Declarations in the language: their trees, and the places of their mistakes."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from syrupy.assertion import SnapshotAssertion

from dynbuild.declaration.inputs import ROOT, Data, Inputs
from dynbuild.declaration.load import load
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax.secrecy import redacted_expression
from dynbuild.errors import DeclarationError, render
from dynbuild.lang.files import MemoryFiles
from dynbuild.spans import Source
from tests.snapshot_files import files


def read(
    text: str,
    imported: Mapping[str, str | bytes] | None = None,
    given: Mapping[str, Source | str] | None = None,
    recorded: Mapping[str, Data] | None = None,
) -> Loaded:
    paths = {f"{ROOT}/{name}": content for name, content in (imported or {}).items()}
    inputs = Inputs(
        files=MemoryFiles(paths),
        given=given or {},
        recorded=recorded or {},
        shown=lambda path: path.removeprefix(f"{ROOT}/") if path != ROOT else ".",
    )
    return load(Source("dynbuild.nix", text), "nix", inputs)


def told(text: str, imported: Mapping[str, str | bytes] | None = None) -> str:
    with pytest.raises(DeclarationError) as caught:
        read(text, imported)
    return "\n".join(map(render, caught.value.diagnostics)) + "\n"


def dependencies(text: str) -> dict[str, tuple[str, ...]]:
    stages = read(text).declaration.stages
    return {stage.name: stage.dependencies for stage in stages}


def test_stages_by_value_in_a_list() -> None:
    text = """
    let deps = { name = "deps"; commands = [ "x" ]; };
        out = { name = "out"; build_only = true; commands = [ "x" ]; };
    in { stages = [ deps out { name = "app"; dependencies = [ deps ];
           copy = [ { stage = out; from = "/o"; to = "/o"; } ]; } ]; }
    """
    assert dependencies(text) == {"deps": (), "out": (), "app": ("deps",)}
    assert read(text).declaration.stages[2].copies[0].stage == "out"


def test_stages_by_value_in_a_set_go_by_identity() -> None:
    text = """{ stages = rec {
      same = { commands = [ "x" ]; };
      twin = { commands = [ "x" ]; };
      app = { dependencies = [ twin ]; commands = [ "y" ]; };
    }; }"""
    assert dependencies(text)["app"] == ("twin",)


def test_a_stage_that_was_changed_goes_by_its_name() -> None:
    text = """let deps = { name = "deps"; commands = [ "x" ]; }; in { stages = [
      (deps // { network = "none"; })
      { name = "app"; dependencies = [ deps ]; commands = [ "y" ]; } ]; }"""
    assert dependencies(text)["app"] == ("deps",)


def test_stages_that_need_each_other_by_value_are_a_cycle_like_any() -> None:
    text = """{ stages = rec {
      a = { dependencies = [ b ]; commands = [ "x" ]; };
      b = { dependencies = [ a ]; commands = [ "x" ]; };
    }; }"""
    assert "DB0125" in told(text)


def test_a_path_is_meant_beside_the_file_that_says_it() -> None:
    stage = '{ name = "a"; copy = [ { from = ./src; to = "/src"; } ]; }'
    text = "{ stages = [ (import ./lib/a.nix) ]; }"
    (one,) = read(text, {"lib/a.nix": stage}).declaration.stages
    assert one.copies[0].from_ == "lib/src"
    text = '{ stages = [ { name = "a"; copy = [ { from = ./.; to = "/x"; } ]; } ]; }'
    assert read(text).declaration.stages[0].copies[0].from_ == "."


MISTAKES: dict[str, tuple[str, dict[str, str | bytes]]] = {
    "unknown-key": ('{ bose = "debian"; }', {}),
    "kinds": ('{ sudo = "yes"; user = 3; apt_packages = "curl"; env.A = 1 + 1; }', {}),
    "computed": ("let n = 3; in { base = n; workdir = -1; sudo = 1.5; }", {}),
    "imported": (
        "{\n  stages = import ./lib/stages.nix { };\n}\n",
        {"lib/stages.nix": '{ }: [\n  { name = "a"; comands = [ "x" ]; }\n]\n'},
    ),
    "imported-cross-field": (
        '{ stages = import ./s.nix ++ [ { name = "b"; commands = [ "x" ]; } ]; }',
        {"s.nix": '[ { name = "a"; dependencies = [ "c" ]; commands = [ "x" ]; } ]'},
    ),
    "mapped": ('{ stages = map (name: { inherit name; }) [ "a" "b c" ]; }', {}),
    "function-left": ("{ base = x: x; stages = x: x; }", {}),
    "function-in-a-list": ('{ stages = let f = n: { name = n; }; in [ f "a" ]; }', {}),
    "function-at-the-top": ("x: { }", {}),
    "not-a-set": ("[ 1 ]", {}),
    "paths": (
        """{
  workdir = /app;
  stages = [
    { name = "a"; copy = [ { from = /etc; to = ./x; } ]; }
    { name = "b"; copy = [ { stage = "a"; from = /o; to = "/o"; } ]; }
  ];
}""",
        {},
    ),
    "nameless-stage": (
        """{
  stages = [ { name = "a"; dependencies = [ { commands = [ "x" ]; } ]; } ];
}""",
        {},
    ),
    "stage-of-two-names": (
        """let s = { commands = [ "x" ]; }; in
{ stages = { a = s; b = s; c = { dependencies = [ s ]; }; }; }""",
        {},
    ),
    "missing-arguments": ('{ python, debug, user ? "app" }: { }', {}),
    "secret": ('{ env.API_TOKEN = "hunter2"; sudo = 3; env.B = hunter; }', {}),
    "secret-of-a-wrong-kind": (
        "let t = 12345; in { env.API_TOKEN = t; sudo = 3; }",
        {},
    ),
    "throw": ('{ base = throw "no base"; }', {}),
    "syntax": ("{ base = ; user = ; }", {}),
    "imported-syntax": ("{ stages = import ./s.nix; }", {"s.nix": "[\n  1 +\n]\n"}),
    "cycle": ("let a = b; b = a; in { base = a; }", {}),
    "self-import": ("import ./a.nix", {"a.nix": "import ./a.nix"}),
    "nested-forever": ("let a = { inherit a; }; in { env = a; }", {}),
    "dotted": ('{ healthcheck.cmd = "true"; healthcheck.retrys = 3; }', {}),
    "not-utf8": ("{ base = builtins.readFile ./a; }", {"a": b"x\xff"}),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_words_and_places(name: str, snapshot: SnapshotAssertion) -> None:
    text, imported = MISTAKES[name]
    said = told(text, imported)
    assert "hunter2" not in said
    assert said == snapshot(extension_class=files("txt"))


FUNCTION = '{ python ? "3.12", debug ? false }: { base = "python:${python}"; }'


def test_what_changes_the_result_is_recorded() -> None:
    loaded = read(FUNCTION, given={"python": "3.13", "debug": Source("x", "true")})
    assert loaded.declaration.base == "python:3.13"
    assert loaded.arguments == {"python": "3.13"}
    assert read(FUNCTION, given={"python": "3.12"}).arguments == {}
    assert read(FUNCTION).declaration.base == "python:3.12"


def test_what_is_recorded_is_used_unless_another_is_given() -> None:
    recorded: dict[str, Data] = {"python": "3.13"}
    assert read(FUNCTION, recorded=recorded).arguments == recorded
    loaded = read(FUNCTION, recorded=recorded, given={"python": "3.11"})
    assert loaded.arguments == {"python": "3.11"}


def test_arguments_that_matter_only_together_are_all_recorded() -> None:
    text = '{ a ? 1, b ? 1 }: { base = if a == 2 && b == 2 then "x" else "debian"; }'
    given: dict[str, Source | str] = {"a": Source("a", "2"), "b": Source("b", "2")}
    assert read(text, given=given).arguments == {"a": 2, "b": 2}
    text = '{ a ? 1, b ? 1 }: { base = if a == 2 || b == 2 then "x" else "debian"; }'
    recorded = read(text, given=given).arguments
    assert recorded == {"b": 2}
    assert read(text, recorded=recorded).arguments == recorded


def test_data_of_every_kind_is_an_argument() -> None:
    text = "{ x }: { labels.x = builtins.toJSON x; }"
    value = '{ a = [ 1 2.5 "s" true ]; }'
    loaded = read(text, given={"x": Source("x", value)})
    assert loaded.declaration.labels["x"] == '{"a":[1,2.5,"s",true]}'
    assert loaded.arguments == {"x": {"a": [1, 2.5, "s", True]}}
    assert read(text, recorded=loaded.arguments).declaration == loaded.declaration


@pytest.mark.parametrize(
    "value", ["null", "x: x", "./a", "[ null ]", "rec { a = a; }", "toString ./."]
)
def test_what_is_no_data_is_no_argument(value: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        read("{ x }: { }", given={"x": Source("--arg x", value)})
    assert caught.value.diagnostics[0].code in ("DB0164", "DB0212")


def test_a_part_of_a_path_is_a_text_like_others() -> None:
    text = """let
      name = baseNameOf (toString ./app); src = toString ./.;
      rest = builtins.substring (builtins.stringLength src + 1) 99 "${src}/a/b";
    in {
      workdir = "/project/${name}"; env.REST = rest; env.HERE = "/project";
      env.OUT = toString /etc/x; env.NEAR = toString /projects;
    }"""
    loaded = read(text.replace("/project/$", "/srv/$"), {"app": "x"})
    assert loaded.declaration.workdir == "/srv/app"
    assert loaded.declaration.env == {
        "REST": "a/b",
        "HERE": "/project",
        "OUT": "/etc/x",
        "NEAR": "/projects",
    }
    assert type(loaded.declaration.workdir) is str


def test_what_is_not_taken_any_more_is_told() -> None:
    loaded = read("{ a ? 1 }: { }", recorded={"b": 2})
    assert [one.code for one in loaded.warnings] == ["DB0165"]
    assert loaded.arguments == {}
    assert not read("{ a ? 1, ... }: { }", recorded={"b": 2}).warnings
    loaded = load(Source("x", ""), "toml", Inputs(recorded={"b": 2}))
    assert [one.code for one in loaded.warnings] == ["DB0165"]


def test_a_cycle_of_imports_is_told_with_paths_of_the_project() -> None:
    imported = {"a.nix": "import ./stages/b.nix", "stages/b.nix": "import ../a.nix"}
    text = told("import ./a.nix", imported)
    assert "infinite recursion: a.nix -> stages/b.nix -> a.nix" in text
    assert "stages/b.nix:1:1: a.nix needs stages/b.nix" in text
    assert "/project" not in text


def test_a_secret_is_starred_under_every_name_that_it_has() -> None:
    text = """let
      first = "hunter2"; second = first; in {
      base = 1; env = { PIP_TOKEN = second; }; stages = [ (first second) ];
    }"""
    words = told(text)
    assert "hunter" not in words
    assert "*******" in told(
        'let first = "hunter2"; x = absent; in\n{ a_token = first; }'
    )
    names = [f"n{number}" for number in range(9)]
    chain = "".join(f"{one} = {other}; " for one, other in pairwise(names))
    last = f'{names[-1]} = "hunter2"; around = again; again = around; '
    text = f"let {chain}{last} in {{ a_token = {names[0]}; b_token = around; }}"
    assert "hunter" in text
    assert "hunter" not in redacted_expression(Source("x", text)).text


def test_a_message_that_shows_a_value_shows_no_secret() -> None:
    long = "hunter2-" * 9
    for text in (
        '{ env.PIP_TOKEN = "hunter2"; cmd = let token = "hunter2"; in 1 + token; }',
        'let password = "hunter2"; in assert password == "x"; { }',
        f'let password = "{long}"; in password.x',
    ):
        assert "hunter" not in told(text)


def test_what_stands_behind_a_secret_is_seen() -> None:
    line = 'builtins.listToAttrs [ { name = "a"; value = "x" + "hunter2;"; } ] // 1'
    words = told(line)
    assert 'listToAttrs [ { name = "a"; value = ***' in words
    assert "*; } ] // 1" in words
    assert "hunter" not in words
    text = "{ env.A_TOKEN = ''\n  hunter2\n''; base = 1; }"
    assert "hunter" not in told(text)
