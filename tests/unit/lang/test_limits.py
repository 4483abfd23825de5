"""Nothing that a source says makes an evaluation run on, or Python give up."""

import sys
import threading
import time
from itertools import count

import pytest

from dynbuild.errors import DeclarationError
from dynbuild.lang import Limits, evaluate, force_deep, parse, to_json, to_nix
from dynbuild.lang.limits import limits_of
from dynbuild.spans import Source


def value(text: str) -> str:
    return to_nix(evaluate(Source("test.nix", text)))


def code(text: str) -> str:
    source = Source("test.nix", text)
    with pytest.raises(DeclarationError) as caught:
        force_deep(evaluate(source, limits=Limits(calls=1_000_000, elements=1_000_000)))
    return caught.value.diagnostics[0].code


def refusal(text: str, environment: dict[str, str]) -> str:
    with pytest.raises(DeclarationError) as caught:
        evaluate(Source("test.nix", text), limits=limits_of(environment))
    return str(caught.value)


FIBONACCI = "let fib = n: if n < 2 then n else fib (n - 1) + fib (n - 2); in "


def test_the_limit_of_calls_says_what_ran_and_how_to_raise_it() -> None:
    text = FIBONACCI + "{ value = fib 15; }.value"
    told = refusal(text, {"DYNBUILD_MAX_CALLS": "1000"})
    assert "more than 1,000 function calls" in told
    assert "while calling 'fib'" in told
    assert "while evaluating 'value'" in told
    assert "set DYNBUILD_MAX_CALLS to a higher number" in told
    limits = limits_of({"DYNBUILD_MAX_CALLS": "2000", "DYNBUILD_MAX_ELEMENTS": "1"})
    assert to_nix(evaluate(Source("test.nix", text), limits=limits)) == "610"


def test_the_calls_of_a_function_are_counted_exactly() -> None:
    text = "let f = n: if n == 0 then 0 else f (n - 1); in f 99"
    assert refusal(text, {"DYNBUILD_MAX_CALLS": "99"})
    limits = limits_of({"DYNBUILD_MAX_CALLS": "100"})
    assert to_nix(evaluate(Source("test.nix", text), limits=limits)) == "0"


def test_the_limit_of_elements_says_how_to_raise_it() -> None:
    told = refusal("builtins.genList (x: x) 500", {"DYNBUILD_MAX_ELEMENTS": "1999"})
    assert "more than 1,999 elements" in told
    assert "set DYNBUILD_MAX_ELEMENTS to a higher number" in told
    limits = limits_of({"DYNBUILD_MAX_ELEMENTS": "2000"})
    evaluate(Source("test.nix", "builtins.genList (x: x) 500"), limits=limits)


