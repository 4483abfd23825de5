"""What the package offers: evaluation with arguments and files, places, tables."""

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from lark import Lark

from dynbuild.errors import DeclarationError, render
from dynbuild.lang import (
    FileRefused,
    MemoryFiles,
    attribute,
    check,
    evaluate,
    force_deep,
    format_source,
    list_builtins,
    parse,
    to_json,
    to_nix,
    where,
)
from dynbuild.lang.build import TreeBuilder
from dynbuild.lang.builtins import KINDS
from dynbuild.lang.driver import Driver
from dynbuild.lang.files import NoFiles
from dynbuild.lang.grammar import grammar_text, parser
from dynbuild.spans import Source, Span


def failure(source: Source, **options: MemoryFiles) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        force_deep(evaluate(source, **options))
    return caught.value


def test_arguments_are_expressions_or_texts() -> None:
    source = Source("x", "{ python ? 1, tag, ... }@all: { inherit python tag all; }")
    result = evaluate(
        source, arguments={"python": Source("--arg", "1 + 2"), "tag": "1 + 2"}
    )
    assert to_json(attribute(result, "python")) == "3"
    assert to_nix(attribute(result, "tag")) == '"1 + 2"'


def test_without_arguments_a_function_stays_one() -> None:
    assert to_nix(evaluate(Source("x", "{ }: 1"))) == "<LAMBDA>"
    assert to_nix(evaluate(Source("x", "{ }: 1"), arguments={})) == "1"
    assert to_nix(evaluate(Source("x", "{ a ? 2 }: a"), arguments={"b": "x"})) == "2"


def test_attribute_goes_through_lists() -> None:
    result = evaluate(Source("x", "{ stages = [ { name = 1; } ]; }"))
    assert to_json(attribute(result, "stages.0.name")) == "1"
    for path in ("stages.1", "stages.x", "stages.²", "stages." + "9" * 5000):
        with pytest.raises(DeclarationError) as caught:
            attribute(result, path)
        assert caught.value.diagnostics[0].code == "DB0211"
    dotted = evaluate(Source("x", '{ labels."a.b" = { "c\\"" = 1; }; }'))
    assert to_json(attribute(dotted, 'labels."a.b"."c\\""')) == "1"
    with pytest.raises(DeclarationError, match="do not fit"):
        attribute(dotted, 'labels."a.b')
    nothing = evaluate(Source("x", "[ ]"))
    with pytest.raises(DeclarationError, match="its elements are none"):
        attribute(nothing, "0")


def test_trace_and_warn_are_told() -> None:
    said: list[str] = []
    evaluate(Source("x", 'builtins.trace "t" (builtins.warn "w" 1)'), say=said.append)
    evaluate(Source("x", "builtins.trace [ (1 + 1) ] 1"), say=said.append)
    assert said == ["trace: t", "evaluation warning: w", "trace: [ «thunk» ]"]


def test_what_is_said_starts_no_line_as_something_else() -> None:
    said: list[str] = []
    text = r'builtins.trace "a\nerror[DB0101]: b\r" (builtins.warn "c\nd" 1)'
    evaluate(Source("x", text), say=said.append)
    assert said == [
        "trace: a\n       error[DB0101]: b\\x0d",
        "evaluation warning: c\n                    d",
    ]
    told = render(failure(Source("x", r'throw "a\nb" 1')).diagnostics[0])
    assert told.startswith("x:1:1: error[DB0216]: a\n    b\n")


def test_where_points_into_the_source() -> None:
    text = '{ stages = [ { name = "x"; user = 5; } ] ++ [ "y" ]; }'
    value = force_deep(evaluate(Source("x", text)))

    def found(*path: str | int) -> str:
        span = where(value, path)
        assert isinstance(span, Span)
        return text[span.start : span.end]

    assert found("stages", 0, "user") == "user"
    assert found("stages", 1) == '"y"'
    assert found("stages", 0, "nothing") == '{ name = "x"; user = 5; }'
    assert where(value, ("nothing",)) is None


def test_no_files_by_default() -> None:
    assert "no files" in str(failure(Source("x", "import ./y.nix")))
    with pytest.raises(FileRefused):
        NoFiles().link("/y.nix")


def test_files_that_are_refused() -> None:
    class Fenced(MemoryFiles):
        def resolve(self, path: str) -> str:
            resolved = super().resolve(path)
            if not resolved.startswith("/project"):
                raise FileRefused(f"'{path}' lies outside of the project")
            return resolved

    files = Fenced({"/secret.nix": "1", "/project/link.nix": "-> ../secret.nix"})
    error = failure(Source("x", "import /project/link.nix"), files=files)
    assert error.diagnostics[0].code == "DB0220"
    assert "outside" in error.diagnostics[0].message


def test_links_are_followed() -> None:
    files = MemoryFiles({"/a/x.nix": "./y", "/b": "-> a", "/loop": "-> loop"})
    assert to_nix(evaluate(Source("x", "import /b/x.nix"), files=files)) == "/b/y"
    assert to_nix(evaluate(Source("x", "builtins.readFileType /b"), files=files)) == (
        '"symlink"'
    )
    assert failure(Source("x", "import /loop"), files=files).diagnostics


def test_a_link_is_followed_as_a_text() -> None:
    files = {"/a/up": "-> ../x", "/x": "1", "/b/c": "-> ../a", "/b/x": "-> c/up"}
    error = failure(Source("x", "import /b/c/up"), files=MemoryFiles(files))
    assert "circle" in error.diagnostics[0].message
    files["/b/x"] = "2"
    found = evaluate(Source("x", "import /b/c/up"), files=MemoryFiles(files))
    assert to_nix(found) == "2"


