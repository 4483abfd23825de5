"""Edits of declarations: they change what they say, and nothing else."""

import pytest

from dynbuild.declaration.load import load
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax import Syntax
from dynbuild.declaration.syntax.edits import (
    removal,
    renamings,
    with_items,
    without_item,
)
from dynbuild.declaration.syntax.tree import find
from dynbuild.errors import DeclarationError, Diagnostic, Edit, respellings
from dynbuild.spans import Source, Span

NAMES: dict[Syntax, str] = {
    "toml": "dynbuild.toml",
    "json": "dynbuild.json",
    "yaml": "dynbuild.yaml",
    "nix": "dynbuild.nix",
}
ONE: dict[Syntax, str] = {
    "toml": '[[stages]]\nname = "a"\ncommands = ["x"]\n\n[[stages]]\nname = "b"\n'
    'commands = ["y"]\n',
    "json": '{"stages": [{"name": "a", "commands": ["x"]},\n  {\n    "name": "b",\n'
    '    "commands": ["y"]\n  }]}',
    "yaml": "stages:\n  - name: a\n    commands: [x]\n  - name: b\n    commands: [y]\n",
    "nix": '{ stages = [ { name = "a"; commands = [ "x" ]; }\n  {\n    name = "b";\n'
    '    commands = [ "y" ];\n  } ]; }',
}
NAMED: dict[Syntax, str] = {
    "toml": '[stages.a]\ncommands = ["x"]\n[stages.b]\ncommands = ["y"]\n',
    "json": '{"stages": {"a": {"commands": ["x"]}, "b": {"commands": ["y"]}}}',
    "yaml": "stages:\n  a:\n    commands: [x]\n  b: {commands: [y]}\n",
    "nix": '{ stages.a.commands = [ "x" ]; stages.b = { commands = [ "y" ]; }; }',
}
INLINE: dict[Syntax, str] = {
    "toml": 'stages = [{ name = "a", commands = ["x"] }, { name = "b", '
    'commands = ["y"] }]',
    "yaml": "stages:\n- commands: [x]\n  name: a\n- commands: [y]\n  name: b\n",
}


def made(text: str, *edits: Edit) -> str:
    for edit in sorted(edits, key=lambda edit: -edit.span.start):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def loaded(syntax: Syntax, text: str) -> Loaded:
    return load(Source(NAMES[syntax], text), syntax)


@pytest.mark.parametrize(
    ("syntax", "text"),
    [*ONE.items(), *NAMED.items(), *INLINE.items()],
)
def test_a_list_grows_item_by_item(syntax: Syntax, text: str) -> None:
    for wanted in (("a",), ("a", "c")):
        before = loaded(syntax, text)
        edit = with_items(
            find(before.tree, ("stages", 1)), syntax, "dependencies", [wanted[-1]]
        )
        assert edit
        text = made(text, edit)
        if wanted == ("a",):
            stages = loaded(syntax, text).declaration.stages
            assert stages[1].dependencies == wanted
            assert stages[1].commands == ("y",)
            assert stages[0] == before.declaration.stages[0]
            third = with_stage(text)
            if third is None:
                return
            text = third
        else:
            assert loaded(syntax, text).declaration.stages[1].dependencies == wanted


def with_stage(text: str) -> str | None:
    """The text with a third stage, where one is simple to write behind the others."""
    if "name: b" in text and text.startswith("stages:\n  -"):
        return f"{text}  - name: c\n    commands: [z]\n"
    if text.startswith("[[stages]]"):
        return f'{text}\n[[stages]]\nname = "c"\ncommands = ["z"]\n'
    return None


