"""The text of a path stays known as such, whatever built-in it goes through."""

from collections.abc import Iterator

import pytest

from dynbuild.lang import MemoryFiles, evaluate, force_deep
from dynbuild.lang.builtins import BUILTINS
from dynbuild.lang.values import Attrs, PathText, Slot, force
from dynbuild.spans import Source

FILES = MemoryFiles({"/project/a": "x", "/project/d/b": "y"})

PASSED_ON = {
    "addErrorContext": 'addErrorContext "x" p',
    "appendContext": "appendContext p { }",
    "attrNames": "attrNames { ${p} = 1; }",
    "attrValues": "attrValues { x = p; }",
    "break": "break p",
    "catAttrs": 'catAttrs "x" [ { x = p; } ]',
    "concatLists": "concatLists [ [ p ] [ ./a ] ]",
    "concatMap": "concatMap (x: [ x ]) [ p ]",
    "concatStringsSep": 'concatStringsSep p [ "x" "y" ]',
    "deepSeq": "deepSeq 1 p",
    "dirOf": 'dirOf (p + "/x")',
    "elemAt": "elemAt [ p ] 0",
    "filter": "filter (x: true) [ p ]",
    "foldl'": 'foldl\' (a: b: a + b) "" [ "x" p ]',
    "fromJSON": "fromJSON (toJSON { ${p} = [ ./a ]; })",
    "fromTOML": "fromTOML ''x = \"${p}\"''",
    "genList": "genList (x: p) 1",
    "genericClosure": "genericClosure { operator = x: []; startSet = [{ key = p; }]; }",
    "getAttr": 'getAttr "x" { x = p; }',
    "groupBy": "groupBy (x: x) [ p ]",
    "head": "head [ p ]",
    "intersectAttrs": "intersectAttrs { ${p} = 1; } { ${p} = p; }",
    "listToAttrs": "listToAttrs [ { name = p; value = p; } ]",
    "map": 'map (x: x + "/y") [ p ]',
    "mapAttrs": "mapAttrs (n: v: n + v) { ${p} = p; }",
    "match": 'match "(.*)" p',
    "parseDrvName": "parseDrvName p",
    "partition": "partition (x: true) [ p ]",
    "removeAttrs": 'removeAttrs { x = p; } [ "y" ]',
    "replaceStrings": 'replaceStrings [ "x" ] [ p ] "x"',
    "seq": "seq 1 p",
    "sort": "sort (a: b: a < b) [ p p ]",
    "split": 'split " (.*)" "x ${p}"',
    "splitVersion": "splitVersion p",
    "substring": "substring 0 9 p",
    "tail": "tail [ 1 p ]",
    "toJSON": "toJSON [ ./a ]",
    "toPath": "toPath p",
    "toString": "toString [ ./a ]",
    "trace": "trace 1 p",
    "traceVerbose": "traceVerbose 1 p",
    "tryEval": "tryEval p",
    "unsafeDiscardOutputDependency": "unsafeDiscardOutputDependency p",
    "unsafeGetAttrPos": 'unsafeGetAttrPos "x" { x = 1; }',
    "warn": 'warn "x" p',
    "zipAttrsWith": "zipAttrsWith (n: v: [ n v ]) [ { ${p} = p; } ]",
}
"""A call of each built-in that gives text that it was given; ``p`` is one of a path."""

CUT = {"baseNameOf", "unsafeDiscardStringContext"}
"""Those that take the path out of a text, or call it a text like others."""

GIVES_NONE = {
    *("abort", "add", "all", "any", "bitAnd", "bitOr", "bitXor", "ceil"),
    *("compareVersions", "convertHash", "div", "elem", "floor", "functionArgs"),
    *("getContext", "hasAttr", "hasContext", "hashFile", "hashString", "import"),
    *("isAttrs", "isBool", "isFloat", "isFunction", "isInt", "isList", "isNull"),
    *("isPath", "isString", "length", "lessThan", "mul", "pathExists", "readDir"),
    *("readFile", "readFileType", "stringLength", "sub", "throw", "typeOf"),
}
"""Those that give no text of an argument."""


def texts(slot: Slot) -> Iterator[str]:
    value = force(slot)
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif type(value) is Attrs:
        for name, item in value.items.items():
            yield name
            yield from texts(item)


def found(expression: str) -> list[str]:
    source = f"with builtins; let p = toString ./a; in {expression}"
    result = evaluate(
        Source("/project/x.nix", source), directory="/project", files=FILES
    )
    return [text for text in texts(force_deep(result)) if "/project" in text]


@pytest.mark.parametrize("name", PASSED_ON)
def test_is_known_behind_each_built_in(name: str) -> None:
    paths = found(PASSED_ON[name])
    assert paths
    assert {type(path) for path in paths} == {PathText}


def test_every_built_in_is_looked_at() -> None:
    assert {*PASSED_ON, *CUT, *GIVES_NONE} == set(BUILTINS)
    assert not {*PASSED_ON} & {*CUT, *GIVES_NONE}


@pytest.mark.parametrize(
    "expression",
    [
        '"${./a}"',
        '"x" + ./a',
        'p + "x"',
        "''${p} x''",
        "{ ${p} = 1; }",
        '"${{ outPath = ./a; }}"',
        'toString { __toString = _: "${./a}"; }',
        "dirOf (toString ./d/b)",
    ],
)
def test_is_known_in_each_construct(expression: str) -> None:
    paths = found(expression)
    assert paths
    assert {type(path) for path in paths} == {PathText}


def test_is_equal_to_the_same_text() -> None:
    for expression in (
        'p == "/project/a"',
        '"/project/a" == p',
        '[ p ] == [ "/project/a" ]',
        '!(p < "/project/a")',
        'p < "/project/b"',
        'elem p [ "/project/a" ]',
        '{ "/project/a" = true; }.${p}',
        'length (attrNames (groupBy (x: x) [ p "/project/a" ])) == 1',
    ):
        source = f"with builtins; let p = toString ./a; in {expression}"
        assert evaluate(Source("x", source), directory="/project").value is True


def test_can_be_called_a_text_like_others() -> None:
    for expression in (
        "unsafeDiscardStringContext p",
        '"/project/a"',
        '"${"/project"}"',
    ):
        assert {type(text) for text in found(expression)} == {str}
    assert not found("baseNameOf p")