def test_a_file_is_evaluated_once() -> None:
    said: list[str] = []
    files = MemoryFiles({"/x.nix": 'builtins.trace "once" { }'})
    text = "[ (import ./x.nix) (import /y/../x.nix) ]"
    force_deep(evaluate(Source("x", text), files=files, say=said.append))
    assert said == ["trace: once"]


def test_a_binary_is_no_source() -> None:
    files = MemoryFiles({"/x": b"\x7fELF\0\0\xff\xfe"})
    assert failure(Source("x", "import /x"), files=files).diagnostics[0].code == (
        "DB0201"
    )
    assert failure(Source("x", "builtins.readFile /x"), files=files)


def test_data_is_read_and_not_imported() -> None:
    files = MemoryFiles({"/x.json": '{ "a": 1 }', "/x.toml": "a = 1", "/x.nix": "a ="})
    for name, hint in (
        ("json", "to read data, write builtins.fromJSON (builtins.readFile ./path)"),
        ("toml", "to read data, write builtins.fromTOML (builtins.readFile ./path)"),
    ):
        error = failure(Source("x", f"import /x.{name}"), files=files)
        assert error.diagnostics[0].hint == hint
        text = f"builtins.from{name.upper()} /x.{name}"
        assert "readFile" in str(failure(Source("x", text), files=files))
    assert "readFile" not in str(failure(Source("x", "import /x.nix"), files=files))


def test_a_directory_has_a_default() -> None:
    error = failure(Source("x", "import /a"), files=MemoryFiles({"/a/b.nix": "1"}))
    assert "default.nix" in (error.diagnostics[0].hint or "")


def test_bytes_survive() -> None:
    files = MemoryFiles({"/x": b"a\xffb"})
    text = "builtins.stringLength (builtins.readFile /x)"
    assert to_json(evaluate(Source("x", text), files=files)) == "3"
    halves = 'builtins.substring 0 1 "é" + builtins.substring 1 1 "é" == "é"'
    assert to_json(evaluate(Source("x", halves))) == "true"


def test_check_evaluates_nothing() -> None:
    check(Source("x", 'throw "never"'))
    with pytest.raises(DeclarationError):
        check(Source("x", "{ a = b; }"))


def test_builtins_have_a_signature_and_a_line_of_doc() -> None:
    rows = list_builtins()
    assert len(rows) >= 85
    for row in rows:
        assert row.summary.endswith("."), row
        assert row.parameters, row
        assert all(kind in KINDS for _, kind in row.parameters), row


def test_saved_tables_parse_the_same() -> None:
    plain = Lark(
        grammar_text(), parser="lalr", lexer="contextual", maybe_placeholders=False
    )
    file = BytesIO()
    plain.save(file)
    file.seek(0)
    text = "{ a, ... }: a.b or [ ''x${a}'' ./y ]"
    saved = Lark.load(file)
    assert saved.parse(text) == plain.parse(text)
    assert Driver(saved, TreeBuilder()).parse(text) == parser().parse(text)
    assert parser().parse(text) == parse(Source("x", text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a=1;b=[1 2];}", "{\n  a = 1;\n  b = [\n    1\n    2\n  ];\n}\n"),
        ("let\na=1;\n\n\n\nin\na", "let\n  a = 1;\n\nin\na\n"),
        ("{\na=f {\nb=1;\n};\n}", "{\n  a = f {\n    b = 1;\n  };\n}\n"),
        ("x: y :x+y", "x: y: x + y\n"),
        ("- ./a", "- ./a\n"),
        ("- 1+ - 2", "-1 + -2\n"),
        ('{ a.${ b } = "${  x  }"; }', '{ a.${b} = "${x}"; }\n'),
        ("# c\n\n\n1 # d", "# c\n\n1 # d\n"),
        ("[ # c\n1\n]", "[ # c\n  1\n]\n"),
        ("if a\nthen b\nelse c", "if a then b else c\n"),
        ("{\na =\n1;\n}", "{\n  a = 1;\n}\n"),
        ("f {\n} [\n1\n]", "f\n  {\n  }\n  [\n    1\n  ]\n"),
        ("assert a\n|| b;\nc", "assert a || b;\nc\n"),
        ("with\na\n// b;\nc", "with a // b; c\n"),
        ("f\n(assert a\n-> b;\nc)", "f (\n  assert a -> b;\n  c\n)\n"),
        ("let {\nbody=1;\n}", "let {\n  body = 1;\n}\n"),
    ],
)  # fmt: skip
def test_format(text: str, expected: str) -> None:
    text = text.replace("x:y :", "x: y :")
    assert format_source(Source("x", text)) == expected
    assert format_source(Source("x", expected)) == expected


def test_the_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    # Lark settles a shift/reduce conflict silently, unless it is asked to tell.
    with caplog.at_level("DEBUG", logger="lark"):
        Lark(grammar_text(), parser="lalr", lexer="contextual", debug=True)
    assert "onflict" not in caplog.text


@pytest.mark.slow
def test_no_two_terminals_of_the_grammar_collide(tmp_path: Path) -> None:
    # Not among the tools of developers: where it is installed, lark starts slowly.
    install = ["pip", "install", "--quiet", "--target", str(tmp_path), "interegular"]
    subprocess.run([sys.executable, "-m", *install], check=True)
    strict = (
        "from lark import Lark; from dynbuild.lang.grammar import grammar_text; "
        "Lark(grammar_text(), parser='lalr', lexer='contextual', strict=True)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", strict], env=environment, check=True)