@pytest.mark.parametrize(
    ("syntax", "written", "result"),
    [
        ("toml", "[]", '["new"]'),
        ("toml", '["a",]', '["a", "new",]'),
        ("json", '["a"]', '["a", "new"]'),
        ("nix", "[ ]", '[ "new" ]'),
        ("nix", '[ ("a") ]', '[ ("a") "new" ]'),
        ("nix", '[\n "a" # one\n]', '[\n "a" # one\n"new" ]'),
        ("yaml", "\n  - a\n", '\n  - a\n  - "new"\n'),
        ("yaml", "\n- a\n", '\n- a\n- "new"\n'),
    ],
)
def test_an_item_goes_behind_the_last(
    syntax: Syntax, written: str, result: str
) -> None:
    template: dict[Syntax, str] = {
        "toml": "env_scripts = {}",
        "json": '{{"env_scripts": {}}}',
        "nix": "{{ env_scripts = {}; }}",
        "yaml": "env_scripts: {}",
    }
    text = template[syntax].format(written)
    edit = with_items(loaded(syntax, text).tree, syntax, "env_scripts", ["new"])
    assert edit
    assert made(text, edit) == template[syntax].format(result)


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        ("nix", '{ env_scripts = [ "a" ] ++ [ "b" ]; }'),
        (
            "nix",
            'let name = "x"; in { env_scripts = builtins.sort (a: b: a < b) [ "a" ]; }',
        ),
    ],
)
def test_what_is_computed_is_left_alone(syntax: Syntax, text: str) -> None:
    assert with_items(loaded(syntax, text).tree, syntax, "env_scripts", ["c"]) is None


def test_no_edit_without_a_table() -> None:
    assert without_item(None, "toml", 0) is None
    tree = loaded("toml", 'base = "a"').tree
    assert with_items(None, "toml", "x", ["a"]) is None
    assert removal(tree, "toml", ("sudo",)) == ()
    assert with_items(tree, "toml", "base", ["a"]) is None
    headed = loaded("toml", '[[apt_sources]]\nuri = "http://a"\nsuites = ["a/"]').tree
    assert with_items(headed, "toml", "apt_sources", ["a"]) is None
    assert with_items(headed, "toml", "env_scripts", ["a"]) is None
    inherited = loaded("nix", 'let base = "a"; in { inherit base; }').tree
    assert with_items(inherited, "nix", "env_scripts", ["a"]) is None
    texts = "env_scripts:\n  - |\n    a\n  - >-\n    b\n"
    block = loaded("yaml", texts).tree
    assert with_items(block, "yaml", "env_scripts", ["c"]) is not None
    deep = loaded("yaml", "apt_sources:\n  - uri: http://a\n    suites: [a/]\n").tree
    assert with_items(deep, "yaml", "apt_sources", ["c"]) is None


def test_quotes_stay() -> None:
    for quote in ("", '"', "'"):
        source = Source("x", f"{quote}old{quote}")
        (mend,) = respellings(Span(source, 0, len(source.text)), "old", ["new"])
        (edit,) = mend.edits
        assert edit.text == f"{quote}new{quote}"
    starred = Source("x", "***")
    assert respellings(Span(starred, 0, 3), "old", ["new"]) == ()
    assert renamings(Span(starred, 0, 3), "old", ["olds"]) == ()


def mistakes(syntax: Syntax, text: str) -> tuple[Diagnostic, ...]:
    try:
        return loaded(syntax, text).warnings
    except DeclarationError as error:
        return error.diagnostics