@pytest.mark.parametrize("given", ["0", "-1", "1e9", " 1", "1_000", "٣", "9" * 5000])
def test_a_limit_is_a_number(given: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        limits_of({"DYNBUILD_MAX_CALLS": given})
    (told,) = caught.value.diagnostics
    assert told.code == "DB0347"


def test_no_hint_takes_long() -> None:
    """Counted, not timed: what is called wrongly is evaluated only a little for it."""
    told = refusal(FIBONACCI + "builtins.map (fib 60) (x: x)", {})
    assert "needs a list, but this is a function" in told
    assert "swapped" not in told
    nested = "let f = n: builtins.map (f (n + 1)) (x: x); in f 0"
    assert "needs a list, but this is a function" in refusal(nested, {})


def test_an_empty_limit_is_none_given() -> None:
    assert limits_of({"DYNBUILD_MAX_CALLS": ""}) == Limits()


COUNT = "let f = n: if n == 0 then 0 else 1 + f (n - 1); in f "
CHAIN = "".join(f"x{n + 1} = x{n} + 1; " for n in range(10_000))
DEEP = 100_000

TREE = """let f = _: builtins.foldl' (a: _: [ a a ]) [ ]
  (builtins.genList (x: x) 60);"""
"""A list with 2**60 parts, which share nearly all."""
TEXT = """let s = builtins.foldl' (a: _: a + a) "x" (builtins.genList (x: x) 20);"""

ENDLESS = {
    "let x = x + 1; in x": "DB0212",
    "let f = x: f (x + 1); in f 0": "DB0213",
    COUNT + "10001": "DB0213",
    "builtins.genList (x: x) 1000000000": "DB0214",
    'let f = n: s: if n == 0 then s else f (n - 1) (s + s); in f 60 "a"': "DB0214",
    "let f = n: s: if n == 0 then s else f (n - 1) (s ++ s); in f 60 [ 1 ]": "DB0214",
    "let x = [ x ]; in toString x": "DB0213",
    f"{TREE} in f 1 == f 2": "DB0214",
    f"{TREE} in f 1 < f 2": "DB0214",
    f"{TREE} in toString (f 1)": "DB0214",
    f"{TREE} in builtins.toJSON (f 1)": "DB0214",
    f"{TEXT} in builtins.toJSON (builtins.genList (x: s) 100000)": "DB0214",
    f"{TEXT} in builtins.genList (x: builtins.hashString ''md5'' s) 100000": "DB0214",
    f"{TEXT} in builtins.genList (x: builtins.compareVersions s s) 9999": "DB0214",
    """builtins.foldl' (s: _: builtins.replaceStrings ["a"] ["aa"] s) "a"
         (builtins.genList (x: x) 60)""": "DB0214",
    "let x = { a = x; }; in builtins.toJSON x": "DB0213",
    """builtins.genericClosure { startSet = [ { key = 1; } ];
         operator = x: [ { key = x.key + 1; } ]; }""": "DB0214",
    f"builtins.fromTOML ''{'a.' * DEEP}a = 1''": "DB0214",
    f"builtins.fromTOML ''a = 0x{'f' * 10_000}''": "DB0218",
    "let x = { a = x; }; y = { a = y; }; in x == y": "DB0213",
    "let x = [ x ]; y = [ y ]; in x < y": "DB0213",
    '(builtins.match "((((a{9}){9}){9}){9}){9}" "a")': "DB0221",
    "[" * DEEP + "]" * DEEP: "DB0206",
    "{a=" * DEEP + "1" + ";}" * DEEP: "DB0206",
    "x: " * DEEP + "1": "DB0206",
    "!" * DEEP + "true": "DB0206",
    "[" * DEEP: "DB0201",
    '"${' * DEEP: "DB0201",
    "9" * DEEP: "DB0218",
    " " * 10_000_000: "DB0206",
    "a\0b": "DB0201",
    "\ufeff1": "DB0201",
    "1 / 0": "DB0218",
    '"' + "a" * 500_000: "DB0201",
    f"builtins.fromJSON ''{'[' * DEEP}''": "DB0223",
    f"builtins.fromTOML ''a = {'[' * DEEP}''": "DB0223",
    f'builtins.match "{"(" * 5000}a{")" * 5000}" "a"': "DB0221",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [pytest.param(*item, id=f"{item[0][:30]!r}") for item in ENDLESS.items()],
)
def test_is_given_up_cleanly(text: str, expected: str) -> None:
    assert code(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (COUNT + "9990", "9990"),
        (f"let x0 = 0; {CHAIN} in x10000", "10000"),
        (f"builtins.length [ {'(1 + 1) ' * 10_000}]", "10000"),
        ("(" * 1000 + "1" + ")" * 1000, "1"),
        ("+".join("1" * 5000), "5000"),
        ("builtins.length (" + "++".join(["[ 1 ]"] * 2000) + ")", "2000"),
        ('builtins.match "(a*)*b" "' + "a" * 3000 + '"', "null"),
        ('builtins.length (builtins.split "(x+x+)+y" "' + "x" * 2000 + '")', "1"),
        ("let f = n: if n == 0 then [ ] else [ (f (n - 1)) ]; in builtins.seq (f 9) 1",
         "1"),
        ("let x = { a = x; b = [ x ]; }; in x",
         "{ a = «repeated»; b = [ «repeated» ]; }"),
    ],
)  # fmt: skip
def test_is_no_problem(text: str, expected: str) -> None:
    assert value(text) == expected


def test_infinite_recursion_is_found_at_once() -> None:
    """Counted, not timed: the same on any machine."""
    code("let f = x: f (x + 1); in f 0")
    events = count()

    def seen(*_: object) -> None:
        next(events)

    threading.setprofile(seen)
    sys.setprofile(seen)
    try:
        code("let x = x + 1; in x")
        code("let f = x: 1 + f (x + 1); in f 0")
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    assert next(events) < 1_000_000


def test_crlf_is_white_space() -> None:
    assert value("{\r\n  a = 1; # x\r\n  b = 2;\r\n}") == "{ a = 1; b = 2; }"


@pytest.mark.slow
def test_speed() -> None:
    stage = """name{0} = {{
      # what it is for
      dependencies = [ "base" ] ++ (if {0} > 5 then [ "x" ] else [ ]);
      commands = [ "apt-get install -y ${{toString {0}}}" "make -j4 > /tmp/log" ];
      env.PATH = "/opt/{0}/bin:$PATH";
    }};
    """
    text = "{" + "".join(stage.format(number) for number in range(1000)) + "}"
    parse(Source("x", "1"))
    start = time.process_time()
    parse(Source("x", text))
    assert len(text) / (time.process_time() - start) > 300_000
    start = time.process_time()
    to_json(
        evaluate(
            Source(
                "x",
                """builtins.genList (n: {
                  name = "stage-${toString n}";
                  dependencies = [ "base" ] ++ (if n > 5 then [ "x" ] else [ ]);
                  commands = [ "echo ${toString n}" "make -j4" ];
                  env.PATH = "/opt/${toString n}/bin:$PATH";
                }) 10000""",
            )
        )
    )
    assert time.process_time() - start < 1


@pytest.mark.parametrize("text", ["a" * 1_000_000, "1" * 1_000_000, "x:" * 500_000])
def test_a_message_is_short(text: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        evaluate(Source("test.nix", text))
    assert len(str(caught.value)) < 6_000