@pytest.mark.parametrize(
    ("syntax", "text", "titles"),
    [
        ("toml", "bas = 'x'", ["change to 'base'"]),
        ("toml", "image = 'x'", ["change to 'base'"]),
        ("toml", "sudo = 'yes'", ["write it without quotes"]),
        ("toml", "source_date_epoch = '12'", ["write it without quotes"]),
        ("toml", "workdir = 12", ["put it in quotes"]),
        ("toml", "base = []", []),
        ("nix", "{ workdir = 1 + 2; }", []),
        ("toml", "[[stages]]\nname = 'a b'\ncommands = ['x']", ["change to 'a-b'"]),
        (
            "toml",
            "[[stages]]\nname='a'\ncommands=['x']\nnetwork='nome'",
            ["change to 'none'"],
        ),
        (
            "toml",
            (
                "[[stages]]\nname='one'\ncommands=['x']\n[[stages]]\nname='b'\n"
                "dependencies=['ome']\ncommands=['x']"
            ),
            ["change to 'one'"],
        ),
        (
            "toml",
            "[[stages]]\nname='one'\ncommands=['cp a.txt /b']",
            ["copy it in this stage instead"],
        ),
        (
            "toml",
            "[[stages]]\nname='one'\ncommands=['python3 app.py']",
            ["copy it in this stage"],
        ),
        (
            "toml",
            "[[stages]]\nname='one'\ncommands=['cp a.txt /b; ls']",
            [],
        ),
        (
            "nix",
            '{ stages.one.commands = [ "cp a.txt /b" "ls" ]; }',
            ["copy it in this stage instead"],
        ),
        (
            "nix",
            '{ stages.one.commands = [ "ls" "cp a.txt /b" ]; }',
            ["copy it in this stage instead"],
        ),
        ("nix", '{ stages.one.commands = [ "cp a.txt /b" ] ++ [ ]; }', []),
        (
            "nix",
            '{ stages.one = { commands = map (x: x) [ "cp a.txt /b" ]; }; }',
            [],
        ),
        (
            "nix",
            '{ stages.one = { commands = [ "cp a.txt /b" ]; }; }',
            ["copy it in this stage instead"],
        ),
        (
            "yaml",
            "stages:\n- name: one\n  commands:\n  - cp a.txt /b\n  - ls\n",
            ["copy it in this stage instead"],
        ),
        (
            "yaml",
            "stages:\n- name: one\n  commands:\n  - cp a.txt /b\n",
            [],
        ),
        (
            "toml",
            (
                "[[stages]]\nname='one'\ncommands=['ln -s /opt/a /opt/b']\n"
                "[[stages]]\nname='two'\ncommands=['ls /opt/b/c']"
            ),
            ["let it stand on 'one'"],
        ),
        (
            "toml",
            (
                "[[stages]]\nname='one'\ncommands=['x']\n"
                "[[stages]]\nname='two'\ncommands=['chmod -R a+r /usr']"
            ),
            ["let it stand on all before it"],
        ),
        (
            "toml",
            (
                "[[stages]]\nname='z'\ncommands=['x']\n[[stages]]\nname='one'\n"
                "commands=['x']\n[[stages]]\nname='two'\ndependencies=['z']\n"
                "commands=['chmod -R a+r /usr']"
            ),
            [],
        ),
        (
            "toml",
            (
                "[[stages]]\nname='a'\ncommands=['x']\n[[stages]]\nname='b'\n"
                "dependencies=['a', 'a']\ncommands=['x', '']"
            ),
            ["remove it", "remove it"],
        ),
        ("json", '{"env_scripts": ["a", "a", " "]}', ["remove it", "remove it"]),
        ("nix", '{ env_scripts = [ "a" ] ++ [ "a" ]; }', []),
        ("nix", '{ shell = [ "fish" ]; }', ["let /bin/bash run them"]),
        ("nix", '{ shell = [ "fish" ] ++ [ ]; }', []),
        (
            "toml",
            "[[stages]]\nname='a'\ncommands=['sudo id; sudo id']",
            [],
        ),
        ("yaml", "healthcheck:\n  cmd: ''\n", []),
        ("yaml", "user: {name: app, create: false}\nsudo: true\n", ["remove sudo"]),
        ("nix", "{ base = bas; }", ["put it in quotes"]),
        ("nix", "let bass = 1; in { base = bas; }", ["change to 'bass'"]),
        ("nix", "{ base = toJSON 1; }", ["change to 'builtins.toJSON'"]),
        ("nix", "{ base = True; }", ["change to 'true'"]),
        ("nix", "{ apt_packages = [ curl ]; }", ["put it in quotes"]),
        ("nix", '{ base = "${X}"; }', ["leave it to the shell"]),
        ("nix", "{ base = ''${X}''; }", ["leave it to the shell"]),
        ("nix", '{ base = "x" }', ["write `;`"]),
        ("nix", '{ base = "x"; };', ["remove `;`"]),
        ("nix", "{ cmd = [ 1, 2 ]; }", ["remove `,`"]),
    ],
)
def test_a_hint_that_names_a_mend_has_it(
    syntax: Syntax, text: str, titles: list[str]
) -> None:
    """Each mend, made, is of a text without that mistake."""
    found = mistakes(syntax, text)
    mends = [(one, mend) for one in found for mend in one.mends]
    assert [mend.title for _, mend in mends] == titles
    for one, mend in mends:
        after = mistakes(syntax, made(text, *mend.edits))
        assert (one.code, one.message) not in [(o.code, o.message) for o in after]


def test_what_may_be_a_secret_has_no_mend() -> None:
    (one,) = mistakes(
        "toml", "[[stages]]\nname='a'\nenv={ API_TOKEN = 1234567 }\ncommands=['x']"
    )
    assert one.code == "DB0111"
    assert one.mends == ()
